//! The formats in the hands of programs of others: xmllint and promtool.

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use super::*;

/// Runs a program on a text; `None` where it is not installed.
fn fed(program: &str, args: &[&str], text: &str) -> Option<Output> {
    let child = Command::new(program)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = match child {
        Ok(child) => child,
        Err(error) => {
            netns::skip(&format!("{program}: {error}"));
            return None;
        }
    };
    child
        .stdin
        .take()
        .unwrap()
        .write_all(text.as_bytes())
        .unwrap();
    Some(child.wait_with_output().unwrap())
}

fn said(output: &Output) -> String {
    let said = [output.stdout.as_slice(), &output.stderr].concat();
    String::from_utf8_lossy(&said).into_owned()
}

#[test]
fn junit_is_by_the_schema_of_build_servers() {
    let xsd = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/audit_formats/junit.xsd");
    let args = ["--noout", "--nonet", "--schema", xsd, "-"];
    let mut nameless = every_shape();
    nameless.host.name = String::new();
    for report in [every_shape(), healthy(), nothing_known(), nameless] {
        for fail_on_unknown in [false, true] {
            let run = Run {
                fail_on_unknown,
                ..run()
            };
            let text = page(|out| junit(&report, &run, out));
            let Some(output) = fed("xmllint", &args, &text) else {
                return;
            };
            assert!(output.status.success(), "{}\n{text}", said(&output));
        }
    }
    let text = page(|out| junit(&healthy(), &run(), out));
    let Some(output) = fed("xmllint", &args, &text.replace(" hostname=", " host=")) else {
        return;
    };
    assert!(
        !output.status.success(),
        "the schema is not one that takes anything"
    );
}

#[test]
fn promtool_finds_nothing_to_say_about_the_metrics() {
    for report in [every_shape(), healthy(), nothing_known()] {
        let text = page(|out| prometheus(&report, &run(), out));
        let Some(output) = fed("promtool", &["check", "metrics"], &text) else {
            return;
        };
        assert!(output.status.success(), "{}\n{text}", said(&output));
        assert_eq!(said(&output), "");
    }
    let spoilt = "# TYPE tcptune_x_total gauge\ntcptune_x_total 1\n";
    let Some(output) = fed("promtool", &["check", "metrics"], spoilt) else {
        return;
    };
    assert!(!output.status.success());
}
