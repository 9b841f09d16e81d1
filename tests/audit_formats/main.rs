//! The formats of `tcptune check` that pipelines read: held against the files in `tests/screens`, the schemas,
//! and the programs that read them. `BLESS=1 cargo test --test audit_formats` rewrites the files.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failed expectation is a failed test"
)]

use tcptune::render::Reach;
use tcptune::render::audit::{
    FleetRecord, Labels, RECORD_SCHEMA, Record, Run, SettingRecord, State, UnreadableRecord, junit,
    markdown, nagios, ndjson_fleet, ndjson_unreadable, ndjson_with, prometheus, schema,
};
use tcptune::render::report::{
    Change, Evidence, Finding, Host, Instance, Kind, Maturity, NotFired, Owner, Period, Profile,
    REPORT_SCHEMA, Reference, Report, Scalar, Scope, SetBy, Severity, Since, Summary, Tool, Unit,
    Verdict, WaivedKey, Waiver, Window,
};

mod exporter;
mod outside;
mod records;
#[path = "../render/samples.rs"]
mod samples;
mod texts;

#[path = "../netns/mod.rs"]
#[expect(dead_code, reason = "the keys of a namespace are other tests' concern")]
mod netns;

use samples::{every_shape, healthy, nothing_known};

fn run() -> Run {
    Run {
        id: "0123456789abcdef0123456789abcdef".to_owned(),
        at: 1_795_315_267,
        fail_on: Some(Severity::Medium),
        fail_on_unknown: false,
        cut_short: false,
        labels: Labels::default(),
        snapshot: None,
    }
}

/// A format as text.
fn page(write: impl FnOnce(&mut Vec<u8>) -> std::io::Result<()>) -> String {
    let mut out = Vec::new();
    write(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// All formats of a report, with the names of their golden files.
fn pages(report: &Report) -> [(&'static str, String); 5] {
    let run = run();
    [
        (
            "check.ndjson",
            page(|out| ndjson_with(report, &run, Vec::new(), out)),
        ),
        ("check-junit.xml", page(|out| junit(report, &run, out))),
        ("check.prom", page(|out| prometheus(report, &run, out))),
        (
            "check-nagios.txt",
            page(|out| nagios(report, &run, out).map(|_| ())),
        ),
        (
            "check.md",
            page(|out| markdown(report, &run, Reach::Here, out)),
        ),
    ]
}

/// Compares with `tests/screens/<name>`, or writes it when blessing.
fn holds_screen(name: &str, text: &str) {
    let path = format!("{}/tests/screens/{name}", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, text).unwrap();
        return;
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        text == expected,
        "{name} has changed; look at it and run BLESS=1 cargo test --test audit_formats\n{text}"
    );
}

#[test]
fn every_format_of_every_shape_looks_as_committed() {
    for (name, text) in pages(&every_shape()) {
        holds_screen(name, &text);
    }
    holds_screen("record.schema.json", &schema());
}

#[test]
fn no_format_gives_orders_to_a_terminal() {
    for report in [every_shape(), healthy(), nothing_known()] {
        for (name, text) in pages(&report) {
            let active = |c: char| c != '\n' && tcptune::fact::is_active(c);
            assert!(!text.contains(active), "{name}: {text:?}");
        }
    }
}
