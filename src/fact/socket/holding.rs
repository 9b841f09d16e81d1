//! Whose the sockets of one state are.

use super::Ranked;

/// The sockets of one state, by who holds them and where they lead. Of a large number an even part.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holding {
    /// How many were looked at.
    pub looked_at: u64,
    /// How many there are.
    pub of: u64,
    /// By process, "nginx (pid 812)", the largest first.
    pub processes: Vec<Ranked>,
    /// Held by processes that are not visible, or that the search did not come to.
    pub unseen: u64,
    /// Held by no process: they wait in an accept queue, or the kernel ends them alone.
    pub kernel: u64,
    /// By service ("on :443") or destination ("to 10.0.3.9:8080"), the largest first.
    pub ends: Vec<Ranked>,
}
