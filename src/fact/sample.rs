//! Samples: everything that was read at one moment, and snapshots of one or two of them.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::boot::Boot;
use super::labels::Labels;
use super::socket::{Margin, Sockets};
use super::{KernelVersion, Reading, Value};

/// Which machine, which boot, which namespace.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Host {
    /// Host name.
    pub name: Option<String>,
    /// Kernel version.
    pub kernel: Option<KernelVersion>,
    /// Identity of this boot (`/proc/sys/kernel/random/boot_id`).
    pub boot_id: Option<String>,
    /// Inode number of the network namespace.
    pub netns: Option<u64>,
}

/// Everything that was read at one moment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sample {
    /// Seconds since boot when it was taken (`CLOCK_BOOTTIME`, else `/proc/uptime`).
    pub uptime_seconds: Option<f64>,
    /// Whose values these are.
    pub host: Host,
    /// Readings by fact name.
    #[serde(deserialize_with = "built_at_once")]
    pub readings: BTreeMap<String, Reading<Value>>,
    /// Facts among the readings that were worked out from a sample of the sockets, and how far each may
    /// be off.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub sampled: BTreeMap<String, Margin>,
    /// The TCP sockets; `None` when they were not asked for or cannot be seen.
    pub sockets: Option<Sockets>,
    /// The boot configuration; `None` when it was not asked for or does not apply to this namespace.
    #[serde(default)]
    pub boot: Option<Boot>,
    /// What could not be seen, for people.
    pub notes: Vec<String>,
}

/// Collects all entries and then builds the map: they arrive in order, as they were written, which halves the time.
fn built_at_once<'de, D: Deserializer<'de>, V: Deserialize<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, V>, D::Error> {
    struct Entries<V>(PhantomData<V>);

    impl<'de, V: Deserialize<'de>> Visitor<'de> for Entries<V> {
        type Value = BTreeMap<String, V>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a map")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut entries = Vec::new();
            while let Some(entry) = map.next_entry()? {
                entries.push(entry);
            }
            // Of two with one name the latter stays, as with one insertion after the other.
            Ok(entries.into_iter().collect())
        }
    }

    deserializer.deserialize_map(Entries(PhantomData))
}

/// The inputs of one audit.
///
/// Written as JSON, this is the snapshot format. Its version is that of [`SNAPSHOT_SCHEMA`], and any
/// other shape is another version: a field that is not known is refused, because a judgement that
/// passes over a part of its facts would be wrong in silence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Snapshot {
    /// `tcptune.snapshot/1`.
    pub schema: String,
    /// Version of the program that took it.
    pub tool: String,
    /// The later sample: the state that is judged.
    pub now: Sample,
    /// The earlier one: the start of the window.
    pub earlier: Option<Sample>,
    /// Where the window comes from.
    pub since: Since,
    /// What the site calls the host; given when the snapshot was taken.
    #[serde(default, skip_serializing_if = "Labels::is_empty")]
    pub labels: Labels,
    /// When the later sample was taken, in seconds since 1970 by the clock of the host; `None` where nothing tells,
    /// as of a recorded tree.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken_at: Option<u64>,
}

/// Where the start of a window comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Since {
    /// Two samples of this run.
    Interval,
    /// An earlier snapshot.
    Snapshot,
    /// One sample only: there is no window but the time since boot.
    Boot,
}

/// The name and version of the snapshot format.
pub const SNAPSHOT_SCHEMA: &str = "tcptune.snapshot/1";

/// Why a sample cannot be the start of another one's window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WindowError {
    /// Another boot: counters started again.
    OtherBoot,
    /// Another network namespace: other counters.
    OtherNamespace,
    /// It is not earlier.
    NotEarlier,
    /// One of the two does not say which boot or namespace it belongs to, or when it was taken.
    NotKnown,
}

impl Snapshot {
    /// A snapshot of one or two samples of this run.
    pub fn new(earlier: Option<Sample>, now: Sample) -> Self {
        let since = if earlier.is_some() {
            Since::Interval
        } else {
            Since::Boot
        };
        let tool = env!("CARGO_PKG_VERSION").to_owned();
        Self {
            schema: SNAPSHOT_SCHEMA.to_owned(),
            tool,
            now,
            earlier,
            since,
            labels: Labels::default(),
            taken_at: None,
        }
    }

    /// The same snapshot with the window started by `earlier`.
    pub fn since(mut self, earlier: Sample) -> Result<Self, WindowError> {
        let (from, to) = (&earlier.host, &self.now.host);
        match (&from.boot_id, &to.boot_id) {
            (Some(from), Some(to)) if from != to => return Err(WindowError::OtherBoot),
            (Some(_), Some(_)) => {}
            _ => return Err(WindowError::NotKnown),
        }
        match (from.netns, to.netns) {
            (Some(from), Some(to)) if from != to => return Err(WindowError::OtherNamespace),
            // Recordings do not say, neither of the two; one that does beside one that does not is a
            // comparison nobody can vouch for.
            (Some(_), Some(_)) | (None, None) => {}
            _ => return Err(WindowError::NotKnown),
        }
        match (earlier.uptime_seconds, self.now.uptime_seconds) {
            (Some(from), Some(to)) if from < to => {}
            (Some(_), Some(_)) => return Err(WindowError::NotEarlier),
            _ => return Err(WindowError::NotKnown),
        }
        self.earlier = Some(earlier);
        self.since = Since::Snapshot;
        Ok(self)
    }

    /// Length of the window in seconds; `None` with a single sample.
    pub fn window_seconds(&self) -> Option<f64> {
        let from = self.earlier.as_ref()?.uptime_seconds?;
        let to = self.now.uptime_seconds?;
        (to > from).then_some(to - from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fact::socket::{Family, Listener, PortOccupancy, SocketSource, SocketSummary};
    use proptest::prelude::*;

    fn values() -> impl Strategy<Value = Value> {
        prop_oneof![
            any::<i64>().prop_map(Value::Int),
            any::<bool>().prop_map(Value::Bool),
            any::<[i64; 3]>().prop_map(Value::Triple),
            any::<[i64; 2]>().prop_map(Value::Range),
            prop::collection::vec(any::<(u16, u16)>(), 0..3).prop_map(Value::Ports),
            prop::collection::vec(any::<String>(), 0..3).prop_map(Value::Words),
            any::<String>().prop_map(Value::Text),
        ]
    }

    fn readings() -> impl Strategy<Value = Reading<Value>> {
        prop_oneof![
            values().prop_map(Reading::Known),
            values().prop_map(Reading::ReadOnly),
            Just(Reading::Absent),
            any::<String>().prop_map(Reading::Denied),
            any::<String>().prop_map(Reading::Malformed),
        ]
    }

    fn looks() -> impl Strategy<Value = Sockets> {
        (
            any::<[Option<u64>; 3]>(),
            any::<(u16, u16)>(),
            any::<String>(),
        )
            .prop_map(|([keepalive, backoff, drops], (local, remote), name)| {
                let mut summary = SocketSummary {
                    established_keepalive: keepalive,
                    established_backoff: backoff,
                    ..SocketSummary::default()
                };
                let ends = [
                    ([10, 0, 0, 1], local).into(),
                    ([0, 0, 0, 0, 0, 0, 0, 1], remote).into(),
                ];
                summary.syn_sent_tracked.insert(ends[0], ends[1]);
                Sockets {
                    source: SocketSource::Diagnostics,
                    summary,
                    listeners: vec![Listener {
                        family: Family::Ipv6,
                        address: ends[1],
                        queue: local.into(),
                        bound: None,
                        drops,
                        inode: u64::MAX,
                        process: Some(name.clone()),
                    }],
                    ports: PortOccupancy::default(),
                    close_wait_inodes: vec![u64::MAX],
                    notes: vec![name.clone()],
                    unread: BTreeMap::from([("destination.".to_owned(), name)]),
                }
            })
    }

    fn samples() -> impl Strategy<Value = Sample> {
        (
            prop::option::of(any::<u32>().prop_map(|hundredths| f64::from(hundredths) / 100.0)),
            prop::option::of(any::<u64>()),
            prop::collection::btree_map(any::<String>(), readings(), 0..4),
            prop::option::of(looks()),
        )
            .prop_map(|(uptime_seconds, netns, readings, sockets)| Sample {
                uptime_seconds,
                host: Host {
                    name: Some("web".to_owned()),
                    kernel: KernelVersion::parse("6.12.0-rc1"),
                    boot_id: None,
                    netns,
                },
                readings,
                sampled: BTreeMap::from([(
                    "socket.incoming".to_owned(),
                    Margin {
                        looked_at: 20_000,
                        of: 512_000,
                        error: u64::MAX,
                    },
                )]),
                sockets,
                boot: None,
                notes: Vec::new(),
            })
    }

    proptest! {
        #[test]
        fn a_snapshot_reads_back_as_it_was_written(
            now in samples(), earlier in prop::option::of(samples())
        ) {
            let snapshot = Snapshot::new(earlier, now);
            let text = serde_json::to_string(&snapshot).unwrap();
            let back: Snapshot = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(&back, &snapshot);
            prop_assert_eq!(serde_json::to_string(&back).unwrap(), text);
        }
    }

    fn sample(boot: &str, netns: u64, uptime: f64) -> Sample {
        let host = Host {
            boot_id: Some(boot.to_owned()),
            netns: Some(netns),
            ..Host::default()
        };
        Sample {
            uptime_seconds: Some(uptime),
            host,
            ..Sample::default()
        }
    }

    #[test]
    fn a_window_may_not_start_in_another_boot_or_namespace() {
        let now = || Snapshot::new(None, sample("b", 7, 50.0));
        assert_eq!(
            now().since(sample("a", 7, 10.0)).unwrap_err(),
            WindowError::OtherBoot
        );
        assert_eq!(
            now().since(sample("b", 8, 10.0)).unwrap_err(),
            WindowError::OtherNamespace
        );
        assert_eq!(
            now().since(sample("b", 7, 60.0)).unwrap_err(),
            WindowError::NotEarlier
        );
        assert_eq!(
            now().since(Sample::default()).unwrap_err(),
            WindowError::NotKnown
        );
        let mut nameless = sample("b", 7, 10.0);
        nameless.host.netns = None;
        assert_eq!(now().since(nameless).unwrap_err(), WindowError::NotKnown);
    }

    #[test]
    fn the_window_is_the_time_between_the_samples() {
        let snapshot = Snapshot::new(None, sample("b", 7, 50.0))
            .since(sample("b", 7, 20.0))
            .unwrap();
        assert_eq!(snapshot.window_seconds(), Some(30.0));
        assert_eq!(snapshot.since, Since::Snapshot);
    }

    #[test]
    fn a_single_sample_has_no_window() {
        assert_eq!(
            Snapshot::new(None, sample("b", 7, 50.0)).window_seconds(),
            None
        );
    }
}
