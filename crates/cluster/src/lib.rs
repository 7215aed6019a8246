//! What processes tell each other: pictures of lobbies. Who is alive and where comes beside it.

mod bus;

pub use bus::{Bus, Delivery, MemoryBus, Subscription};
