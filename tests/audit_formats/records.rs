//! The records.

use std::collections::BTreeMap;

use serde_json::Value;

use super::*;

fn lines(report: &Report) -> Vec<Value> {
    let text = page(|out| ndjson_with(report, &run(), Vec::new(), out));
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn every_record_is_by_the_schema_and_reads_back() {
    let schema: Value = serde_json::from_str(&schema()).unwrap();
    jsonschema::meta::validate(&schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for report in [every_shape(), healthy(), nothing_known()] {
        for line in lines(&report) {
            let faults = validator.iter_errors(&line).map(|e| e.to_string());
            let faults: Vec<String> = faults.collect();
            assert!(faults.is_empty(), "{faults:?} {line}");
            let record: Record = serde_json::from_value(line.clone()).unwrap();
            assert_eq!(serde_json::to_value(record).unwrap(), line);
            // It is not a schema that takes anything.
            let mut spoilt = [line.clone(), line.clone(), line.clone()];
            spoilt[0]["extra"] = 1.into();
            spoilt[1]["schema"] = "tcptune.record/2".into();
            spoilt[2]["record"] = "line".into();
            for bad in spoilt {
                assert!(!validator.is_valid(&bad), "{bad}");
            }
            for field in line.as_object().unwrap().keys() {
                let mut less = line.clone();
                less.as_object_mut().unwrap().remove(field);
                assert!(!validator.is_valid(&less), "without {field}");
            }
        }
    }
}

/// What only a look at many hosts, or one that is to be queried, has.
#[test]
fn the_records_of_a_fleet_are_by_the_schema_flat_and_read_back() {
    let labels = [("role", "edge"), ("dc", "k\u{f6}ln")];
    let labels = labels.map(|(key, value)| (key.to_owned(), value.to_owned()));
    let run = Run {
        labels: Labels(labels.into()),
        snapshot: Some("hosts/web-07.json".to_owned()),
        ..run()
    };
    let setting = SettingRecord {
        key: "net.core.somaxconn".to_owned(),
        live: Some("128".to_owned()),
        next_boot: Some("4096".to_owned()),
        default: None,
        boot_changes: Some(true),
        next_boot_file: Some("/etc/sysctl.conf".to_owned()),
        next_boot_line: Some(7),
    };
    let unreadable = UnreadableRecord {
        snapshot: "hosts/x.json".to_owned(),
        error: "cut off".to_owned(),
        help: None,
    };
    let text = page(|out| {
        ndjson_with(&healthy(), &run, vec![setting], out)?;
        ndjson_unreadable(unreadable, &run, out)?;
        ndjson_fleet(FleetRecord::default(), &run, out)
    });
    let schema: Value = serde_json::from_str(&schema()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for line in text.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let faults: Vec<String> = validator
            .iter_errors(&line)
            .map(|e| e.to_string())
            .collect();
        assert!(faults.is_empty(), "{faults:?} {line}");
        assert_eq!(line["label_role"], "edge");
        let mut other = line.clone();
        other["label_role"] = 7.into();
        assert!(!validator.is_valid(&other), "{other}");
        let record: Record = serde_json::from_value(line.clone()).unwrap();
        assert_eq!(serde_json::to_value(record).unwrap(), line);
        let fields = line.as_object().unwrap();
        assert!(
            fields
                .values()
                .all(|value| !value.is_object() && !value.is_array()),
            "{line}"
        );
    }
    let lines: Vec<&str> = text.lines().collect();
    holds_screen(
        "check-fleet.ndjson",
        &format!("{}\n", lines[lines.len() - 4..].join("\n")),
    );
}

#[test]
fn every_field_of_the_schema_is_described() {
    fn walk(value: &Value, path: &str) {
        if let Some(fields) = value.get("properties").and_then(|v| v.as_object()) {
            for (name, field) in fields {
                let said = field.get("description").is_some() || field.get("const").is_some();
                assert!(said, "{path}/{name}");
            }
        }
        match value {
            Value::Object(parts) => parts
                .iter()
                .for_each(|(name, part)| walk(part, &format!("{path}/{name}"))),
            Value::Array(parts) => parts.iter().for_each(|part| walk(part, path)),
            _ => {}
        }
    }
    walk(&serde_json::from_str(&schema()).unwrap(), "");
}

#[test]
fn each_line_stands_alone_and_is_flat() {
    for line in lines(&every_shape()) {
        let fields = line.as_object().unwrap();
        assert_eq!(fields["schema"], RECORD_SCHEMA);
        assert_eq!(fields["run_id"], run().id);
        assert_eq!(fields["time"], "2026-11-22T02:41:07Z");
        assert_eq!(fields["host"], "web-07");
        for (name, value) in fields {
            assert!(!value.is_object() && !value.is_array(), "{name}: {value}");
        }
    }
}

/// A stream that was cut off is told from one that ended: by the last line, and by its count.
#[test]
fn the_stream_begins_with_the_run_has_each_rule_once_and_ends_with_the_counts() {
    for report in [every_shape(), healthy(), nothing_known()] {
        let lines = lines(&report);
        let kinds: Vec<&str> = lines
            .iter()
            .map(|line| line["record"].as_str().unwrap())
            .collect();
        assert_eq!((kinds[0], kinds[kinds.len() - 1]), ("run", "summary"));
        let of = |word: &str| kinds.iter().filter(|kind| **kind == word).count() as u64;
        assert_eq!((of("run"), of("summary")), (1, 1));
        let summary = &lines[lines.len() - 1];
        assert_eq!(summary["records"], lines.len());
        assert_eq!(summary["rules"], of("rule"));
        assert_eq!(summary["wanted"], of("wanted"));
        let mut results: BTreeMap<&str, u64> = BTreeMap::new();
        let mut rules = Vec::new();
        for line in lines.iter().filter(|line| line["record"] == "rule") {
            *results.entry(line["result"].as_str().unwrap()).or_default() += 1;
            rules.push(line["rule"].as_str().unwrap());
        }
        for word in ["past", "waived", "holds", "unknown", "not_applicable"] {
            assert_eq!(summary[word], results.get(word).copied().unwrap_or(0));
        }
        let fires = ["high", "medium", "low", "info"].map(|word| summary[word].as_u64().unwrap());
        let fires: u64 = fires.iter().sum();
        assert_eq!(fires, results.get("fires").copied().unwrap_or(0));
        let judged = rules.len();
        rules.sort_unstable();
        rules.dedup();
        assert_eq!(rules.len(), judged);
    }
}
