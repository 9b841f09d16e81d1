//! What came of one look.

use std::collections::BTreeMap;

use crate::fact::socket::{Margin, Sockets};

/// Why facts are unknown where nobody was to walk over the sockets.
pub(super) const NO_WALK: &str = "--no-walk";

/// Why facts are unknown where somebody asked to stop.
pub(super) const STOPPED: &str = "stopped";

/// The sockets of a namespace, and how well their numbers are known.
#[derive(Clone, Debug, PartialEq)]
pub struct Look {
    /// The sockets.
    pub sockets: Sockets,
    /// Facts that were worked out from a sample, and how far each may be off.
    pub sampled: BTreeMap<String, Margin>,
}
