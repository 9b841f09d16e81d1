//! `tcptune`: audit a Linux host's TCP/IP settings with evidence from its own kernel.

pub mod catalog;
pub mod fact;
pub mod host;
pub mod rule;
