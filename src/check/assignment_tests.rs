use super::*;
use crate::fact::KernelVersion;

fn target(release: &str) -> Target {
    Target {
        name: release.to_owned(),
        kernel: KernelVersion::parse(release).unwrap(),
    }
}

fn line(key: &str, value: &str) -> Assigned {
    Assigned {
        file: "a.conf".to_owned(),
        line: 1,
        key: key.to_owned(),
        value: Some(value.to_owned()),
        syntax: "conf",
        flaw: None,
        commented: false,
        dynamic: false,
        pod: false,
        stated_default: None,
        loaded: true,
        branch: None,
    }
}

fn all(lines: Vec<Assigned>, kernels: &[&str]) -> Assignments {
    Assignments {
        lines,
        targets: kernels.iter().map(|release| target(release)).collect(),
        kubernetes: None,
    }
}

fn text(one: Assigned, kernels: &[&str], fact: &str) -> Option<String> {
    let all = all(vec![one], kernels);
    assignments(&all)[0].value(fact).into_text()
}

fn flag(one: Assigned, kernels: &[&str], fact: &str) -> bool {
    let all = all(vec![one], kernels);
    assignments(&all)[0].value(fact) == Lookup::Value(Value::Bool(true))
}

#[test]
fn gone_is_gone_on_every_kernel_asked_for() {
    let recycle = || line("net.ipv4.tcp_tw_recycle", "1");
    let removed = |kernels: &[&str]| flag(recycle(), kernels, "assignment.removed");
    assert!(removed(&["4.12.0", "6.1.0"]));
    assert!(!removed(&["4.11.0", "6.1.0"]) && !removed(&[]));
    let on = text(recycle(), &["4.11.0", "6.1.0"], "assignment.removed_on");
    assert_eq!(on.as_deref(), Some("6.1.0"));
    assert_eq!(text(recycle(), &["4.11.0"], "assignment.removed_on"), None);
}

#[test]
fn what_a_kernel_refuses_goes_by_its_release() {
    let refused = |key, value, kernels: &[&str]| {
        text(line(key, value), kernels, "assignment.refused").unwrap_or_default()
    };
    let retries = "net.ipv4.tcp_retries2";
    let bound = "256 is outside 0 to 255, which is what the kernel accepts";
    assert_eq!(
        refused(retries, "256", &["5.13.0", "6.1.0"]),
        format!("{bound}: it is refused")
    );
    assert_eq!(
        refused(retries, "256", &["4.18.0-0.el8.x86_64", "6.1.0"]),
        format!("{bound} from Linux 5.13 on: it is refused")
    );
    assert_eq!(refused(retries, "256", &["5.10.0"]), "");
    assert_eq!(
        refused("net.ipv4.tcp_ecn", "3", &["6.12.0", "6.19.0"]),
        "3 is outside 0 to 2, which is what the kernel accepts from Linux 6.12 on and before 6.19: it is refused"
    );
    let rhel_7 = "3.10.0-1160.el7.x86_64";
    assert_eq!(
        refused("net.core.somaxconn", "100000", &[rhel_7, "6.1.0"]),
        format!(
            "100000 is outside 0 to 65535, which is what the kernel accepts on {rhel_7}: it is refused"
        )
    );
    assert_eq!(
        refused("net.ipv4.tcp_reordering", "500", &["6.12.0"]),
        "500 is above net.ipv4.tcp_max_reordering, which is 300 by default: it is refused"
    );
    // What 5 means to a kernel that checks nothing is not known.
    let reuse = text(
        line("net.ipv4.tcp_tw_reuse", "5"),
        &[rhel_7],
        "assignment.ineffective",
    );
    assert_eq!(reuse, None);
}

#[test]
fn a_bound_that_is_another_key_is_what_an_earlier_line_sets_it_to() {
    let lines = |most: &str, dynamic| {
        let mut bound = line("net.ipv4.tcp_max_reordering", most);
        bound.dynamic = dynamic;
        let all = all(
            vec![bound, line("net.ipv4.tcp_reordering", "500")],
            &["6.12.0"],
        );
        assignments(&all)[1].value("assignment.refused").into_text()
    };
    assert_eq!(lines("1000", false), None);
    assert_eq!(lines("$MOST", true), None);
    let above = "500 is above net.ipv4.tcp_max_reordering, which is 400: it is refused";
    assert_eq!(lines("400", false).as_deref(), Some(above));
}

#[test]
fn a_key_is_one_for_the_machine_where_a_kernel_asked_for_has_it_so() {
    let host_wide = |key, kernels: &[&str]| flag(line(key, "1"), kernels, "assignment.host_wide");
    let retries = "net.ipv4.tcp_retries2";
    assert!(host_wide(retries, &["4.4.0", "6.1.0"]));
    assert!(!host_wide(retries, &["4.6.0", "6.1.0"]));
    assert!(!host_wide(retries, &["3.10.0-1160.el7.x86_64"]));
    assert!(host_wide("net.ipv4.tcp_max_orphans", &["6.1.0"]));
}

#[test]
fn a_key_that_is_gone_is_named_and_never_proposed() {
    let of = |key, kernels: &[&str]| {
        let fact = |fact| text(line(key, "1"), kernels, fact);
        let (gone, corrected) = ("assignment.nearest_gone", "assignment.corrected");
        (fact("assignment.nearest"), fact(gone), fact(corrected))
    };
    let some = |text: &str| Some(text.to_owned());
    for key in [
        "net.ipv4.tcp_tw_recyle",
        "net.ipv4.tw_recycle",
        "net.ipv4.tcp_recycle",
    ] {
        for kernels in [&["6.1.0"][..], &["3.10.0"], &["3.10.0", "6.1.0"]] {
            let (near, gone, corrected) = of(key, kernels);
            assert_eq!(near, some("net.ipv4.tcp_tw_recycle"), "{key}");
            assert_eq!(gone, some("Linux 4.12 removed it"), "{key}");
            assert_eq!(corrected, None, "{key}");
        }
    }
    let low = "net.ipv4.tcp_lowlatency";
    let (_, gone, corrected) = of(low, &["6.1.0"]);
    assert_eq!(
        (gone, corrected),
        (some("Linux has ignored it since 4.14"), None)
    );
    let (_, gone, corrected) = of(low, &["4.4.0", "6.1.0"]);
    assert_eq!(
        (gone, corrected),
        (None, some("net.ipv4.tcp_low_latency = 1"))
    );
    // What took its place is of use.
    let (_, _, corrected) = of("net.ipv4.ip_contrack_max", &["6.1.0"]);
    assert_eq!(corrected, some("net.netfilter.nf_conntrack_max = 1"));
}

#[test]
fn kernels_of_a_range_have_one_name() {
    let list = ["4.10", "4.12", "4.13", "4.14"].map(target);
    assert_eq!(named(&list, |_| true), ["4.10 to 4.14"]);
    assert_eq!(named(&list, |one| one.kernel.minor > 10), ["4.12 to 4.14"]);
    assert_eq!(
        named(&list, |one| one.kernel.minor % 2 == 0),
        ["4.10", "4.12", "4.14"]
    );
    assert!(named(&list, |_| false).is_empty());
    let mut names = list.to_vec();
    names[1].name = "Debian".to_owned();
    assert_eq!(named(&names, |_| true), ["4.10", "Debian", "4.13", "4.14"]);
}

#[test]
fn a_vendor_kernel_is_not_said_to_lack_a_newer_key() {
    let migrate = || line("net.ipv4.tcp_migrate_req", "1");
    let absent = |kernel| text(migrate(), &[kernel], "assignment.absent_on");
    assert_eq!(absent("5.10.0").as_deref(), Some("5.10.0"));
    assert_eq!(absent("4.18.0-553.el8_10.x86_64"), None);
    assert_eq!(absent("6.1.0"), None);
}

#[test]
fn the_last_line_of_a_key_counts() {
    let key = "net.ipv4.tcp_timestamps";
    let set = |lines: Vec<Assigned>| {
        settings_of(&all(lines, &[])).remove("sysctl.net.ipv4.tcp_timestamps")
    };
    let two = || vec![line(key, "0"), line(key, "1")];
    assert_eq!(set(two()), Some(Reading::Known(Value::Int(1))));
    let mut lines = two();
    lines[1].commented = true;
    assert_eq!(set(lines), Some(Reading::Known(Value::Int(0))));
    let mut lines = two();
    lines[1].dynamic = true;
    assert_eq!(set(lines), None);
    let mut lines = two();
    lines[0].syntax = "prose";
    lines[1].syntax = "prose";
    assert_eq!(set(lines), None);
    assert_eq!(set(vec![line(key, "yes")]), None);
}

#[test]
fn a_key_of_no_line_is_absent_and_one_of_a_variable_unknown() {
    let key = "net.ipv4.tcp_sack";
    let why = |lines| match unset(&keys_of(&all(lines, &[])), "sysctl.net.ipv4.tcp_sack", key) {
        Lookup::Missing(missing) => missing.why,
        Lookup::Value(value) => panic!("{value}"),
    };
    assert_eq!(why(Vec::new()), Why::Absent);
    let mut dynamic = line(key, "$SACK");
    dynamic.dynamic = true;
    assert!(matches!(why(vec![dynamic]), Why::NotCollected(_)));
}

#[test]
fn slips_are_mended_in_the_manner_of_the_line() {
    let corrected = |one| text(one, &["6.1.0"], "assignment.corrected");
    let mut flawed = line("net.ipv4.tcp_sack", "\"1\"");
    flawed.flaw = Some("quotes");
    assert_eq!(corrected(flawed).as_deref(), Some("net.ipv4.tcp_sack = 1"));
    let mut flawed = line("net.ipv4.tcp_fin_timeout", "30 # was 60");
    flawed.flaw = Some("trailing-comment");
    let mended = corrected(flawed);
    assert_eq!(mended.as_deref(), Some("net.ipv4.tcp_fin_timeout = 30"));
    let mut flawed = line("net.ipv4.tcp_rme", "4096 131072 6291456");
    flawed.syntax = "command";
    let mended = corrected(flawed);
    assert_eq!(
        mended.as_deref(),
        Some("sysctl -w net.ipv4.tcp_rmem=\"4096 131072 6291456\"")
    );
    let slip = line("net.ipv4.conf.eth0.rp_fliter", "1");
    assert_eq!(
        corrected(slip).as_deref(),
        Some("net.ipv4.conf.eth0.rp_filter = 1")
    );
    let mut stray = line("net.ipv4.tcp_sack", "1");
    (stray.syntax, stray.flaw) = ("command", Some("command-in-conf"));
    assert_eq!(corrected(stray).as_deref(), Some("net.ipv4.tcp_sack = 1"));
    let mut unknown = line("net.ipv4.entirely_else", "\"1\"");
    unknown.flaw = Some("quotes");
    assert_eq!(corrected(unknown), None);
    let short = Assigned {
        flaw: Some("trailing-comment"),
        ..line("net.ipv4.tcp_rmem", "4096 131072 # two of three")
    };
    assert_eq!(corrected(short), None);
    assert_eq!(corrected(line("net.ipv4.tcp_sack", "1")), None);
    assert_eq!(corrected(line("net.ipv4.entirely_else", "1")), None);
}

#[test]
fn a_secret_is_never_shown() {
    let secret = catalog::keys().iter().find(|spec| spec.secret).unwrap();
    let key = secret.key.replace('*', "eth0");
    let facts = crate::fact::vocabulary().filter(|spec| spec.name.starts_with("assignment."));
    for fact in facts {
        for flaw in [None, Some("quotes"), Some("blanks")] {
            let mut one = line(&key, "5ec2e7-5ec2e7");
            one.flaw = flaw;
            let all = all(vec![one.clone(), one], &["6.1.0"]);
            let shown = assignments(&all)[0].value(fact.name).into_text();
            let shown = shown.unwrap_or_default();
            assert!(!shown.contains("5ec2e7"), "{}", fact.name);
        }
    }
}

#[test]
fn a_default_is_one_of_every_kernel_asked_for() {
    let somaxconn = |value| line("net.core.somaxconn", value);
    let is_default =
        |value, kernels: &[&str]| flag(somaxconn(value), kernels, "assignment.is_default");
    assert!(is_default("4096", &["5.4.0", "6.1.0"]));
    assert!(!is_default("4096", &["4.18.0", "6.1.0"]) && !is_default("128", &["6.1.0"]));
    let fact = "assignment.below_default_on";
    let below = text(somaxconn("1024"), &["4.18.0", "6.1.0"], fact);
    assert_eq!(below.as_deref(), Some("6.1.0"));
    let below = text(somaxconn("64"), &["4.18.0", "5.4.0", "6.1.0"], fact);
    assert_eq!(below.as_deref(), Some("every kernel asked for"));
    let default = text(somaxconn("64"), &["6.1.0", "4.18.0"], "assignment.default");
    assert_eq!(default.as_deref(), Some("4096"));
}

#[test]
fn pods_are_judged_by_the_release_of_kubernetes() {
    let unsafe_in = |key: &str, release| {
        let mut one = line(key, "1");
        one.pod = true;
        let mut all = all(vec![one], &["6.1.0"]);
        all.kubernetes = release;
        assignments(&all)[0].value("assignment.pod_unsafe") == Lookup::Value(Value::Bool(true))
    };
    assert!(unsafe_in("net.ipv4.tcp_keepalive_time", Some((1, 28))));
    assert!(!unsafe_in("net.ipv4.tcp_keepalive_time", Some((1, 29))));
    assert!(!unsafe_in("net.ipv4.tcp_syncookies", Some((1, 20))));
    assert!(unsafe_in("net.core.somaxconn", None) && unsafe_in("net.made.up", None));
    let outside = line("net.core.somaxconn", "1");
    assert!(!flag(outside, &["6.1.0"], "assignment.pod_unsafe"));
}
