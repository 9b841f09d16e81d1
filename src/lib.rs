//! `tcptune`: audit a Linux host's TCP/IP settings with evidence from its own kernel.

pub mod catalog;
pub mod check;
pub mod cli;
pub mod fact;
pub mod host;
pub mod plan;
pub mod render;
pub mod rule;
