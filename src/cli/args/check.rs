//! How the report of `tcptune check` is written.

use clap::ValueEnum;

use super::Format;

/// How a report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CheckFormat {
    /// For people, 80 columns.
    Human,
    /// For programs: one document, see `tcptune schema report`.
    Json,
    /// For programs and log shippers: flat records, one a line, see `tcptune schema record`.
    Ndjson,
    /// For build servers: JUnit XML, a case for each rule.
    Junit,
    /// For the textfile collector of the node exporter.
    Prometheus,
    /// For monitoring systems: one line, and exit codes of its own (0 ok, 1 warning, 2 critical, 3 unknown).
    Nagios,
    /// For a change ticket.
    Markdown,
}

impl CheckFormat {
    /// The same format for what `--apply` writes, where it has it.
    pub(in crate::cli) const fn of_changes(self) -> Option<Format> {
        match self {
            Self::Human => Some(Format::Human),
            Self::Json => Some(Format::Json),
            _ => None,
        }
    }
}
