//! What processes tell each other, pictures of lobbies, and which of them is called.

mod balancer;
mod bus;
mod directory;
mod metrics;

pub use balancer::{Balancer, CallEnd, Endpoint, Picked};
pub use bus::{Bus, Delivery, MemoryBus, NatsBus, NatsError, Subscription};
pub use directory::{Announcement, NatsDirectory, Process, Signatures};
