//! Announcements on NATS, signed with the key of the role: whoever is sent money's calls has
//! proved that he may answer them.

use std::sync::Arc;

use cluster::{Process, Signatures};
use parking_lot::RwLock;
use platform::data_dir::KeyDir;
use tokens::{SigningKey, VerifyingKey, announce, announced};

use super::keep_reading;
use crate::keys::{self, Role};

/// Role, instance, address, address of the ops listener.
type Said<'a> = [&'a str; 4];

/// What a process signs with, and whom it believes.
pub(super) struct RoleKeys {
    own: SigningKey,
    trusted: RwLock<Trusted>,
}

type Trusted = [(Role, Vec<VerifyingKey>); Role::ALL.len()];

impl RoleKeys {
    /// The keys in `keys` of a process of `role`. The public ones are read again and again.
    ///
    /// # Errors
    /// That one is missing or cannot be read.
    pub(super) fn open(keys: &KeyDir, role: Role) -> anyhow::Result<Arc<Self>> {
        let own = keys::service_key(keys, role)?;
        let found = Arc::new(Self { own, trusted: RwLock::new(trusted(keys)?) });
        let (keys, believes) = (keys.clone(), Arc::clone(&found));
        let read = move || trusted(&keys);
        tokio::spawn(keep_reading(read, move |keys| *believes.trusted.write() = keys));
        Ok(found)
    }
}

impl Signatures for RoleKeys {
    fn sign(&self, process: &Process) -> String {
        announce(&self.own, &said(process))
    }

    fn is_genuine(&self, process: &Process, signature: &str) -> bool {
        let trusted = self.trusted.read();
        let of_role = trusted.iter().find(|(role, _)| role.name() == process.role);
        let Some((_, keys)) = of_role else { return false };
        let signed = announced::<[String; 4]>(signature, keys);
        signed.is_ok_and(|signed| signed.each_ref().map(String::as_str) == said(process))
    }
}

fn said(process: &Process) -> Said<'_> {
    let Process { role, endpoint, ops } = process;
    [role, &endpoint.instance, &endpoint.address, ops]
}

fn trusted(keys: &KeyDir) -> anyhow::Result<Trusted> {
    let mut all = Role::ALL.map(|role| (role, Vec::new()));
    for (role, trusted) in &mut all {
        *trusted = keys::trusted(keys, *role)?;
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use cluster::Endpoint;

    use super::*;
    use crate::keys::{Existing, make};

    fn process(role: Role, address: &str) -> Process {
        let endpoint = Endpoint { instance: "a".to_owned(), address: address.to_owned() };
        Process { role: role.name().to_owned(), endpoint, ops: "10.0.0.7:9464".to_owned() }
    }

    #[tokio::test]
    async fn a_gateway_passes_for_nothing_but_a_gateway_and_nothing_else_at_its_address() {
        let place = tempfile::tempdir().unwrap();
        make(place.path(), Existing::Refuse).unwrap();
        let keys = KeyDir::of(place.path()).unwrap();
        let gateway = RoleKeys::open(&keys, Role::Gateway).unwrap();
        let user = RoleKeys::open(&keys, Role::User).unwrap();
        let (here, there) = ("http://10.0.0.7:9465", "http://10.0.0.8:9465");
        for role in Role::ALL {
            let claimed = process(role, here);
            let signed = gateway.sign(&claimed);
            assert_eq!(user.is_genuine(&claimed, &signed), role == Role::Gateway, "{role:?}");
        }
        let wallet = process(Role::User, here);
        let signed = user.sign(&wallet);
        assert!(gateway.is_genuine(&wallet, &signed));
        assert!(!gateway.is_genuine(&process(Role::User, there), &signed));
        assert!(!gateway.is_genuine(&wallet, ""));
    }
}
