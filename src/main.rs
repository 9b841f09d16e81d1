//! The `tcptune` binary.

fn main() {}
