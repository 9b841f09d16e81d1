//! The statistics files of `/proc/net`, as facts.
//!
//! A file that cannot be read makes its own facts unknown and no others; a field that a file lacks is absent.

use crate::catalog;
use crate::fact::parse;
use crate::fact::{Reading, Sample, Value, vocabulary};

use super::collect::{Needs, Source};
use super::errno::io_name;
use super::file;

/// Reads what is asked for of `netstat`, `snmp`, `sockstat`, `sockstat6`, `softnet_stat` and
/// `stat/nf_conntrack`.
pub(super) fn collect(source: &Source, needs: &Needs, sample: &mut Sample) {
    if needs.any("counter.") || needs.any("gauge.") {
        for name in ["netstat", "snmp"] {
            counters(source, needs, name, sample);
        }
    }
    if needs.any("sockstat.") {
        for name in ["sockstat", "sockstat6"] {
            let read = file::text(&source.net().join(name)).map(|text| parse::sockstat(&text));
            let refused = match read {
                Ok(fields) => {
                    for (field, reading) in fields {
                        let fact = format!("sockstat.{field}");
                        if needs.has(&fact) {
                            sample.readings.insert(fact, reading.map(Value::Int));
                        }
                    }
                    None
                }
                Err(error) => Some(io_name(&error)),
            };
            missing(needs, &format!("/proc/net/{name}"), refused, sample);
        }
    }
    if needs.any("softnet.") {
        let refused = match file::text(&source.net().join("softnet_stat")) {
            Ok(text) => {
                softnet(&text, sample);
                None
            }
            Err(error) => Some(io_name(&error)),
        };
        missing(needs, "/proc/net/softnet_stat", refused, sample);
    }
    // Without connection tracking there is no such file.
    if needs.any("conntrack.") {
        let refused = match file::text(&source.net().join("stat/nf_conntrack")) {
            Ok(text) => {
                conntrack(&text, sample);
                None
            }
            Err(error) => Some(io_name(&error)),
        };
        missing(needs, "/proc/net/stat/nf_conntrack", refused, sample);
    }
}

fn conntrack(text: &str, sample: &mut Sample) {
    let found = parse::conntrack_stat(text);
    let columns = [
        ("drop", found.drop),
        ("early_drop", found.early_drop),
        ("insert_failed", found.insert_failed),
    ];
    for (name, reading) in columns {
        sample
            .readings
            .insert(format!("conntrack.{name}"), reading.map(Value::Int));
    }
}

fn counters(source: &Source, needs: &Needs, name: &str, sample: &mut Sample) {
    let path = source.net().join(name);
    let refused = match file::text(&path) {
        Ok(text) => {
            // The kernel has hundreds, and few are asked for: one buffer serves all names.
            let mut fact = String::new();
            parse::visit_counters(&text, |proto, field, reading| {
                let gauge = catalog::counter(proto, field).is_some_and(|spec| spec.gauge);
                fact.clear();
                push_fact(&mut fact, gauge, proto, field);
                if needs.has(&fact) {
                    let reading = reading.map(Value::Int);
                    sample.readings.insert(fact.clone(), reading);
                }
            });
            None
        }
        Err(error) => Some(io_name(&error)),
    };
    if let Some(errno) = &refused {
        let path = path.display();
        let note = format!("kernel counters cannot be read: {path}: {errno}");
        sample.notes.push(note);
    }
    let mut note = |fact: String| {
        let reading = || refused.clone().map_or(Reading::Absent, Reading::Denied);
        sample.readings.entry(fact).or_insert_with(reading);
    };
    // `netstat` holds the extensions: TcpExt, IpExt, MPTcpExt.
    let here = |proto: &str| proto.ends_with("Ext") == (name == "netstat");
    match needs {
        Needs::Facts(facts) => facts
            .iter()
            .filter(|fact| {
                let counter = fact.strip_prefix("counter.");
                let rest = counter.or_else(|| fact.strip_prefix("gauge."));
                let proto = rest.and_then(|rest| rest.split_once('.'));
                proto.is_some_and(|(proto, _)| here(proto))
            })
            .for_each(|fact| note(fact.clone())),
        Needs::Everything => catalog::counters()
            .iter()
            .filter(|spec| !spec.name.contains('*') && here(spec.proto))
            .for_each(|spec| {
                let mut fact = String::new();
                push_fact(&mut fact, spec.gauge, spec.proto, spec.name);
                note(fact);
            }),
    }
}

fn push_fact(fact: &mut String, gauge: bool, proto: &str, field: &str) {
    fact.push_str(if gauge { "gauge." } else { "counter." });
    fact.push_str(proto);
    fact.push('.');
    fact.push_str(field);
}

fn softnet(text: &str, sample: &mut Sample) {
    let softnet = parse::softnet_stat(text);
    let columns = [
        ("processed", softnet.processed),
        ("dropped", softnet.dropped),
        ("time_squeeze", softnet.time_squeeze),
        ("received_rps", softnet.received_rps),
        ("flow_limit", softnet.flow_limit),
    ];
    for (name, reading) in columns {
        sample
            .readings
            .insert(format!("softnet.{name}"), reading.map(Value::Int));
    }
}

/// Notes the facts of a file that were asked for and are not in it. A file that does not exist is a
/// kernel without the feature, as one without IPv6 has no `sockstat6`.
fn missing(needs: &Needs, file: &str, refused: Option<String>, sample: &mut Sample) {
    let reading = match refused {
        Some(errno) if errno != "ENOENT" => Reading::Denied(errno),
        _ => Reading::Absent,
    };
    for spec in vocabulary().filter(|spec| spec.source == file && needs.has(spec.name)) {
        sample
            .readings
            .entry(spec.name.to_owned())
            .or_insert_with(|| reading.clone());
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;

    use super::*;

    fn sampled(files: &[(&str, &str)], facts: &[&str]) -> Sample {
        let tree = tempfile::tempdir().unwrap();
        fs::create_dir(tree.path().join("net")).unwrap();
        for (name, text) in files {
            fs::write(tree.path().join("net").join(name), text).unwrap();
        }
        let wanted: BTreeSet<String> = facts.iter().map(|fact| (*fact).to_owned()).collect();
        let mut sample = Sample::default();
        let source = Source::recorded(tree.path());
        collect(&source, &Needs::Facts(wanted), &mut sample);
        sample
    }

    #[test]
    fn only_what_was_asked_for_is_kept() {
        let netstat = "TcpExt: ListenDrops ListenOverflows\nTcpExt: 4 3\n";
        let sample = sampled(&[("netstat", netstat)], &["counter.TcpExt.ListenDrops"]);
        assert_eq!(sample.readings.len(), 1);
        let drops = &sample.readings["counter.TcpExt.ListenDrops"];
        assert_eq!(*drops, Reading::Known(Value::Int(4)));
    }

    #[test]
    fn a_counter_that_the_file_lacks_is_absent_and_one_of_a_refused_file_is_denied() {
        let (drops, opens) = ("counter.TcpExt.ListenDrops", "counter.Tcp.PassiveOpens");
        let sample = sampled(&[("netstat", "TcpExt: A\nTcpExt: 4\n")], &[drops, opens]);
        assert_eq!(sample.readings[drops], Reading::Absent);
        let denied = Reading::Denied("ENOENT".to_owned());
        assert_eq!(sample.readings[opens], denied);
        assert_eq!(sample.notes.len(), 1, "{:?}", sample.notes);
        assert!(sample.notes[0].ends_with("net/snmp: ENOENT"));
    }

    #[test]
    fn without_ipv6_its_gauges_are_absent() {
        let facts = ["sockstat.TCP.inuse", "sockstat.TCP6.inuse"];
        let sample = sampled(&[("sockstat", "TCP: inuse 5\n")], &facts);
        assert_eq!(sample.readings[facts[0]], Reading::Known(Value::Int(5)));
        assert_eq!(sample.readings[facts[1]], Reading::Absent);
    }

    #[test]
    fn without_connection_tracking_its_counters_are_absent() {
        let facts = ["conntrack.drop", "conntrack.early_drop"];
        let sample = sampled(&[], &facts);
        assert_eq!(sample.readings[facts[0]], Reading::Absent);
        let tree = tempfile::tempdir().unwrap();
        fs::create_dir_all(tree.path().join("net/stat")).unwrap();
        let file = tree.path().join("net/stat/nf_conntrack");
        fs::write(file, "entries drop\n1 a\n1 1\n").unwrap();
        let mut sample = Sample::default();
        let source = Source::recorded(tree.path());
        collect(&source, &Needs::Everything, &mut sample);
        assert_eq!(sample.readings[facts[0]], Reading::Known(Value::Int(11)));
        assert_eq!(sample.readings[facts[1]], Reading::Absent);
    }

    #[test]
    fn a_file_that_is_none_is_refused_not_absent() {
        let tree = tempfile::tempdir().unwrap();
        fs::create_dir_all(tree.path().join("net/softnet_stat")).unwrap();
        let mut sample = Sample::default();
        let source = Source::recorded(tree.path());
        collect(&source, &Needs::Everything, &mut sample);
        let dropped = &sample.readings["softnet.dropped"];
        assert!(matches!(dropped, Reading::Denied(_)), "{dropped:?}");
    }
}
