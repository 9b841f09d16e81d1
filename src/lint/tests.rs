use std::collections::BTreeSet;

use proptest::prelude::*;

use super::scan::{Found, SECRET};
use super::*;
use crate::assign::{Flaw, Syntax};
use crate::fact::assigned::{Assigned, FLAWS, SYNTAXES};

/// A file as it comes out of the reader: number of the line, key, value, syntax.
fn scanned(file: &str, lines: &[(usize, &str, &str, Syntax)], comments: &str) -> Scanned {
    let found = lines.iter().map(|(line, key, value, syntax)| Found {
        line: Assigned {
            file: file.to_owned(),
            line: *line,
            key: (*key).to_owned(),
            value: Some((*value).to_owned()),
            syntax: syntax.word(),
            flaw: None,
            commented: false,
            dynamic: false,
            pod: false,
            stated_default: None,
            loaded: *syntax == Syntax::Conf,
            branch: None,
        },
        column: 1,
        value_line: *line,
        first_line: *line,
        syntax: *syntax,
        source: format!("{key} = {value}"),
    });
    let is_conf = lines.iter().all(|(.., syntax)| *syntax == Syntax::Conf);
    Scanned {
        file: file.to_owned(),
        host: group::host_of(file, is_conf),
        found: found.collect(),
        ignores: ignore::find(comments, scan::KEPT).kept,
        skipped: None,
    }
}

fn judged(files: Vec<Scanned>, settings: &Settings) -> Linted {
    judge(files, settings, &Rulebook::lint())
}

fn rules(files: Vec<Scanned>) -> Vec<String> {
    let found = judged(files, &Settings::default()).findings;
    let rules = found.into_iter();
    rules
        .map(|one| format!("{}:{} {}", one.file, one.line, one.rule))
        .collect()
}

/// `LINE RULE` of every finding of a text.
fn of_text(name: &str, text: &str) -> Vec<String> {
    let file = [(name.to_owned(), text.to_owned())];
    let found = lint(file, &Settings::default(), &book()).findings;
    let found = found.into_iter();
    found
        .map(|one| format!("{} {}", one.line, one.rule))
        .collect()
}

const CONF: Syntax = Syntax::Conf;

#[test]
fn the_words_of_facts_are_those_of_the_reader() {
    let syntaxes = [
        Syntax::Conf,
        Syntax::Command,
        Syntax::ProcWrite,
        Syntax::Sed,
        Syntax::Yaml,
        Syntax::Nix,
        Syntax::Ruby,
        Syntax::Puppet,
        Syntax::Prose,
    ];
    assert_eq!(syntaxes.map(Syntax::word), SYNTAXES);
    let flaws = [
        Flaw::Blanks,
        Flaw::TrailingComment,
        Flaw::Quotes,
        Flaw::CommandInConf,
        Flaw::NoAssignment,
        Flaw::StrayCharacter,
    ];
    assert_eq!(flaws.map(Flaw::word), FLAWS);
}

#[test]
fn a_finding_names_place_reason_replacement_and_kernels() {
    let file = scanned("a.conf", &[(3, "net.ipv4.tcp_tw_recycle", "1", CONF)], "");
    let found = judged(vec![file], &Settings::default());
    let [one] = found.findings.as_slice() else {
        panic!("{:?}", found.findings)
    };
    assert_eq!((one.file.as_str(), one.line, one.column), ("a.conf", 3, 1));
    assert_eq!(one.rule, "lint-tw-recycle");
    assert_eq!(one.severity, Severity::High);
    assert_eq!(one.replacement.as_deref(), Some(DELETE));
    assert_eq!(one.kernels.len(), SUPPORTED.len());
    assert_eq!(one.source, "net.ipv4.tcp_tw_recycle = 1");
    assert!(one.message.contains("4.12") && one.url.is_some());
}

#[test]
fn a_finding_of_some_kernels_names_these_only() {
    let file = || scanned("a.conf", &[(3, "net.ipv4.tcp_migrate_req", "1", CONF)], "");
    let settings = Settings {
        targets: targets("5.10..5.15").unwrap(),
        ..Settings::default()
    };
    let found = judged(vec![file()], &settings);
    assert_eq!(found.findings[0].rule, "lint-key-not-everywhere");
    assert_eq!(found.findings[0].kernels, ["5.10 to 5.13"]);
    assert_eq!(judged(vec![file()], &Settings::default()).findings, []);
}

#[test]
fn two_files_of_one_host_are_judged_together_and_those_of_two_are_not() {
    let reuse = (1, "net.ipv4.tcp_tw_reuse", "1", CONF);
    let off = (1, "net.ipv4.tcp_timestamps", "0", CONF);
    let rule = "lint-tw-reuse-without-timestamps";
    let count = |one: &str, other: &str| {
        let files = vec![scanned(one, &[reuse], ""), scanned(other, &[off], "")];
        let found = rules(files);
        found.iter().filter(|one| one.ends_with(rule)).count()
    };
    assert_eq!(
        count("w/etc/sysctl.d/a.conf", "w/usr/lib/sysctl.d/b.conf"),
        1
    );
    assert_eq!(count("w/etc/sysctl.d/a.conf", "w/etc/sysctl.conf"), 1);
    assert_eq!(count("w/etc/sysctl.d/a.conf", "v/etc/sysctl.d/b.conf"), 0);
    assert_eq!(count("a.conf", "b.conf"), 0);
    assert_eq!(count("a.conf", "a.conf"), 1);
}

#[test]
fn a_later_file_of_the_host_takes_the_effect_of_a_line_away() {
    let found = rules(vec![
        scanned(
            "etc/sysctl.d/60-b.conf",
            &[(1, "net.ipv4.tcp_sack", "0", CONF)],
            "",
        ),
        scanned(
            "etc/sysctl.d/50-a.conf",
            &[(1, "net.ipv4.tcp_sack", "1", CONF)],
            "",
        ),
    ]);
    assert_eq!(
        found,
        [
            "etc/sysctl.d/50-a.conf:1 lint-contradiction",
            "etc/sysctl.d/60-b.conf:1 lint-sack-off"
        ]
    );
}

#[test]
fn the_order_of_the_files_does_not_matter() {
    let files = || {
        vec![
            scanned(
                "b.sh",
                &[(2, "net.ipv4.tcp_sack", "0", Syntax::Command)],
                "",
            ),
            scanned(
                "a.sh",
                &[(9, "net.ipv4.tcp_sack", "0", Syntax::Command)],
                "",
            ),
        ]
    };
    let mut turned = files();
    turned.reverse();
    assert_eq!(
        judged(files(), &Settings::default()),
        judged(turned, &Settings::default())
    );
    assert_eq!(
        rules(files()),
        ["a.sh:9 lint-sack-off", "b.sh:2 lint-sack-off"]
    );
}

#[test]
fn a_comment_with_a_reason_takes_a_finding_back() {
    let file = |comments| scanned("a.conf", &[(2, "net.ipv4.tcp_sack", "0", CONF)], comments);
    for comments in [
        "# tcptune: ignore lint-sack-off broken middlebox\nx\n",
        "\nx # tcptune: ignore lint-timestamps-off,lint-sack-off broken middlebox\n",
    ] {
        let found = judged(vec![file(comments)], &Settings::default());
        assert_eq!((found.findings.len(), found.ignored), (0, 1), "{comments}");
    }
    // Of another rule, of another line.
    for comments in [
        "# tcptune: ignore lint-timestamps-off broken middlebox\n",
        "\n\n\n# tcptune: ignore lint-sack-off broken middlebox\n",
    ] {
        let found = judged(vec![file(comments)], &Settings::default());
        assert_eq!((found.findings.len(), found.ignored), (1, 0), "{comments}");
    }
}

#[test]
fn a_comment_on_the_line_of_a_value_is_about_its_own_key_only() {
    let found = |text: &str| of_text("pod.yaml", text);
    let pod = "kind: Pod\nspec:\n  securityContext:\n    sysctls:\n";
    let entry = |name: &str, value: &str| format!("    - name: {name}\n      value: {value}\n");
    let comment = "\"8192\"  # tcptune: ignore lint-pod-unsafe our nodes allow it";
    let text = format!(
        "{pod}{}{}",
        entry("net.core.somaxconn", comment),
        entry("net.core.rmem_max", "\"1\"")
    );
    let all = found(&text);
    assert!(
        all.contains(&"7 lint-pod-unsafe".to_owned())
            && !all.contains(&"5 lint-pod-unsafe".to_owned()),
        "{all:?}"
    );
    let task = "- hosts: all\n  tasks:\n    - ansible.posix.sysctl:\n        name: net.ipv4.tcp_sack\n        \
                value: \"0\"  # tcptune: ignore lint-sack-off the peer is broken\n";
    assert_eq!(of_text("site.yml", task), [""; 0]);
}

#[test]
fn a_comment_above_a_command_is_about_all_its_lines() {
    let command = "sysctl -w \\\n  net.ipv4.tcp_sack=0 \\\n  net.core.somaxconn=1024\n";
    let comment = "# tcptune: ignore lint-sack-off the peer is broken\n";
    assert!(of_text("a.sh", command).contains(&"2 lint-sack-off".to_owned()));
    let quiet = of_text("a.sh", &format!("{comment}{command}"));
    assert!(
        !quiet.iter().any(|one| one.ends_with("lint-sack-off")),
        "{quiet:?}"
    );
    // The command behind it is another one.
    let next = of_text(
        "a.sh",
        &format!("{comment}{command}sysctl -w net.ipv4.tcp_sack=0\n"),
    );
    assert!(next.contains(&"5 lint-sack-off".to_owned()), "{next:?}");
}

#[test]
fn between_sysctl_conf_and_sysctl_d_it_depends_on_the_loader() {
    let set = |file, value| scanned(file, &[(1, "net.core.somaxconn", value, CONF)], "");
    let found = |files| {
        let found = judged(files, &Settings::default()).findings;
        let found = found.into_iter();
        found
            .filter(|one| one.rule == "lint-contradiction")
            .map(|one| (one.file, one.message, one.replacement.unwrap()))
            .collect::<Vec<_>>()
    };
    let conf = || set("etc/sysctl.conf", "9999");
    let found_of = found(vec![set("etc/sysctl.d/99-web.conf", "16384"), conf()]);
    let [(file, message, instead)] = found_of.as_slice() else {
        panic!("{found_of:?}")
    };
    assert_eq!(file, "etc/sysctl.d/99-web.conf");
    assert!(message.contains("depends on the loader") && !message.contains("no effect"));
    assert_eq!(instead, "keep one of the two lines");
    // Every loader reads the files of sysctl.d in their order.
    let both = || {
        vec![
            set("etc/sysctl.d/10-a.conf", "16384"),
            set("etc/sysctl.d/99-web.conf", "9999"),
        ]
    };
    let surely = found(both());
    assert_eq!(surely.len(), 1);
    assert!(surely[0].1.starts_with("etc/sysctl.d/99-web.conf:1 sets") && surely[0].2 == DELETE);
    let mut with_conf = both();
    with_conf.push(conf());
    assert_eq!(found(with_conf), surely);
}

#[test]
fn branches_of_a_template_contradict_nothing() {
    let found = |text: &str| {
        let all = of_text("etc/sysctl.d/b.conf.j2", text);
        all.into_iter()
            .filter(|one| one.ends_with("lint-contradiction"))
            .collect::<Vec<_>>()
    };
    let (one, other) = ("net.core.somaxconn = 8192\n", "net.core.somaxconn = 9999\n");
    for (begin, between, end) in [
        ("{% if big %}\n", "{% else %}\n", "{% endif %}\n"),
        ("<% if @big %>\n", "<% else %>\n", "<% end %>\n"),
        ("{{ if .Big }}\n", "{{ else }}\n", "{{ end }}\n"),
        ("", "{% if big %}\n", "{% endif %}\n"),
    ] {
        let text = format!("{begin}{one}{between}{other}{end}");
        assert_eq!(found(&text), [""; 0], "{text}");
    }
    let within = format!("{{% if big %}}\n{one}{other}{{% endif %}}\n");
    assert_eq!(found(&within), ["2 lint-contradiction"]);
    // What is set in the end, one of them tells as little as the other.
    let reuse = "net.ipv4.tcp_tw_reuse = 1\n{% if x %}\nnet.ipv4.tcp_timestamps = 1\n{% else %}\n\
                 net.ipv4.tcp_timestamps = 0\n{% endif %}\n";
    let all = of_text("etc/sysctl.d/b.conf.j2", reuse);
    assert_eq!(all, ["5 lint-timestamps-off"]);
}

#[test]
fn a_switch_that_a_language_turns_off_is_off() {
    let nix = "{ boot.kernel.sysctl.\"net.ipv4.tcp_syncookies\" = false; }\n";
    assert_eq!(of_text("host.nix", nix), ["1 lint-syncookies-off"]);
    let task = "- ansible.posix.sysctl:\n    name: net.ipv4.tcp_syncookies\n    value: off\n";
    assert_eq!(of_text("tasks.yml", task), ["2 lint-syncookies-off"]);
    // The kernel takes no such word.
    let conf = "net.ipv4.tcp_syncookies = false\n";
    assert_eq!(of_text("sysctl.conf", conf), ["1 lint-value-refused"]);
}

#[test]
fn a_profile_of_tuned_is_judged_as_tuned_reads_it() {
    let profile = "[sysctl]\nnet.ipv4.tcp_rmem=\"4096 131072 16777216\"\nnet.core.somaxconn=>8192\n\
                   net.ipv4.tcp_tw_recycle=>1\nnet.ipv4.tcp_sack=0 # off\n";
    let found = of_text("tuned.conf", profile);
    assert_eq!(found, ["4 lint-tw-recycle", "5 lint-sack-off"]);
}

#[test]
fn a_comment_without_a_reason_or_rule_is_a_finding_and_takes_nothing_back() {
    for (comment, says) in [
        ("# tcptune: ignore lint-sack-off", "reason"),
        (
            "# tcptune: ignore sack-off broken middlebox",
            "`lint-sack-off`",
        ),
        (
            "# tcptune: ignore lint-sack-of broken middlebox",
            "`lint-sack-off`",
        ),
        ("# tcptune: ignore", "names no rule"),
    ] {
        let lines = [(2, "net.ipv4.tcp_sack", "0", CONF)];
        let found = judged(
            vec![scanned("a.conf", &lines, comment)],
            &Settings::default(),
        );
        let ids: Vec<&str> = found.findings.iter().map(|one| one.rule.as_str()).collect();
        assert_eq!(ids, [INVALID_IGNORE, "lint-sack-off"], "{comment}");
        assert!(found.findings[0].message.contains(says), "{comment}");
        assert_eq!(found.ignored, 0);
    }
}

#[test]
fn lines_that_are_commented_out_are_judged_on_demand() {
    let file = || {
        let mut file = scanned("a.conf", &[(3, "net.ipv4.tcp_sack", "0", CONF)], "");
        file.found[0].line.commented = true;
        file
    };
    let found = judged(vec![file()], &Settings::default());
    assert_eq!((found.findings.len(), found.assignments.len()), (0, 1));
    let settings = Settings {
        include_commented: true,
        ..Settings::default()
    };
    assert_eq!(judged(vec![file()], &settings).findings.len(), 1);
}

#[test]
fn a_secret_is_not_shown_anywhere() {
    let key = "net.ipv4.tcp_fastopen_key";
    let text = format!("sysctl -w {key}=1234abcd-1234abcd\n{key} = 1234abcd-1234abcd\n");
    let found = lint(
        [
            ("a.sh".to_owned(), text.clone()),
            ("a.conf".to_owned(), text),
        ],
        &Settings::default(),
        &Rulebook::lint(),
    );
    assert!(!format!("{found:?}").contains("1234abcd"));
    let file = scanned("a.conf", &[(1, key, "1234abcd", CONF)], "");
    let listed = judged(vec![file], &Settings::default()).assignments;
    assert_eq!(listed[0].value, SECRET);
}

#[test]
fn every_family_of_keys_is_known_to_be_one() {
    let keys = [
        "net.ipv6.conf.all.made_up",
        "net.ipv6.route.max_size",
        "net.netfilter.nf_conntrack_made_up",
        "net.nf_conntrack_max",
        "net.bridge.bridge-nf-call-iptables",
        "net.ipv4.neigh.default.gc_thresh3",
        "net.ipv4.vs.conntrack",
    ];
    let lines: Vec<_> = keys.iter().map(|key| (1, *key, "1", CONF)).collect();
    let found = rules(vec![scanned("a.conf", &lines, "")]);
    assert!(
        found.iter().all(|one| !one.contains("unknown")),
        "{found:?}"
    );
}

#[test]
fn dead_lines_have_the_same_words() {
    let dead = [
        "lint-tw-recycle",
        "lint-removed-key",
        "lint-no-op-key",
        "lint-contradiction",
    ];
    let file = scanned(
        "etc/sysctl.conf",
        &[
            (1, "net.ipv4.tcp_tw_recycle", "1", CONF),
            (2, "net.ipv4.tcp_abc", "1", CONF),
            (3, "net.ipv4.tcp_low_latency", "1", CONF),
            (4, "net.ipv4.tcp_retries2", "8", CONF),
            (5, "net.ipv4.tcp_retries2", "9", CONF),
        ],
        "",
    );
    let found = judged(vec![file], &Settings::default()).findings;
    let ids: BTreeSet<&str> = found.iter().map(|one| one.rule.as_str()).collect();
    assert_eq!(ids, dead.into_iter().collect());
    for one in &found {
        assert_eq!(one.replacement.as_deref(), Some(DELETE), "{}", one.rule);
    }
}

proptest! {
    #[test]
    fn no_text_makes_it_fall_over(
        name in "[a-z]{1,4}\\.(conf|sh|yaml|md|nix|rb|pp|json)",
        text in "(net\\.ipv4\\.tcp_[a-z]{1,9}|[ =:#\"'\\n-]|tcptune: ignore|[0-9]{1,9}|\\PC){0,30}",
    ) {
        let book = Rulebook::lint();
        let found = lint([(name, text)], &Settings::default(), &book);
        for one in found.findings {
            prop_assert!(one.line > 0 && one.column > 0 && !one.rule.is_empty());
        }
    }
}

#[test]
fn a_file_with_too_many_assignments_is_judged_in_part_and_told_about() {
    let most = scan::KEPT;
    let text = "net.ipv4.tcp_sack = 1\n".repeat(most);
    let of = |text: String| {
        lint(
            [("big.conf".to_owned(), text)],
            &Settings::default(),
            &book(),
        )
    };
    let whole = of(text.clone());
    assert_eq!(whole.skipped, []);
    assert_eq!(whole.assignments.len(), most);
    let part = of(text + "net.ipv4.tcp_tw_recycle = 1\n");
    let why = format!("all but the first {most} of {} assignments", most + 1);
    assert_eq!(part.skipped, [("big.conf".to_owned(), why)]);
    assert_eq!(part.assignments, whole.assignments);
    assert_eq!(part.findings, whole.findings);
}

#[test]
fn a_file_with_too_many_comments_is_told_about() {
    let most = scan::KEPT;
    let text = "# tcptune: ignore lint-sack-off the peer is broken\n".repeat(most + 2);
    let linted = lint([("a.conf".to_owned(), text)], &Settings::default(), &book());
    let why = format!(
        "all but the first {most} of {} comments that take findings back",
        most + 2
    );
    assert_eq!(linted.skipped, [("a.conf".to_owned(), why)]);
}

fn book() -> Rulebook {
    Rulebook::lint()
}
