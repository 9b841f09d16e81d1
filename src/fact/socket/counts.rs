//! Counts per state.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::TcpState;

/// How many sockets are in each state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "BTreeMap<TcpState, u64>", into = "BTreeMap<TcpState, u64>")]
pub struct StateCounts([u64; 11]);

impl StateCounts {
    /// The sockets in one state.
    pub fn get(&self, state: TcpState) -> u64 {
        self.0.get(slot(state)).copied().unwrap_or(0)
    }

    /// Counts some more sockets in a state.
    pub fn add(&mut self, state: TcpState, more: u64) {
        if let Some(count) = self.0.get_mut(slot(state)) {
            *count = count.saturating_add(more);
        }
    }

    /// Sets how many sockets are in a state.
    pub fn set(&mut self, state: TcpState, count: u64) {
        if let Some(slot) = self.0.get_mut(slot(state)) {
            *slot = count;
        }
    }

    /// The sockets in all states.
    pub fn total(&self) -> u64 {
        self.0
            .iter()
            .fold(0, |sum, count| sum.saturating_add(*count))
    }
}

fn slot(state: TcpState) -> usize {
    usize::from(state.number()) - 1
}

impl From<BTreeMap<TcpState, u64>> for StateCounts {
    fn from(map: BTreeMap<TcpState, u64>) -> Self {
        let mut counts = Self::default();
        for (state, count) in map {
            counts.add(state, count);
        }
        counts
    }
}

impl From<StateCounts> for BTreeMap<TcpState, u64> {
    fn from(counts: StateCounts) -> Self {
        TcpState::ALL
            .into_iter()
            .map(|state| (state, counts.get(state)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_written_under_the_names_of_the_states() {
        let mut counts = StateCounts::default();
        counts.add(TcpState::FinWait2, 7);
        let json = serde_json::to_string(&counts).unwrap();
        assert!(json.contains(r#""fin_wait_2":7"#), "{json}");
        assert!(json.contains(r#""closing":0"#), "{json}");
        assert_eq!(serde_json::from_str::<StateCounts>(&json).unwrap(), counts);
        assert_eq!(counts.total(), 7);
    }
}
