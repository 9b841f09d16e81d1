//! What of a sample a much later one is compared with: the start of a window that one run leaves to the next.

use super::socket::{Listener, SocketSummary, Sockets};
use super::vocabulary::{FactKind, fact_spec};
use super::{Reading, Sample, Value};

/// How many listeners that dropped something are kept.
const LISTENERS: usize = 4096;

/// Why nothing is known of single connections at the start of such a window.
const NOT_KEPT: &str = "single connections are not remembered";

impl Sample {
    /// This sample as the start of a window that the next run ends: what only rises, and the listeners with
    /// what they dropped. That is some hundred numbers, however many sockets there are.
    ///
    /// Left out are levels and settings, which are judged as they are at the end, and single connections.
    /// Those compare over seconds: one that is in the same state an hour later is another one of the same
    /// addresses, or has been through anything meanwhile. What is compared of them is unknown over such a
    /// window, and never zero.
    #[must_use]
    pub fn remembered(&self) -> Self {
        let rising = self.readings.iter().filter(|(fact, _)| only_rises(fact));
        Self {
            uptime_seconds: self.uptime_seconds,
            host: self.host.clone(),
            readings: rising
                .map(|(fact, reading)| (fact.clone(), reading.clone()))
                .collect(),
            sockets: self.sockets.as_ref().and_then(remembered),
            ..Self::default()
        }
    }

    /// A counter of the namespace that is lower than it was in an earlier sample. The kernel gives a new
    /// namespace the number of one that is gone, and then all counters have started again.
    pub fn fell_since(&self, earlier: &Self) -> Option<&str> {
        let number = |reading: &Reading<Value>| match reading.value() {
            Some(Value::Int(number)) => Some(*number),
            _ => None,
        };
        let counters = earlier.readings.range("counter.".to_owned()..);
        let mut counters = counters.take_while(|(fact, _)| fact.starts_with("counter."));
        let fell = counters.find(|(fact, before)| {
            let now = self.readings.get(*fact).and_then(number);
            matches!((number(before), now), (Some(before), Some(now)) if now < before)
        });
        let (fact, _) = fell?;
        self.readings
            .get_key_value(fact)
            .map(|(fact, _)| fact.as_str())
    }
}

fn only_rises(fact: &str) -> bool {
    let rises = |kind| matches!(kind, FactKind::Monotone(_));
    fact.starts_with("counter.") || fact_spec(fact).is_some_and(|spec| rises(spec.kind))
}

/// `None` where more listeners have dropped something than are kept: one that is left out would seem to have
/// dropped all of it since. One that dropped nothing is as good as one that was not there.
fn remembered(all: &Sockets) -> Option<Sockets> {
    let has_dropped = |one: &&Listener| one.drops != Some(0);
    let kept: Vec<Listener> = all.listeners.iter().filter(has_dropped).cloned().collect();
    if kept.len() > LISTENERS {
        return None;
    }
    // A queue is a level, as who holds the listener is.
    let bare = kept.into_iter().map(|one| Listener {
        queue: 0,
        process: None,
        ..one
    });
    let unread = ["socket.", "destination.", "port."];
    Some(Sockets {
        source: all.source,
        summary: SocketSummary::default(),
        listeners: bare.collect(),
        ports: super::socket::PortOccupancy::default(),
        close_wait_inodes: Vec::new(),
        notes: Vec::new(),
        unread: unread
            .map(|facts| (facts.to_owned(), NOT_KEPT.to_owned()))
            .into(),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::socket::{Family, PortOccupancy, SocketSource};
    use super::*;

    fn listener(inode: u64, drops: Option<u64>) -> Listener {
        Listener {
            family: Family::Ipv4,
            address: ([127, 0, 0, 1], 443).into(),
            queue: 3,
            bound: Some(128),
            drops,
            inode,
            process: Some("nginx (pid 812)".to_owned()),
        }
    }

    fn sample(listeners: Vec<Listener>, readings: &[(&str, i64)]) -> Sample {
        let mut summary = SocketSummary::default();
        for port in 1..=10_000 {
            let (local, remote) = (([10, 0, 0, 1], port).into(), ([10, 0, 0, 2], 80).into());
            summary.syn_sent_tracked.insert(local, remote);
        }
        let sockets = Sockets {
            source: SocketSource::Diagnostics,
            summary,
            listeners,
            ports: PortOccupancy::default(),
            close_wait_inodes: vec![7; 4096],
            notes: vec!["many".to_owned()],
            unread: BTreeMap::new(),
        };
        let known = |number: i64| Reading::Known(Value::Int(number));
        let readings = readings.iter();
        Sample {
            uptime_seconds: Some(5.0),
            readings: readings
                .map(|(fact, number)| ((*fact).to_owned(), known(*number)))
                .collect(),
            sockets: Some(sockets),
            notes: vec!["seen".to_owned()],
            ..Sample::default()
        }
    }

    #[test]
    fn what_rises_is_remembered_and_nothing_that_grows_with_the_sockets() {
        let facts = [
            ("counter.TcpExt.ListenOverflows", 1),
            ("softnet.dropped", 2),
            ("conntrack.drop", 3),
            ("gauge.Tcp.CurrEstab", 4),
            ("sockstat.TCP.orphan", 5),
            ("socket.established", 6),
            ("sysctl.net.core.somaxconn", 7),
            ("host.memory", 8),
        ];
        let kept = sample(vec![listener(1, Some(9))], &facts).remembered();
        let names: Vec<&str> = kept.readings.keys().map(String::as_str).collect();
        assert_eq!(
            names,
            [
                "conntrack.drop",
                "counter.TcpExt.ListenOverflows",
                "softnet.dropped"
            ]
        );
        let sockets = kept.sockets.as_ref().unwrap();
        assert_eq!(sockets.listeners[0].drops, Some(9));
        assert_eq!(sockets.listeners[0].process, None);
        for fact in ["socket.syn_sent_persisting", "socket.receive_capped"] {
            assert_eq!(sockets.why_unread(fact), Some(NOT_KEPT), "{fact}");
        }
        assert_eq!(kept.uptime_seconds, Some(5.0));
        let bytes = serde_json::to_vec(&kept).unwrap().len();
        assert!(bytes < 2000, "{bytes}");
    }

    #[test]
    fn those_listeners_stay_that_dropped_something() {
        let mut all: Vec<Listener> = (0..10_000).map(|inode| listener(inode, Some(0))).collect();
        all.push(listener(10_000, Some(1)));
        let kept = sample(all.clone(), &[]).remembered();
        assert_eq!(
            kept.sockets.unwrap().listeners,
            [Listener {
                queue: 0,
                process: None,
                ..listener(10_000, Some(1))
            }]
        );
        for one in &mut all {
            one.drops = Some(1);
        }
        assert_eq!(sample(all, &[]).remembered().sockets, None);
    }

    #[test]
    fn a_namespace_that_started_again_tells_by_its_counters() {
        let before = sample(Vec::new(), &[("counter.Tcp.A", 5), ("softnet.dropped", 9)]);
        let after = |a, dropped| {
            sample(
                Vec::new(),
                &[("counter.Tcp.A", a), ("softnet.dropped", dropped)],
            )
        };
        assert_eq!(after(5, 9).fell_since(&before), None);
        // The machine's own, which wraps at 32 bits.
        assert_eq!(after(6, 0).fell_since(&before), None);
        assert_eq!(after(4, 9).fell_since(&before), Some("counter.Tcp.A"));
        assert_eq!(Sample::default().fell_since(&before), None);
    }
}
