//! What the project believes: rules, and the small language their conditions are written in.

pub mod expr;
