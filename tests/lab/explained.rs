//! What `tcptune explain` says of a namespace, and whether a measured time agrees.

use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::net::Net;
use crate::notes::note;

/// An explanation, schema `tcptune.explain/1`.
#[derive(Debug)]
pub(crate) struct Explained(Value);

impl Explained {
    /// Asks the built program about `topic` in the namespace.
    pub(crate) fn of(net: &Net, topic: &str) -> Self {
        let output = Command::new("nsenter")
            .arg(format!("--mount=/proc/{}/ns/mnt", net.pid()))
            .args([env!("CARGO_BIN_EXE_tcptune"), "explain", topic])
            .args(["--format", "json", "--pid", &net.pid().to_string()])
            .stdin(Stdio::null())
            .output()
            .expect("nsenter starts");
        let words = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "explain {topic}: {words}");
        let answer = serde_json::from_slice(&output.stdout);
        Self(answer.unwrap_or_else(|error| panic!("explain {topic} ({error}): {words}")))
    }

    /// A time that the kernel's own timers make exact, in seconds.
    pub(crate) fn exact(&self, id: &str) -> f64 {
        self.bounded(id, "seconds", "exact")
    }

    /// A time before which nothing ends, in seconds.
    pub(crate) fn at_least(&self, id: &str) -> f64 {
        self.bounded(id, "seconds", "at_least")
    }

    /// A rate that is never exceeded, in connections a second.
    pub(crate) fn at_most(&self, id: &str) -> f64 {
        self.bounded(id, "per second", "at_most")
    }

    fn bounded(&self, id: &str, unit: &str, bound: &str) -> f64 {
        let value = self.value(&format!("timing.{id}"));
        assert_eq!(
            (&value["unit"], &value["bound"]),
            (&unit.into(), &bound.into())
        );
        number(value)
    }

    /// A number by its name: `socket.established_keepalive`.
    pub(crate) fn number(&self, name: &str) -> f64 {
        number(self.value(name))
    }

    fn value(&self, name: &str) -> &Value {
        let mut values = self.0["values"].as_array().into_iter().flatten();
        let value = values.find(|value| value["name"] == name);
        value.unwrap_or_else(|| panic!("no {name} in {:#}", self.0))
    }

    /// How many segments it says are sent again, on the page of every time.
    pub(crate) fn sent_again(&self, id: &str) -> usize {
        let text = self.row(&format!("{id}: "), "sent again");
        let text = text.unwrap_or_default();
        let sent = text.split_whitespace().filter_map(|word| {
            let word = word.trim_end_matches(',');
            word.parse::<f64>().ok()
        });
        assert!(!text.contains("more"), "not all are told: {text}");
        sent.count()
    }

    /// The text beside `label`, in the sections whose heading begins so.
    pub(crate) fn row(&self, heading: &str, label: &str) -> Option<&str> {
        let begins = |section: &&Value| {
            let text = section["heading"].as_str();
            text.is_some_and(|text| text.starts_with(heading))
        };
        let sections = self.0["sections"].as_array().into_iter().flatten();
        let blocks = sections.filter(begins);
        let blocks = blocks.filter_map(|section| section["blocks"].as_array());
        let rows = blocks
            .flatten()
            .filter_map(|block| block["rows"].as_array());
        let mut rows = rows.flatten().filter(|row| row["label"] == label);
        rows.next()?["text"].as_str()
    }
}

fn number(value: &Value) -> f64 {
    let number = value["number"].as_f64();
    number.unwrap_or_else(|| panic!("unknown: {value}"))
}

/// It ended when it was said to. A tenth of a second less is allowed: timers count in ticks, and some
/// begin with a packet that came before the clock was started.
pub(crate) fn ended_at(what: &str, told: f64, seen: Duration) {
    let seen = seen.as_secs_f64();
    note(&format!("{what}: {told} s told, {seen:.2} s seen"));
    let fits = fits(told - 0.1, told, seen);
    assert!(fits, "{what}: {told} s told, {seen:.3} s seen");
}

/// It ended not before it was said to, and not after `latest`.
pub(crate) fn ended_between(what: &str, told: f64, latest: f64, seen: Duration) {
    let seen = seen.as_secs_f64();
    note(&format!("{what}: at least {told} s told, {seen:.2} s seen"));
    let fits = fits(told, latest, seen);
    assert!(fits, "{what}: {told} to {latest} s told, {seen:.3} s seen");
}

/// Timers are coarser the longer they are (by an eighth at most), and a busy machine sees them late.
fn fits(first: f64, last: f64, seen: f64) -> bool {
    (first..=last * 1.1 + 1.5).contains(&seen)
}

#[test]
fn an_explanation_is_asked_by_name() {
    let explained = Explained(serde_json::json!({
        "values": [
            { "name": "timing.connect", "number": 7.0, "unit": "seconds", "bound": "exact" },
            { "name": "timing.orphan", "number": 0.6, "unit": "seconds", "bound": "at_least" },
        ],
        "sections": [
            { "heading": "", "blocks": [ { "text": "Here" } ] },
            { "heading": "connect: how long", "blocks": [ { "rows": [
                { "label": "answer", "text": "7 s" },
                { "label": "sent again", "text": "after 1, 2, 3.5 s" } ] } ] },
        ],
    }));
    assert!((explained.exact("connect") - 7.0).abs() < 1e-9);
    assert!((explained.at_least("orphan") - 0.6).abs() < 1e-9);
    assert_eq!(explained.sent_again("connect"), 3);
    assert_eq!(explained.sent_again("orphan"), 0);
    assert_eq!(explained.row("connect", "answer"), Some("7 s"));
}

#[test]
fn a_time_that_is_off_is_told_from_one_that_fits() {
    assert!(fits(3.0, 3.0, 3.4) && fits(3.0, 7.0, 6.7));
    assert!(!fits(7.0, 7.0, 3.06) && !fits(7.0, 7.0, 11.0));
}
