//! The facts of lines and keys of the boot configuration.

use super::*;
use crate::fact::boot::{
    Boot, BootSetting, Definition, Engine, Fate, Forecast, Outcome, Place, Writer,
};
use crate::fact::{Host, KernelVersion};

const FIN: &str = "net.ipv4.tcp_fin_timeout";

fn place(file: &str, line: u32) -> Place {
    Place {
        file: file.to_owned(),
        line: Some(line),
    }
}

fn line(file: &str, number: u32, key: &str, value: Option<&str>) -> Definition {
    Definition {
        place: place(file, number),
        key: key.to_owned(),
        value: value.map(str::to_owned),
        lenient: false,
        outcome: Outcome {
            fate: Fate::Wins,
            by: None,
            why: None,
        },
        unread: false,
    }
}

fn setting(next_boot: Forecast, system_now: Forecast, claims: &[usize]) -> BootSetting {
    let outcome = line("", 1, "", None).outcome;
    BootSetting {
        next_boot,
        set_by: claims.last().copied(),
        system_now,
        system_by: claims.first().copied(),
        claims: claims.iter().map(|at| (*at, outcome.clone())).collect(),
    }
}

fn boot(definitions: Vec<Definition>, settings: Vec<(&str, BootSetting)>) -> Boot {
    let named = |(key, setting): (&str, BootSetting)| (key.to_owned(), setting);
    Boot {
        engine: Engine::Systemd,
        decided: "test".to_owned(),
        definitions,
        settings: settings.into_iter().map(named).collect(),
        writers: Vec::new(),
        notes: Vec::new(),
    }
}

fn snapshot(release: &str, boot: Option<Boot>, readings: &[(&str, Value)]) -> Snapshot {
    let now = Sample {
        host: Host {
            kernel: KernelVersion::parse(release),
            ..Host::default()
        },
        boot,
        readings: readings
            .iter()
            .map(|(fact, value)| ((*fact).to_owned(), Reading::Known(value.clone())))
            .collect(),
        ..Sample::default()
    };
    Snapshot::new(None, now)
}

fn shown(lookup: Lookup) -> String {
    match lookup {
        Lookup::Value(value) => value.to_string(),
        Lookup::Missing(missing) => format!("({})", missing.why),
    }
}

/// A fact of each subject, in order.
fn each(subjects: Option<Vec<SubjectView<'_>>>, view: &View<'_>, fact: &str) -> Vec<String> {
    let subjects = subjects.unwrap();
    subjects
        .into_iter()
        .map(|one| shown(view.of(one).value(fact)))
        .collect()
}

#[test]
fn a_default_is_what_the_host_found_out_else_what_the_catalogue_knows() {
    let found = snapshot(
        "6.12.0",
        None,
        &[("default.net.core.somaxconn", Value::Int(77))],
    );
    assert_eq!(
        shown(View::new(&found).value("default.net.core.somaxconn")),
        "77"
    );
    let value = |release, fact| shown(View::new(&snapshot(release, None, &[])).value(fact));
    assert_eq!(value("6.12.0", "default.net.core.somaxconn"), "4096");
    assert_eq!(value("4.18.0", "default.net.core.somaxconn"), "128");
    let unknown = value("6.12.0", "default.net.ipv4.tcp_mem");
    assert!(unknown.contains("not known"), "{unknown}");
}

#[test]
fn what_no_file_touches_is_the_default_after_the_next_boot() {
    let boot = boot(
        vec![line("/etc/sysctl.d/a.conf", 1, FIN, Some("20"))],
        vec![
            (
                FIN,
                setting(Forecast::Value(Value::Int(20)), Forecast::Untouched, &[0]),
            ),
            (
                "net.ipv4.tcp_sack",
                setting(Forecast::Untouched, Forecast::Untouched, &[]),
            ),
            (
                "net.ipv4.tcp_retries2",
                setting(
                    Forecast::Unknown("a hazard".to_owned()),
                    Forecast::Untouched,
                    &[],
                ),
            ),
        ],
    );
    let known = snapshot("6.12.0", Some(boot), &[]);
    let view = View::new(&known);
    assert_eq!(shown(view.value("boot.net.ipv4.tcp_fin_timeout")), "20");
    assert_eq!(shown(view.value("boot.net.ipv4.tcp_sack")), "1");
    assert_eq!(shown(view.value("boot.net.core.somaxconn")), "4096");
    assert_eq!(
        shown(view.value("boot.net.ipv4.tcp_retries2")),
        "(not collected (a hazard))"
    );
}

#[test]
fn without_boot_configuration_the_reason_is_told() {
    let mut unread = snapshot("6.12.0", None, &[]);
    let fact = "boot.net.ipv4.tcp_sack";
    assert!(shown(View::new(&unread).value(fact)).contains("was not read"));
    let why = Reading::Denied("no boot configuration was given; --root".to_owned());
    unread
        .now
        .readings
        .insert("host.boot_files".to_owned(), why);
    assert!(shown(View::new(&unread).value(fact)).contains("--root"));
    assert!(View::new(&unread).definitions().is_none());
    assert!(View::new(&unread).settings().is_none());
}

#[test]
fn a_line_knows_what_stands_in_its_way() {
    let mut lines = vec![
        line("/etc/sysctl.d/a.conf", 1, FIN, Some(" 20 \t 3")),
        line("/etc/sysctl.d/a.conf", 2, "vm.swappiness", Some("1")),
        line("/etc/sysctl.d/a.conf", 3, FIN, Some("30")),
        line("/usr/lib/sysctl.d/b", 1, "net.made.up", None),
    ];
    lines[0].outcome.fate = Fate::Shadowed;
    lines[0].outcome.by = Some(place("/etc/sysctl.d/a.conf", 3));
    let known = snapshot(
        "6.12.0",
        Some(boot(
            lines,
            vec![(
                FIN,
                setting(
                    Forecast::Value(Value::Int(30)),
                    Forecast::Untouched,
                    &[0, 2],
                ),
            )],
        )),
        &[],
    );
    let view = View::new(&known);
    let facts = |fact: &str| each(view.definitions(), &view, &format!("definition.{fact}"));
    // Keys of other parts of the kernel are nobody's subject here.
    assert_eq!(
        facts("place"),
        [
            "/etc/sysctl.d/a.conf:1",
            "/etc/sysctl.d/a.conf:3",
            "/usr/lib/sysctl.d/b:1"
        ]
    );
    assert_eq!(facts("value"), ["20 3", "30", "(absent)"]);
    assert_eq!(facts("fate"), ["shadowed", "wins", "wins"]);
    assert_eq!(facts("by_value"), ["30", "(absent)", "(absent)"]);
    assert_eq!(facts("duplicate"), ["1", "0", "0"]);
    assert_eq!(
        facts("duplicate_of"),
        ["/etc/sysctl.d/a.conf:3", "(absent)", "(absent)"]
    );
    assert_eq!(facts("in_force"), ["0", "1", "0"]);
    assert_eq!(facts("vendor"), ["0", "0", "1"]);
    assert_eq!(facts("default"), ["60", "60", "(absent)"]);
}

#[test]
fn a_key_has_four_values_and_their_places() {
    let lines = vec![
        line("/etc/sysctl.conf", 1, FIN, Some("20")),
        line("/etc/sysctl.d/a.conf", 1, FIN, Some("30")),
        line(
            "/etc/sysctl.d/a.conf",
            2,
            "net.ipv4.conf.eth0.rp_filter",
            Some("2"),
        ),
    ];
    let next = setting(
        Forecast::Value(Value::Int(30)),
        Forecast::Value(Value::Int(20)),
        &[0, 1],
    );
    let mut boot = boot(
        lines,
        vec![
            (FIN, next),
            (
                "net.ipv4.conf.eth0.rp_filter",
                setting(Forecast::Value(Value::Int(2)), Forecast::Untouched, &[2]),
            ),
        ],
    );
    boot.writers.push(Writer {
        name: "tuned profile web".to_owned(),
        place: place("/etc/tuned/web/tuned.conf", 1),
        sets: [("net.core.somaxconn".to_owned(), None)].into(),
    });
    let live = [
        ("sysctl.net.ipv4.tcp_fin_timeout", Value::Int(25)),
        ("sysctl.net.core.somaxconn", Value::Int(8192)),
    ];
    let known = snapshot("6.12.0", Some(boot), &live);
    let view = View::new(&known);
    let facts = |fact: &str| each(view.settings(), &view, &format!("setting.{fact}"));
    assert_eq!(
        facts("key"),
        ["net.core.somaxconn", "net.ipv4.conf.eth0.rp_filter", FIN]
    );
    assert_eq!(
        facts("live"),
        ["8192", "(not collected (not in this snapshot))", "25"]
    );
    assert_eq!(facts("next_boot"), ["4096", "2", "30"]);
    assert_eq!(
        facts("system_now"),
        ["8192", "(not collected (not in this snapshot))", "20"]
    );
    assert_eq!(facts("default")[2], "60");
    assert_eq!(
        facts("set_by"),
        [
            "(absent)",
            "/etc/sysctl.d/a.conf:2",
            "/etc/sysctl.d/a.conf:1"
        ]
    );
    assert_eq!(
        facts("system_by"),
        ["(absent)", "/etc/sysctl.d/a.conf:2", "/etc/sysctl.conf:1"]
    );
    assert_eq!(facts("vanishes"), ["1", "0", "0"]);
    assert_eq!(
        facts("changes"),
        ["0", "(not collected (not in this snapshot))", "1"]
    );
    assert_eq!(
        facts("writer"),
        ["tuned profile web", "(absent)", "(absent)"]
    );
    assert_eq!(facts("interface"), ["0", "1", "0"]);
}

#[test]
fn a_limit_below_the_default_is_told_for_what_is_set_now() {
    let live = [
        ("sysctl.net.core.somaxconn", Value::Int(128)),
        ("sysctl.net.ipv4.tcp_fin_timeout", Value::Int(20)),
        ("sysctl.net.ipv4.tcp_max_syn_backlog", Value::Int(64)),
    ];
    let told = |release: &str, live: &[(&str, Value)]| {
        let known = snapshot(release, Some(boot(Vec::new(), Vec::new())), live);
        let view = View::new(&known);
        let keys = each(view.settings(), &view, "setting.key");
        let below = each(view.settings(), &view, "setting.below_default");
        keys.into_iter().zip(below).collect::<Vec<_>>()
    };
    let flag = |key: &str, on: &str| (key.to_owned(), on.to_owned());
    let backlog = "net.ipv4.tcp_max_syn_backlog";
    // A shorter time-out is no lower limit, and a default that follows the memory is not known here.
    let expected = [
        flag("net.core.somaxconn", "1"),
        flag(FIN, "0"),
        flag(backlog, "0"),
    ];
    assert_eq!(told("6.12.0", &live), expected);
    // 128 was the default before 5.4.
    assert_eq!(told("4.18.0", &live)[0], flag("net.core.somaxconn", "0"));
    let equal = [("sysctl.net.core.somaxconn", Value::Int(4096))];
    assert_eq!(told("6.12.0", &equal), [flag("net.core.somaxconn", "0")]);
    let asked = [
        ("sysctl.net.core.somaxconn", Value::Int(128)),
        ("default.net.core.somaxconn", Value::Int(100)),
    ];
    assert_eq!(told("6.12.0", &asked), [flag("net.core.somaxconn", "0")]);
}

#[test]
fn a_thousand_faults_are_counted_and_two_hundred_listed() {
    let lines = (1..=1000).map(|number| line("/etc/sysctl.d/a.conf", number, FIN, Some("21k")));
    let known = snapshot("6.12.0", Some(boot(lines.collect(), Vec::new())), &[]);
    let file = crate::rule::RuleFile {
        name: "x.yaml".to_owned(),
        mechanism: "m".to_owned(),
        text: "id: x\ntitle: t\nseverity: low\nkind: setting\nmaturity: preview\nscope: host\nowner: host\n\
               each: definition\nwhen: has(definition.ineffective)\nmessage: \"{definition.place}\"\n"
            .to_owned(),
    };
    let rule = crate::rule::parse_rule(&file).unwrap();
    let verdict = crate::check::judge(&rule, &View::new(&known));
    let crate::check::Verdict::Fires(finding) = verdict else {
        panic!("{verdict:?}");
    };
    assert_eq!((finding.others, finding.instances.len()), (999, 200));
    assert_eq!(finding.message, "/etc/sysctl.d/a.conf:1");
    assert_eq!(finding.instances[199].message, "/etc/sysctl.d/a.conf:200");
    assert_eq!(finding.instances[0].value.as_deref(), Some("21k"));
}
