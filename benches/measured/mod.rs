//! What the benches of this folder that compare commands among sockets have in common.

pub(crate) mod command;
pub(crate) mod connections;
pub(crate) mod counts;
pub(crate) mod crowd;
pub(crate) mod namespace;
pub(crate) mod sitting;
pub(crate) mod verdict;
