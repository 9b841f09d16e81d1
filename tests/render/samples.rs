//! Reports to render: one with every shape, one healthy, one of which nothing is known.

use super::{
    Change, Evidence, Finding, Host, Instance, Kind, Maturity, NotFired, Owner, Period, Profile,
    REPORT_SCHEMA, Reference, Report, Scalar, Scope, SetBy, Severity, Since, Summary, Tool, Unit,
    Verdict, WaivedKey, Waiver, Window,
};

fn report(findings: Vec<Finding>, not_fired: Vec<NotFired>) -> Report {
    Report {
        schema: REPORT_SCHEMA.to_owned(),
        tool: Tool {
            name: "tcptune".to_owned(),
            version: "0.1.0".to_owned(),
        },
        host: Host {
            name: "web-07".to_owned(),
            kernel: "6.1.0-28-amd64".to_owned(),
            boot_id: Some("0a6c1f2e-4f0b-4d53-9a57-6f1f6a9d3f10".to_owned()),
            netns: Some("net:[4026531840]".to_owned()),
            uptime_seconds: Some(3_542_400),
            taken_at_seconds: None,
        },
        window: Window {
            seconds: Some(1.000_3),
            since: Since::Interval,
            remembered_seconds: None,
        },
        profile: None,
        notes: vec!["tcp_tw_recycle does not exist on this kernel (removed in 4.12)".to_owned()],
        summary: Summary::of(&findings, &not_fired),
        findings,
        not_fired,
        wanted: Vec::new(),
    }
}

fn finding(rule: &str, severity: Severity, title: &str, message: &str) -> Finding {
    Finding {
        rule: rule.to_owned(),
        title: title.to_owned(),
        mechanism: "sample".to_owned(),
        severity,
        kind: Kind::Symptom,
        maturity: Maturity::Stable,
        scope: Scope::Netns,
        owner: Owner::Host,
        period: Period::Now,
        message: message.to_owned(),
        evidence: Vec::new(),
        changes: Vec::new(),
        waiting: None,
        advice: None,
        explain: None,
        references: Vec::new(),
        waived: None,
        first: None,
        cost: None,
        others: 0,
        instances: Vec::new(),
        waived_keys: Vec::new(),
    }
}

fn change(key: &str, live: Option<&str>, recommended: &str) -> Change {
    Change {
        key: key.to_owned(),
        scope: Scope::Netns,
        live: live.map(str::to_owned),
        recommended: recommended.to_owned(),
        next_boot: None,
        set_by: None,
        origin: None,
        next_boot_by: None,
        blocked: None,
    }
}

fn evidence(fact: &str, value: Option<Scalar>, unit: Option<Unit>, shown: &str) -> Evidence {
    Evidence {
        fact: fact.to_owned(),
        value,
        unit,
        shown: shown.to_owned(),
        sampled: false,
        error: None,
    }
}

fn not_fired(verdict: Verdict, reason: Option<&str>, rules: &[&str]) -> Vec<NotFired> {
    let one = |rule: &&str| NotFired {
        rule: (*rule).to_owned(),
        verdict,
        reason: reason.map(str::to_owned),
        mechanism: Some("sample".to_owned()),
        severity: Some(Severity::Medium),
    };
    rules.iter().map(one).collect()
}

fn ports_exhausted() -> Finding {
    Finding {
        owner: Owner::Application,
        first: Some("reuse connections to 10.0.3.9:8080 (keep-alive, a pool)".to_owned()),
        cost: Some("16384-32767 are no longer free for services (none listens there)".to_owned()),
        others: 2,
        evidence: vec![
            evidence("destination.used", Some(Scalar::Whole(28_114)), Some(Unit::Count), "28,114"),
            evidence("port.usable", Some(Scalar::Whole(28_232)), Some(Unit::Count), "28,232"),
            Evidence {
                sampled: true,
                error: Some(0.2),
                ..evidence(
                    "percent(destination.time_wait / destination.used)",
                    Some(Scalar::Real(97.1)),
                    Some(Unit::Percent),
                    "~97 % (sampled 20,000 of 512,000, ±0.2 %)",
                )
            },
            evidence("destination.address", Some(Scalar::Text("10.0.3.9:8080".to_owned())), None, "10.0.3.9:8080"),
            evidence("rate(counter.TcpExt.TCPTimeWaitOverflow)", None, Some(Unit::PerSecond), "unknown"),
        ],
        changes: vec![Change {
            next_boot: Some("32768\t60999".to_owned()),
            set_by: Some(SetBy { file: "/etc/sysctl.d/50-net.conf".to_owned(), line: 7 }),
            origin: Some("set by /etc/sysctl.d/50-net.conf:7".to_owned()),
            next_boot_by: Some(SetBy { file: "/etc/sysctl.d/50-net.conf".to_owned(), line: 7 }),
            ..change("net.ipv4.ip_local_port_range", Some("32768\t60999"), "16384 60999")
        }],
        explain: Some(
            "## What happens\nEvery outgoing connection takes one local port for each pair of source and \
             destination.\nA closed one keeps it for 60 s in TIME_WAIT.\n\n## See it yourself\n\n    ss -tan \
             state time-wait | wc -l\n\n- compare with the range\n- per destination, not in total\n"
                .to_owned(),
        ),
        references: vec![
            Reference {
                title: "RFC 6056, Recommendations for Transport-Protocol Port Randomization".to_owned(),
                url: "https://www.rfc-editor.org/rfc/rfc6056".to_owned(),
            },
            Reference {
                title: "ip-sysctl".to_owned(),
                url: "https://docs.kernel.org/networking/ip-sysctl.html".to_owned(),
            },
        ],
        ..finding(
            "ports-exhausted",
            Severity::High,
            "local ports run out towards 10.0.3.9:8080",
            "28,114 of 28,232 ports in use from 10.0.1.7; 97 % are TIME_WAIT",
        )
    }
}

/// What asks for nothing now, and a fault that no setting cures.
fn settled() -> Vec<Finding> {
    vec![
        Finding {
            period: Period::Past,
            ..finding(
                "time-wait-overflow",
                Severity::Low,
                "TIME_WAIT sockets were dropped",
                "2,310 in 41 days, none in this window",
            )
        },
        Finding {
            waived: Some(Waiver {
                reason: "CIS 3.3.8 asks for it".to_owned(),
                until: Some("2027-06-30".to_owned()),
                owner: Some("security".to_owned()),
            }),
            ..finding(
                "timestamps-off",
                Severity::Medium,
                "TCP timestamps are off",
                "tcp_timestamps is 0",
            )
        },
        Finding {
            advice: Some("on a router this is intended".to_owned()),
            ..finding(
                "rp-filter-loose",
                Severity::Info,
                "reverse path filtering is loose",
                "rp_filter is 2 on eth0",
            )
        },
        Finding {
            maturity: Maturity::Preview,
            kind: Kind::Setting,
            advice: Some("remove the line from /etc/sysctl.d/50-net.conf".to_owned()),
            ..finding(
                "tw-recycle-removed",
                Severity::Low,
                "/etc/sysctl.d/50-net.conf:7 does nothing",
                "tcp_tw_recycle was removed in Linux 4.12; the line is ignored at every boot",
            )
        },
        Finding {
            kind: Kind::Setting,
            others: 214,
            instances: (1..=7).map(line).collect(),
            advice: Some("write the number alone".to_owned()),
            ..finding(
                "ineffective-value",
                Severity::Low,
                "/etc/sysctl.d/60-limits.conf:1 does not do what it says",
                &line(1).message,
            )
        },
        Finding {
            kind: Kind::Setting,
            others: 1,
            instances: vec![
                Instance {
                    file: None,
                    line: None,
                    ..line(1)
                },
                Instance {
                    key: "net.ipv4.conf.an-interface-name/4094.accept_source_route".to_owned(),
                    file: Some("/etc/sysctl.d/evil\u{1b}[31m\u{202e}name.conf".to_owned()),
                    value: None,
                    ..line(7)
                },
            ],
            advice: Some("write it into a file".to_owned()),
            ..finding(
                "setting-vanishes-at-boot",
                Severity::Low,
                "net.ipv4.tcp_key_1 goes back at the next boot",
                "no file sets it",
            )
        },
    ]
}

/// A line of the boot configuration at fault.
fn line(number: u64) -> Instance {
    let key = format!("net.ipv4.tcp_key_{number}");
    let file = "/etc/sysctl.d/60-limits.conf";
    Instance {
        message: format!(
            "{file}:{number}: {key} = 21k: `21k` is refused: the kernel knows no units"
        ),
        key,
        file: Some(file.to_owned()),
        line: Some(number),
        value: Some("21k".to_owned()),
    }
}

/// Changes of every kind: blocked, open, not to be undone, wanted twice.
fn with_changes() -> Vec<Finding> {
    vec![
        Finding {
            changes: vec![
                Change {
                    blocked: Some("conflicts with softnet-budget-short, which wants 8000 for the same key".to_owned()),
                    scope: Scope::Host,
                    ..change("net.core.netdev_max_backlog", Some("1000"), "4000")
                },
                Change {
                    blocked: Some(
                        "host-wide, and this is a container: make the change on the host, where its effect on \
                         every other container can be judged"
                            .to_owned(),
                    ),
                    scope: Scope::Host,
                    ..change("net.core.netdev_budget", Some("300"), "600")
                },
            ],
            scope: Scope::Host,
            ..finding(
                "softnet-backlog-drops",
                Severity::Medium,
                "packets are dropped before TCP sees them because the per-CPU backlog is full",
                "1,204 packets dropped in 1 s on 2 of 8 CPUs",
            )
        },
        Finding {
            changes: vec![
                Change {
                    origin: Some("set by hand or by another program".to_owned()),
                    next_boot: Some("4096".to_owned()),
                    ..change("net.core.somaxconn", Some("128"), "4096")
                },
                Change {
                    origin: Some("kernel default".to_owned()),
                    next_boot: Some("2".to_owned()),
                    next_boot_by: Some(SetBy { file: "/etc/sysctl.d/99-later.conf".to_owned(), line: 1 }),
                    ..change("net.ipv4.tcp_abort_on_overflow", Some("1"), "0")
                },
                change("net.ipv4.tcp_max_syn_backlog", None, "4096"),
            ],
            advice: Some("raise `backlog=` in the listen line too; nginx takes the smaller of both".to_owned()),
            cost: Some("about 4 MiB of kernel memory while the queue is full".to_owned()),
            ..finding(
                "accept-queue-overflow",
                Severity::High,
                "finished handshakes find no room on :443",
                "312 overflows in 1 s; the queue holds 129 of 128 connections and nginx (pid 812) accepted 1,044 in \
                 the same time",
            )
        },
        Finding {
            changes: vec![change("net.core.somaxconn", Some("128"), "4096")],
            ..finding(
                "somaxconn-below-default",
                Severity::Medium,
                "somaxconn is below the default",
                "128 here, 4,096 on a kernel of this age",
            )
        },
    ]
}

/// Faults of other owners, and texts that go to the limits.
fn of_others() -> Vec<Finding> {
    vec![
        Finding {
            owner: Owner::Application,
            evidence: vec![evidence(
                "listener.process",
                Some(Scalar::Text("a|b".to_owned())),
                None,
                "a|b",
            )],
            waived_keys: vec![WaivedKey {
                key: "net.ipv4.tcp_sack".to_owned(),
                reason: "1. it | _is_ *so*".to_owned(),
                until: "2027-06-30".to_owned(),
                owner: "<security>".to_owned(),
            }],
            ..finding(
                "site-rule|\"quoted\"\\",
                Severity::Medium,
                "# <b>every</b> | syntax & ]]> [that](x) `is` %s {taken} \"so\"",
                "1. a|b &lt; | --- | ${HOME} $(id) ~~x~~ 'y'\n# two\r\n",
            )
        },
        Finding {
            owner: Owner::Application,
            advice: Some("raise `backlog=` in nginx's listen line and restart it".to_owned()),
            ..finding(
                "accept-queue-app-bound",
                Severity::Medium,
                "nginx (pid 812) queues at most 511 on :443",
                "312 overflows in 1 s; queue 512 of 511; somaxconn is 4096",
            )
        },
        Finding {
            waiting: Some("restart of h\u{e4}proxy \u{6570}\u{636e} (pid 977)".to_owned()),
            ..finding(
                "listener-keeps-old-bound",
                Severity::Medium,
                "a listener keeps its old queue bound",
                "somaxconn is 4096, the listener on [::]:8443 still has 128",
            )
        },
        Finding {
            owner: Owner::Peer,
            first: Some("close the connection after the last answer".to_owned()),
            ..finding(
                "fin-wait-2-pile",
                Severity::Low,
                "2,110 sockets wait for the peer to close",
                "held by evil\u{1b}[31m\u{202e}name\n (pid 4711)\u{9b}2J",
            )
        },
        Finding {
            owner: Owner::Network,
            changes: vec![
                change(
                    "net.ipv4.conf.a-very-long-interface-name-$(id).4094.accept_source_route",
                    Some("1"),
                    "0",
                ),
                change(
                    "net.ipv4.tcp_wmem",
                    Some("4096\t16384\t4194304"),
                    "4096 16384 16777216",
                ),
                change("net.ipv4.conf.e\u{1b}vil.rp_filter", Some("0"), "2"),
                change(
                    "net.ipv4.ip_local_reserved_ports",
                    Some(""),
                    "8080,9000-9100",
                ),
            ],
            ..finding(
                "an-unusually-long-rule-id-of-a-site-rule",
                Severity::Low,
                "a title that is much longer than a title should be and therefore needs a second line of its own",
                "seen once",
            )
        },
    ]
}

/// The rules of the full report that did not fire.
fn rest() -> Vec<NotFired> {
    let mut rest = not_fired(
        Verdict::Unknown,
        Some("needs two samples"),
        &["retransmits-high", "syn-flood", "backlog-drops"],
    );
    rest.extend(not_fired(
        Verdict::Unknown,
        Some("process names need root"),
        &["close-wait-leak", "close-wait-old"],
    ));
    for number in 1..=7 {
        let reason = format!("counter.TcpExt.Sample{number} is absent");
        let rule = format!("sample-rule-{number}");
        rest.extend(not_fired(Verdict::Unknown, Some(&reason), &[&rule]));
    }
    rest.extend(not_fired(Verdict::Unknown, None, &["reason-lost"]));
    rest.extend(not_fired(
        Verdict::NotApplicable,
        Some("sysctl.net.ipv4.tcp_tw_recycle does not exist here"),
        &["tw-recycle-on"],
    ));
    rest.extend(not_fired(
        Verdict::Holds,
        None,
        &["keepalive-off", "memory-pressure", "orphans-many"],
    ));
    rest
}

/// A report in which everything occurs that can occur; the findings in no order.
pub(super) fn every_shape() -> Report {
    let mut findings = vec![ports_exhausted()];
    findings.extend(settled());
    findings.extend(with_changes());
    findings.extend(of_others());
    Report {
        profile: Some(Profile {
            name: "proxy".to_owned(),
            guessed_from: None,
        }),
        wanted: vec![
            change("net.core.somaxconn", Some("128"), "4096"),
            change("net.ipv4.tcp_abort_on_overflow", Some("1"), "0"),
        ],
        notes: vec![
            "tcp_tw_recycle does not exist on this kernel (removed in 4.12)".to_owned(),
            "rules from /etc/tcptune/rules.d override 2 built-in rules: accept-queue-overflow, ports-exhausted".to_owned(),
        ],
        ..report(findings, rest())
    }
}

/// A host in good order.
pub(super) fn healthy() -> Report {
    let holds = [
        "accept-queue-app-bound",
        "accept-queue-overflow",
        "backlog-drops",
        "close-wait-leak",
        "fin-wait-2-pile",
        "keepalive-off",
        "memory-pressure",
        "orphans-many",
        "ports-exhausted",
        "retransmits-high",
        "somaxconn-below-default",
        "syn-flood",
        "syn-sent-pile",
        "syncookies-off",
        "time-wait-overflow",
        "timestamps-off",
        "tw-reuse-without-timestamps",
        "udp-receive-errors",
    ];
    let mut rest = not_fired(Verdict::Holds, None, &holds);
    rest.extend(not_fired(
        Verdict::Unknown,
        Some("process names need root"),
        &["close-wait-old", "owner-unknown"],
    ));
    rest.extend(not_fired(
        Verdict::NotApplicable,
        Some("no such sysctl"),
        &["tw-recycle-on"],
    ));
    Report {
        profile: Some(Profile {
            name: "server".to_owned(),
            guessed_from: Some(
                "2 reachable listeners, 28,390 incoming and 12 outgoing connections".to_owned(),
            ),
        }),
        ..report(Vec::new(), rest)
    }
}

/// A host that shows nothing: one sample, no rights.
pub(super) fn nothing_known() -> Report {
    let rest = not_fired(
        Verdict::Unknown,
        Some("/proc/net/netstat cannot be read: denied (EACCES)"),
        &["accept-queue-overflow", "syn-flood"],
    );
    let mut report = report(Vec::new(), rest);
    report.window = Window {
        seconds: None,
        since: Since::Interval,
        remembered_seconds: None,
    };
    report.host.uptime_seconds = None;
    report
}
