//! Which instance of a role a call goes to: the less loaded of two drawn at random, never one
//! that fails again and again.
//!
//! Load is the usual time of an answer times the calls under way (Mitzenmacher, "The power of two
//! choices in randomized load balancing", 2001). An instance that failed several calls in a row
//! is left alone for a while, then one call probes it; at most half of all are left alone, since
//! a fault that all of them show is not theirs.

mod instance;

use std::sync::Arc;

use parking_lot::Mutex;
use platform::clock::{Clock, Stopwatch};
use platform::random::{Random, array};

use instance::Instance;

/// Where an instance is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Endpoint {
    /// Its name in the directory.
    pub instance: String,
    /// Where it takes calls: `http://host:port`.
    pub address: String,
}

/// How a call ended, as far as it says something about the instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallEnd {
    /// The instance answered, whatever it said.
    Answered,
    /// It did not answer, or said that it cannot now.
    Failed,
}

/// Spreads the calls of this process over the instances of one role. Clones share it.
#[derive(Clone)]
pub struct Balancer {
    shared: Arc<Shared>,
}

struct Shared {
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    instances: Mutex<Vec<Instance>>,
}

/// A call under way. Dropped without [`Picked::ended`], it says nothing about the instance.
pub struct Picked {
    endpoint: Endpoint,
    shared: Arc<Shared>,
    watch: Stopwatch,
    end: Option<CallEnd>,
    has_others: bool,
}

impl Balancer {
    /// Knows nobody yet.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Self {
        Self { shared: Arc::new(Shared { clock, random, instances: Mutex::default() }) }
    }

    /// Takes over who is alive. What was learnt of those that stay is kept.
    pub fn know(&self, endpoints: &[Endpoint]) {
        let mut instances = self.shared.instances.lock();
        instances.retain(|instance| endpoints.contains(&instance.endpoint));
        for endpoint in endpoints {
            if !instances.iter().any(|instance| instance.endpoint == *endpoint) {
                instances.push(Instance::new(endpoint.clone()));
            }
        }
    }

    /// Everyone known, in no order.
    #[must_use]
    pub fn endpoints(&self) -> Vec<Endpoint> {
        let instances = self.shared.instances.lock();
        instances.iter().map(|instance| instance.endpoint.clone()).collect()
    }

    /// Whom to call, `None` if nobody is known.
    #[must_use]
    pub fn pick(&self) -> Option<Picked> {
        self.pick_other_than(&[])
    }

    /// The same, without those already tried.
    #[must_use]
    pub fn pick_other_than(&self, tried: &[Endpoint]) -> Option<Picked> {
        let shared = &self.shared;
        let now = shared.clock.now();
        let mut instances = shared.instances.lock();
        let left_alone_max = instances.len() / 2;
        let may_be_left_alone = instance::ejected(&instances) <= left_alone_max;
        let mut open: Vec<&mut Instance> = instances
            .iter_mut()
            .filter(|instance| !tried.contains(&instance.endpoint))
            .filter(|instance| !may_be_left_alone || instance.takes_calls(now))
            .collect();
        let count = open.len();
        let chosen = match count {
            0 => return None,
            1 => 0,
            _ => {
                let [first, second] = shared.two_of(count);
                let first_is_less = open[first].load() <= open[second].load();
                let (chosen, other) = if first_is_less { (first, second) } else { (second, first) };
                open[other].pass_over();
                chosen
            }
        };
        let instance = open.swap_remove(chosen);
        instance.begin();
        Some(Picked {
            endpoint: instance.endpoint.clone(),
            shared: Arc::clone(shared),
            watch: Stopwatch::start(),
            end: None,
            has_others: count > 1,
        })
    }
}

impl Shared {
    /// Two different numbers below `count`, which is at least two.
    fn two_of(&self, count: usize) -> [usize; 2] {
        let [first, step] = [(), ()].map(|()| u32::from_le_bytes(array(&*self.random)) as usize);
        let (first, step) = (first % count, 1 + step % (count - 1));
        [first, (first + step) % count]
    }
}

impl Picked {
    /// Whom to call.
    #[must_use]
    pub const fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Whether somebody else could have been picked.
    #[must_use]
    pub const fn has_others(&self) -> bool {
        self.has_others
    }

    /// The call is over.
    pub fn ended(mut self, end: CallEnd) {
        self.end = Some(end);
    }
}

impl Drop for Picked {
    fn drop(&mut self) {
        let now = self.shared.clock.now();
        let mut instances = self.shared.instances.lock();
        let known = instances.iter_mut().find(|instance| instance.endpoint == self.endpoint);
        if let Some(instance) = known {
            instance.end(self.end, self.watch.seconds(), now);
        }
    }
}

#[cfg(test)]
mod tests;
