//! The schemas for editors: they take what the program takes, and refuse what it refuses.

use std::fs;
use std::path::Path;

use jsonschema::Validator;
use serde_json::Value;
use tcptune::host::{Trust, read_rule_files};

use crate::rule_files::{folder, rule};
use crate::run::Tcptune;
use crate::site::check;

fn schema(name: &str) -> Validator {
    let printed = Tcptune::new().args(["schema", name]).run().exits(0).quiet();
    let printed = printed.json();
    assert_eq!(
        printed["$schema"],
        "https://json-schema.org/draft/2020-12/schema"
    );
    jsonschema::validator_for(&printed).unwrap()
}

fn yaml(text: &str) -> Value {
    serde_yaml::from_str(text).unwrap()
}

fn faults(schema: &Validator, document: &Value) -> Vec<String> {
    schema
        .iter_errors(document)
        .map(|fault| format!("{}: {fault}", fault.instance_path()))
        .collect()
}

#[test]
fn every_rule_and_every_case_of_the_program_is_taken() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
    let found = read_rule_files(&folder, Trust::Anyone);
    let (rules, cases) = (schema("rule"), schema("cases"));
    assert!(found.rules.len() >= 18 && found.cases.len() >= 18);
    for file in &found.rules {
        let faults = faults(&rules, &yaml(&file.text));
        assert!(faults.is_empty(), "{}: {faults:#?}", file.name);
    }
    for file in &found.cases {
        let faults = faults(&cases, &yaml(&file.text));
        assert!(faults.is_empty(), "{}: {faults:#?}", file.name);
    }
    let profiles = schema("profile");
    for entry in fs::read_dir(folder.join("profiles")).unwrap() {
        let path = entry.unwrap().path();
        if path
            .extension()
            .is_some_and(|extension| extension == "yaml")
        {
            let faults = faults(&profiles, &yaml(&fs::read_to_string(&path).unwrap()));
            assert!(faults.is_empty(), "{}: {faults:#?}", path.display());
        }
    }
}

/// Both take the file, or both refuse it.
fn agree(name: &str, path: &str, text: &str, taken: bool) {
    let schema = schema(name);
    let faults = faults(&schema, &yaml(text));
    assert_eq!(
        faults.is_empty(),
        taken,
        "schema {name}: {faults:?}\n{text}"
    );
    let site = folder(&[(path, text)]);
    let ran = check(&site, &[]);
    if taken {
        ran.audited().quiet();
    } else {
        ran.exits(2).no_result();
    }
}

#[test]
fn a_broken_rule_is_refused_by_both() {
    let path = "rules.d/x.yaml";
    let good = rule("x");
    agree("rule", path, &good, true);
    for (from, to) in [
        ("id: x\n", ""),
        ("title: \"a title\"\n", ""),
        ("severity: low\n", ""),
        ("kind: symptom\n", ""),
        ("maturity: preview\n", ""),
        ("scope: netns\n", ""),
        ("owner: host\n", ""),
        ("message:", "messages:"),
        ("when: |", "wehn: |"),
        ("severity: low", "severity: urgent"),
        ("kind: symptom", "kind: [symptom]"),
        ("maturity: preview", "maturity: stable"),
        ("id: x", "id: X"),
        ("id: x", "id: 7"),
        ("  net.core.somaxconn: 4096", "  net.core.somaxconn: [1, 2]"),
        (
            "  net.core.somaxconn: 4096",
            "  net.core.somaxconn: { when: 'true' }",
        ),
        (
            "  net.core.somaxconn: 4096",
            "  net.core.somaxconn: { to: 1, wen: 'true' }",
        ),
        ("  net.core.somaxconn: 4096", "  net.ipv4.tcp_rmem: 4096"),
        (
            "  net.core.somaxconn: 4096",
            "  net.ipv4.tcp_rmem: { to: [1, 2] }",
        ),
        ("explain:", "each: socket\nexplain:"),
        ("explain:", "guards: { when: 'true' }\nexplain:"),
        ("explain:", "guards: [{ when: 'true' }]\nexplain:"),
        ("explain:", "waiting: { what: x }\nexplain:"),
        (
            "explain:",
            "references: [{ title: x, url: 'http://x' }]\nexplain:",
        ),
        ("explain:", "evidence: host.cpus\nexplain:"),
        ("explain:", "requires: [1]\nexplain:"),
        ("explain:", "past: { message: x }\nexplain:"),
    ] {
        assert!(good.contains(from), "{from}");
        agree("rule", path, &good.replacen(from, to, 1), false);
    }
}

#[test]
fn a_file_that_disables_a_rule_is_judged_alike() {
    let path = "rules.d/no-op-key.yaml";
    for (text, taken) in [
        ("id: no-op-key\ndisabled: true\n", true),
        ("id: no-op-key\ndisabled: true\nreason: old hosts\n", true),
        ("id: no-op-key\ndisabled: false\n", false),
        ("id: no-op-key\ndisabled: 'true'\n", false),
        ("id: no-op-key\ndisabled: true\nseverity: low\n", false),
        ("disabled: true\n", false),
        ("id: no-op-key\ndisabled: true\nreason: [a]\n", false),
    ] {
        agree("rule", path, text, taken);
    }
}

#[test]
fn a_broken_waiver_is_refused_by_both() {
    let path = "waivers.yaml";
    let good =
        "waivers:\n  - rule: no-op-key\n    reason: why\n    owner: me\n    until: 2027-03-31\n";
    agree("waivers", path, good, true);
    agree("waivers", path, "waivers: []\n", true);
    for (from, to) in [
        ("waivers:", "waiver:"),
        ("rule: no-op-key", "rle: no-op-key"),
        ("    reason: why\n", ""),
        ("    owner: me\n", ""),
        ("    until: 2027-03-31\n", ""),
        ("until: 2027-03-31", "until: 31.3.2027"),
        ("until: 2027-03-31", "until: 2027"),
        ("owner: me", "owner: [me]"),
        ("owner: me", "owner: me\n    ticket: 7"),
    ] {
        assert!(good.contains(from), "{from}");
        agree("waivers", path, &good.replacen(from, to, 1), false);
    }
}
