//! What many snapshots came to together: which faults are on how many hosts.
//!
//! Of the reports only counts and a few names are kept, so that the number of hosts costs next to nothing.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};

use super::audit::FleetRecord;
use super::finding::{Period, Severity};
use super::report::{Report, Verdict};

/// How many names are kept of many.
const NAMES: usize = 8;

/// What one snapshot adds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    host: Option<String>,
    fired: Vec<(Fault, String)>,
    unknown: Vec<String>,
    taken: Option<u64>,
}

/// A fault, in the order faults are shown in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Fault {
    /// Somebody accepted it.
    pub(super) waived: bool,
    pub(super) period: Period,
    pub(super) severity: Severity,
    pub(super) rule: String,
}

/// Where a fault is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Spread {
    /// The hosts that have it, by their numbers.
    who: Numbers,
    /// The names of the first few.
    pub(super) names: Vec<String>,
    /// How it is known on the first one.
    pub(super) seen: String,
    /// The snapshot of the first one.
    pub(super) snapshot: String,
}

/// All snapshots together.
#[derive(Debug, Default)]
pub struct Fleet {
    hashes: RandomState,
    /// The number of each host, and of how many snapshots it has.
    hosts: HashMap<u64, (usize, u64)>,
    pub(super) faults: BTreeMap<Fault, Spread>,
    /// Rules that could not be judged, and on how many hosts.
    unknown: BTreeMap<String, Numbers>,
    /// How many snapshots have no worse finding; those of none last.
    pub(super) worst: [u64; 5],
    /// The first few snapshots that could not be judged, with the reason.
    pub(super) unreadable: Vec<String>,
    /// The first few hosts with more than one snapshot.
    pub(super) repeated: Vec<String>,
    /// How many there are.
    pub(super) repeated_hosts: u64,
    /// When they are judged, in seconds since 1970.
    pub(super) at: u64,
    /// When the oldest snapshot was taken, in seconds since 1970, and of which host it is.
    pub(super) oldest: Option<(u64, String)>,
    /// Remarks about the rules.
    pub(super) notes: Vec<String>,
    /// The counts.
    pub(super) counts: FleetRecord,
}

impl Share {
    /// What a report adds; `host` is the name of its host, if it has one.
    pub fn of(report: &Report, host: Option<&str>) -> Self {
        let fired = report.findings.iter().map(|finding| {
            let fault = Fault {
                waived: finding.waived.is_some(),
                period: finding.period,
                severity: finding.severity,
                rule: finding.rule.clone(),
            };
            (fault, finding.message.clone())
        });
        let unknown = report.not_fired.iter();
        let unknown = unknown.filter(|rule| rule.verdict == Verdict::Unknown);
        Self {
            host: host.filter(|name| !name.is_empty()).map(str::to_owned),
            fired: fired.collect(),
            unknown: unknown.map(|rule| rule.rule.clone()).collect(),
            taken: report.host.taken_at_seconds,
        }
    }
}

impl Fleet {
    /// No snapshot looked at yet, of so many, at this moment in seconds since 1970, by rules about which this is
    /// to be said.
    pub fn of(snapshots: u64, at: u64, notes: Vec<String>) -> Self {
        Self {
            counts: FleetRecord {
                snapshots,
                ..FleetRecord::default()
            },
            at,
            notes,
            ..Self::default()
        }
    }

    /// Adds a snapshot that was judged.
    pub fn add(&mut self, share: Share, snapshot: &str) {
        self.counts.judged += 1;
        // Two hosts without a name are two hosts.
        let name = share.host.as_deref().unwrap_or(snapshot);
        let host = self.number(name, share.host.is_some());
        let oldest = self.oldest.as_ref().map(|(taken, _)| *taken);
        if let Some(taken) = share.taken
            && oldest.is_none_or(|oldest| taken < oldest)
        {
            self.oldest = Some((taken, name.to_owned()));
        }
        let counted = share.fired.iter().filter(|(fault, _)| !fault.waived);
        let worst = counted.map(|(fault, _)| fault.severity).min();
        let [high, medium, low, info, none] = &mut self.worst;
        *match worst {
            Some(Severity::High) => high,
            Some(Severity::Medium) => medium,
            Some(Severity::Low) => low,
            Some(Severity::Info) => info,
            None => none,
        } += 1;
        for (fault, seen) in share.fired {
            let spread = self.faults.entry(fault).or_default();
            if spread.who.is_empty() {
                (spread.seen, spread.snapshot) = (seen, snapshot.to_owned());
            }
            if spread.who.insert(host) && spread.names.len() < NAMES {
                spread.names.push(name.to_owned());
            }
        }
        for rule in share.unknown {
            self.unknown.entry(rule).or_default().insert(host);
        }
    }

    /// Adds a snapshot that could not be judged.
    pub fn add_unreadable(&mut self, error: &str) {
        self.counts.unreadable += 1;
        if self.unreadable.len() < NAMES {
            self.unreadable.push(error.to_owned());
        }
    }

    /// Says that not all snapshots were looked at.
    pub const fn cut_short(&mut self) {
        self.counts.cut_short = true;
    }

    /// How many snapshots came to what.
    pub const fn counts(&self) -> FleetRecord {
        self.counts
    }

    /// The number of a host.
    fn number(&mut self, name: &str, named: bool) -> usize {
        let next = self.hosts.len();
        let hash = self.hashes.hash_one((name, named));
        let entry = self.hosts.entry(hash).or_insert((next, 0));
        entry.1 += 1;
        let (number, snapshots) = *entry;
        if snapshots == 2 {
            self.repeated_hosts += 1;
            if self.repeated.len() < NAMES {
                self.repeated.push(name.to_owned());
            }
        }
        self.counts.hosts = self.hosts.len() as u64;
        number
    }

    /// The rules that could not be judged somewhere, most hosts first.
    pub(super) fn unknown(&self) -> Vec<(&str, u64)> {
        let rules = self.unknown.iter();
        let mut rules: Vec<_> = rules
            .map(|(rule, who)| (rule.as_str(), who.len()))
            .collect();
        rules.sort_by_key(|(_, hosts)| std::cmp::Reverse(*hosts));
        rules
    }

    /// The faults: what is now before what was, accepted ones last; within that the worst first, and of those
    /// the most frequent.
    pub(super) fn ranked(&self) -> Vec<(&Fault, &Spread)> {
        let mut faults: Vec<_> = self.faults.iter().collect();
        faults.sort_by_key(|(fault, spread)| {
            let hosts = std::cmp::Reverse(spread.hosts());
            (fault.waived, fault.period, fault.severity, hosts)
        });
        faults
    }
}

impl Spread {
    /// How many hosts have the fault.
    pub(super) fn hosts(&self) -> u64 {
        self.who.len()
    }
}

/// A set of small numbers, a bit each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Numbers {
    words: Vec<u64>,
    len: u64,
}

impl Numbers {
    const fn len(&self) -> u64 {
        self.len
    }

    const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Puts a number in; whether it was not there.
    fn insert(&mut self, number: usize) -> bool {
        let (at, bit) = (number / 64, 1_u64 << (number % 64));
        if self.words.len() <= at {
            self.words.resize(at + 1, 0);
        }
        let Some(word) = self.words.get_mut(at) else {
            return false;
        };
        let new = *word & bit == 0;
        *word |= bit;
        self.len += u64::from(new);
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(host: Option<&str>, rule: &str) -> Share {
        let fault = Fault {
            waived: false,
            period: Period::Now,
            severity: Severity::High,
            rule: rule.to_owned(),
        };
        Share {
            host: host.map(str::to_owned),
            fired: vec![(fault, "seen".to_owned())],
            unknown: Vec::new(),
            taken: None,
        }
    }

    #[test]
    fn a_host_with_two_snapshots_is_one_host() {
        let mut fleet = Fleet::of(4, 0, Vec::new());
        fleet.add(share(Some("a"), "x"), "1");
        fleet.add(share(Some("a"), "x"), "2");
        fleet.add(share(None, "x"), "3");
        fleet.add(share(None, "x"), "4");
        let (_, spread) = fleet.ranked()[0];
        assert_eq!(spread.hosts(), 3);
        assert_eq!(spread.names, ["a", "3", "4"]);
        assert_eq!((fleet.counts().judged, fleet.counts().hosts), (4, 3));
        assert_eq!(
            (fleet.repeated, fleet.repeated_hosts),
            (vec!["a".to_owned()], 1)
        );
    }

    #[test]
    fn of_equal_severity_what_more_hosts_have_comes_first() {
        let mut fleet = Fleet::of(3, 0, Vec::new());
        for (host, rule) in [("a", "rare"), ("a", "z-often"), ("b", "z-often")] {
            fleet.add(share(Some(host), rule), host);
        }
        let order: Vec<&str> = fleet
            .ranked()
            .iter()
            .map(|(fault, _)| fault.rule.as_str())
            .collect();
        assert_eq!(order, ["z-often", "rare"]);
    }

    #[test]
    fn numbers_are_counted_once() {
        let mut numbers = Numbers::default();
        let new = [0, 63, 64, 1000, 64].map(|number| numbers.insert(number));
        assert_eq!(new, [true, true, true, true, false]);
        assert_eq!(numbers.len(), 4);
    }
}
