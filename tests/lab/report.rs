//! A report of the program, schema `tcptune.report/1`, as the experiments ask it.

use std::fmt;

use serde_json::Value;

/// A report.
#[derive(Debug)]
pub(crate) struct Report(Value);

/// One proposed change of a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) key: String,
    pub(crate) recommended: String,
    pub(crate) blocked: Option<String>,
}

impl Report {
    pub(crate) fn new(report: Value) -> Self {
        Self(report)
    }

    fn findings(&self) -> impl Iterator<Item = &Value> {
        self.0["findings"].as_array().into_iter().flatten()
    }

    /// The finding of `rule` about the window (not about the past).
    pub(crate) fn finding(&self, rule: &str) -> Option<&Value> {
        self.findings()
            .find(|finding| finding["rule"] == rule && finding["period"] == "now")
    }

    /// The finding of `rule` about the time since boot.
    pub(crate) fn past(&self, rule: &str) -> Option<&Value> {
        self.findings()
            .find(|finding| finding["rule"] == rule && finding["period"] == "past")
    }

    /// `holds`, `unknown` or `not_applicable`, of a rule that did not fire.
    pub(crate) fn verdict(&self, rule: &str) -> Option<&str> {
        let rows = self.0["not_fired"].as_array().into_iter().flatten();
        let mut rows = rows.filter(|row| row["rule"] == rule);
        rows.next().and_then(|row| row["verdict"].as_str())
    }

    /// A number of the summary.
    pub(crate) fn summary(&self, name: &str) -> u64 {
        let number = self.0["summary"][name].as_u64();
        number.unwrap_or_else(|| panic!("no {name} in the summary of {}", self.0))
    }

    /// The changes that `rule` proposes, blocked ones included.
    pub(crate) fn changes(&self, rule: &str) -> Vec<Change> {
        let finding = self.finding(rule);
        let changes = finding.and_then(|finding| finding["changes"].as_array());
        let change = |change: &Value| Change {
            key: change["key"].as_str().unwrap_or_default().to_owned(),
            recommended: setting(&change["recommended"]),
            blocked: change["blocked"].as_str().map(str::to_owned),
        };
        changes.into_iter().flatten().map(change).collect()
    }

    /// Findings at or above low about this namespace, past ones included. What a rule of host scope
    /// finds is left out: the machine around the experiment is not the experiment.
    pub(crate) fn loud(&self) -> Vec<String> {
        let loud = |finding: &&Value| {
            finding["scope"] == "netns"
                && ["high", "medium", "low"].contains(&finding["severity"].as_str().unwrap_or(""))
        };
        let line = |finding: &Value| format!("{}: {}", finding["rule"], finding["message"]);
        self.findings().filter(loud).map(line).collect()
    }
}

/// A recommended value as it is written: one token, or a list joined by spaces.
fn setting(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Bool(on) => u8::from(*on).to_string(),
        Value::Array(parts) => parts.iter().map(setting).collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#}", self.0)
    }
}

#[test]
fn a_report_is_asked_by_rule() {
    let report = Report::new(serde_json::json!({
        "summary": { "holds": 7 },
        "findings": [
            { "rule": "one", "period": "now", "scope": "netns", "severity": "low", "message": "m",
              "changes": [
                  { "key": "net.a", "recommended": 4096, "blocked": null },
                  { "key": "net.b", "recommended": [16384, 60999], "blocked": "a listener" } ] },
            { "rule": "two", "period": "past", "scope": "netns", "severity": "high", "message": "m" },
            { "rule": "three", "period": "now", "scope": "host", "severity": "high", "message": "m" },
            { "rule": "four", "period": "now", "scope": "netns", "severity": "info", "message": "m" }
        ],
        "not_fired": [ { "rule": "five", "verdict": "holds" } ]
    }));
    assert!(report.finding("one").is_some() && report.past("one").is_none());
    assert!(report.finding("two").is_none() && report.past("two").is_some());
    assert_eq!(report.verdict("five"), Some("holds"));
    assert_eq!(report.verdict("one"), None);
    assert_eq!(report.summary("holds"), 7);
    let change = |key: &str, recommended: &str, blocked: Option<&str>| Change {
        key: key.to_owned(),
        recommended: recommended.to_owned(),
        blocked: blocked.map(str::to_owned),
    };
    let changes = [
        change("net.a", "4096", None),
        change("net.b", "16384 60999", Some("a listener")),
    ];
    assert_eq!(report.changes("one"), changes);
    assert_eq!(report.changes("four"), []);
    let loud = report.loud();
    assert_eq!(loud.len(), 2, "{loud:?}");
}
