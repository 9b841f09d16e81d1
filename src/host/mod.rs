//! This host: the only module that touches the kernel, files and the clock.

mod errno;
pub mod inet_diag;
pub mod proc_tables;
pub mod process;
pub mod sockets;
