//! The vocabulary: names, units, values, readings, samples; pure parsers of kernel text.
//!
//! This floor knows what a fact *is*. It does not know where facts come from (`host`) nor what they
//! mean (`rule`), and it performs no I/O.

pub mod assigned;
pub mod boot;
mod day;
mod labels;
pub mod parse;
mod reading;
mod remembered;
mod sample;
pub mod socket;
mod spelling;
mod text;
mod unit;
mod value;
mod version;
mod vocabulary;

pub use day::Day;
pub use labels::Labels;
pub use reading::Reading;
pub use sample::{Host, SNAPSHOT_SCHEMA, Sample, Since, Snapshot, WindowError};
pub use spelling::{distance, nearest};
pub use text::{inert, is_active, push_inert};
pub use unit::Unit;
pub use value::Value;
pub use version::KernelVersion;
pub use vocabulary::{FactClass, FactKind, FactSpec, fact_spec, param_default, vocabulary};
