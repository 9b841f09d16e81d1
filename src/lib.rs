//! `tcptune`: audit a Linux host's TCP/IP settings with evidence from its own kernel.

pub mod fact;
pub mod render;
