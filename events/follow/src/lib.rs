//! Following a log: a follower reads the events after its checkpoint, batch by batch, and gives them to a subscriber,
//! which saves their effect together with the new checkpoint. Read models follow the log; policies, gateways and the
//! notary are to follow it in the same way. A lease protects work that only one process at a time may do.

mod ahead;
mod checkpoint;
mod follower;
mod lease;
mod trouble;

pub use checkpoint::Checkpoint;
pub use follower::{Follower, Handled, RETRY_AFTER, Stop, Subscriber, SubscriberFault, Superseded};
pub use lease::HeldLease;
pub use trouble::{Trouble, Troubles};
