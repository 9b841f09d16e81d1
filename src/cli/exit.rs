//! Exit codes, the same for every command.

use crate::render::audit::State;
use crate::rule::Severity;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done; nothing found at or above `--fail-on`.
    Success,
    /// Findings at or above `--fail-on`.
    Findings,
    /// Changes are pending, were declined, were not confirmed in time, or improved nothing.
    Pending,
    /// Usage, configuration or rule error; nothing was done.
    Usage,
    /// The host is not as it has to be for the change; or, with `--fail-on-unknown`, rules stayed unknown.
    Refused,
    /// A signal (Ctrl-C, SIGTERM) cut a look at the host short, and what is known has no finding.
    Stopped,
    /// Some of many snapshots could not be read, and the others have no finding.
    Unread,
    /// An apply failed, and everything is as before.
    TakenBack,
    /// A rollback is incomplete: a person has to look.
    Incomplete,
    /// Another run holds the lock.
    Locked,
    /// What a monitoring system is told by `check --format nagios`, the only format with codes of its own.
    Plugin(State),
}

impl Exit {
    /// The number.
    pub const fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Findings | Self::Pending => 1,
            Self::Usage => 2,
            Self::Refused | Self::Stopped | Self::Unread => 3,
            Self::TakenBack => 4,
            Self::Incomplete => 5,
            Self::Locked => 6,
            Self::Plugin(state) => state.code(),
        }
    }
}

/// From which severity on a finding counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum FailOn {
    /// Never.
    None,
    /// Any finding.
    Info,
    /// Low and above.
    Low,
    /// Medium and above.
    Medium,
    /// High only.
    High,
}

impl FailOn {
    /// Whether a finding of this severity counts.
    pub fn counts(self, severity: Severity) -> bool {
        match self {
            Self::None => false,
            Self::Info => true,
            Self::Low => severity >= Severity::Low,
            Self::Medium => severity >= Severity::Medium,
            Self::High => severity >= Severity::High,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_threshold_counts_itself_and_what_is_above() {
        assert!(FailOn::Medium.counts(Severity::High));
        assert!(FailOn::Medium.counts(Severity::Medium));
        assert!(!FailOn::Medium.counts(Severity::Low));
        assert!(!FailOn::None.counts(Severity::High));
        assert!(FailOn::Info.counts(Severity::Info));
    }
}
