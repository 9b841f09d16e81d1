//! What each format says, and what no text from outside can make it say.

use super::*;

/// The report with the same text in every place that can hold one from outside.
fn filled_with(text: &str) -> Report {
    let mut report = every_shape();
    text.clone_into(&mut report.host.name);
    report.notes = vec![text.to_owned()];
    for finding in &mut report.findings {
        text.clone_into(&mut finding.title);
        text.clone_into(&mut finding.message);
        finding.advice = Some(text.to_owned());
        for change in &mut finding.changes {
            text.clone_into(&mut change.key);
            change.origin = Some(text.to_owned());
        }
    }
    report
}

#[test]
fn junit_counts_what_it_holds_and_fails_what_counts() {
    for (fail_on, fail_on_unknown) in [
        (Some(Severity::Medium), false),
        (Some(Severity::Info), true),
        (Some(Severity::High), true),
        (None, true),
    ] {
        let run = Run {
            fail_on,
            fail_on_unknown,
            ..run()
        };
        for report in [every_shape(), healthy(), nothing_known()] {
            let text = page(|out| junit(&report, &run, out));
            let document = roxmltree::Document::parse(&text).unwrap();
            let count = |tag: &str| {
                let all = document.descendants();
                all.filter(|node| node.has_tag_name(tag)).count()
            };
            let suite = document
                .descendants()
                .find(|node| node.has_tag_name("testsuite"))
                .unwrap();
            for (attribute, tag) in [
                ("tests", "testcase"),
                ("failures", "failure"),
                ("errors", "error"),
                ("skipped", "skipped"),
            ] {
                let told: usize = suite.attribute(attribute).unwrap().parse().unwrap();
                assert_eq!(told, count(tag), "{tag}");
            }
            let rules = report.findings.len() + report.not_fired.len();
            assert_eq!(count("testcase"), rules);
            let counting = report.findings.iter().filter(|finding| {
                finding.waived.is_none() && fail_on.is_some_and(|least| finding.severity <= least)
            });
            let counting = counting.count();
            assert_eq!(count("failure"), counting);
            let unknown = usize::try_from(report.summary.unknown).unwrap();
            let errors = if fail_on_unknown && counting == 0 {
                unknown
            } else {
                0
            };
            assert_eq!(count("error"), errors);
        }
    }
}

#[test]
fn a_rule_without_an_experiment_is_told_so_wherever_a_finding_is_told_whole() {
    const PREVIEW: &str = "no live-kernel experiment backs this rule yet";
    let mut report = every_shape();
    for (maturity, told) in [(Maturity::Preview, true), (Maturity::Stable, false)] {
        for finding in &mut report.findings {
            finding.maturity = maturity;
        }
        let pages = [
            page(|out| junit(&report, &run(), out)),
            page(|out| markdown(&report, &run(), Reach::Here, out)),
        ];
        for page in pages {
            assert_eq!(page.contains(PREVIEW), told, "{page}");
        }
        let records = page(|out| ndjson_with(&report, &run(), Vec::new(), out));
        assert_eq!(records.contains("\"maturity\":\"preview\""), told);
    }
}

#[test]
fn a_look_that_was_cut_short_is_never_well() {
    let cut = Run {
        cut_short: true,
        ..run()
    };
    let told = |report: &Report| nagios(report, &cut, &mut Vec::new()).unwrap();
    assert_eq!(told(&healthy()), State::Unknown);
    assert_eq!(told(&every_shape()), State::Critical);
    let mut line = Vec::new();
    nagios(&healthy(), &cut, &mut line).unwrap();
    let line = String::from_utf8(line).unwrap();
    assert!(line.contains("; stopped by a signal"), "{line}");
    for (run, number) in [(&cut, 1), (&run(), 0)] {
        let metrics = page(|out| prometheus(&healthy(), run, out));
        let line = format!("\ntcptune_last_run_cut_short {number}\n");
        assert!(metrics.contains(&line), "{metrics}");
    }
    let records = page(|out| ndjson_with(&healthy(), &cut, Vec::new(), out));
    let last = records.lines().last().unwrap();
    assert!(last.contains("\"cut_short\":true"), "{last}");
}

#[test]
fn a_monitor_is_told_the_worst_that_counts() {
    let told = |report: &Report, fail_on, fail_on_unknown| {
        let run = Run {
            fail_on,
            fail_on_unknown,
            ..run()
        };
        let mut line = Vec::new();
        let state = nagios(report, &run, &mut line).unwrap();
        let line = String::from_utf8(line).unwrap();
        assert_eq!(line.lines().count(), 1, "{line}");
        assert_eq!(line.matches('|').count(), 1, "{line}");
        assert!(line.len() < 1024, "{line}");
        (state, line)
    };
    let all = every_shape();
    let (state, line) = told(&all, Some(Severity::Medium), false);
    assert_eq!((state, state.code()), (State::Critical, 2));
    assert!(line.starts_with("TCPTUNE CRITICAL - 2 high, "), "{line}");
    assert!(line.contains("|'high'=2;;0;0;"), "{line}");
    let mut mild = all.clone();
    mild.findings
        .retain(|finding| finding.severity > Severity::High);
    mild.summary = Summary::of(&mild.findings, &mild.not_fired);
    let (state, line) = told(&mild, Some(Severity::Medium), false);
    assert_eq!((state, state.code()), (State::Warning, 1), "{line}");
    assert_eq!(told(&mild, Some(Severity::High), false).0, State::Ok);
    assert_eq!(told(&mild, Some(Severity::High), true).0, State::Unknown);
    assert_eq!(told(&all, None, false).0, State::Ok);
    let (state, line) = told(&healthy(), Some(Severity::Medium), false);
    assert_eq!((state, state.code()), (State::Ok, 0));
    assert!(
        line.starts_with("TCPTUNE OK - 18 hold, 2 unknown, 1 n/a|"),
        "{line}"
    );
    assert_eq!(
        told(&healthy(), Some(Severity::Info), true).0,
        State::Unknown
    );
    let (state, line) = told(&nothing_known(), Some(Severity::Medium), false);
    assert_eq!((state, state.code()), (State::Unknown, 3), "{line}");
}

#[test]
fn metrics_tell_what_is_open_and_name_no_host_and_no_value() {
    let report = every_shape();
    let text = page(|out| prometheus(&report, &run(), out));
    let open = report.findings.iter().filter(|one| one.waived.is_none());
    assert_eq!(text.matches("\ntcptune_finding{").count(), open.count());
    assert!(!text.contains("timestamps-off"), "it is waived: {text}");
    for absent in ["web-07", "6.1.0-28", "28,114", "4096", "net.core"] {
        assert!(!text.contains(absent), "{absent}: {text}");
    }
    let samples: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    assert!((10..=60).contains(&samples.len()), "{}", samples.len());
    let mut names: Vec<&str> = samples
        .iter()
        .map(|line| line.rsplit_once(' ').unwrap().0)
        .collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), samples.len(), "no series twice");
    // A value and no time stamp.
    assert!(samples.iter().all(|line| {
        let value = line.rsplit_once(' ').unwrap().1;
        value.parse::<u64>().is_ok()
    }));
}

/// The cells of a row: what stands between bars that are not escaped.
fn cells(row: &str) -> usize {
    let bare = row.replace("\\\\", "").replace("\\|", "");
    bare.matches('|').count() - 1
}

#[test]
fn no_text_ends_a_row_or_a_paragraph_of_a_ticket() {
    for text in ["a|b", "x\n\n# y\n|", "\\|", "```\n<!--", "1. [x](y)"] {
        let report = filled_with(text);
        let ticket = page(|out| markdown(&report, &run(), Reach::Here, out));
        let rows: Vec<&str> = ticket
            .lines()
            .filter(|line| line.starts_with('|'))
            .collect();
        assert!(rows.len() > 8, "{ticket}");
        for row in rows {
            assert_eq!(cells(row), 5, "{row}");
        }
        let headings = ticket.lines().filter(|line| line.starts_with("# "));
        assert_eq!(headings.count(), 1, "{ticket}");
        assert!(
            !ticket.contains("\n```") && !ticket.contains("\n<!--"),
            "{ticket}"
        );
    }
}

#[test]
fn a_ticket_has_the_way_back_of_every_change_that_may_be_made() {
    let report = every_shape();
    let ticket = page(|out| markdown(&report, &run(), Reach::Here, out));
    assert!(ticket.contains("    sudo sysctl -w net.core.somaxconn=4096\n"));
    assert!(ticket.contains("    sudo sysctl -w net.core.somaxconn=128\n"));
    assert!(
        !ticket.contains("sysctl -w net.core.netdev_budget"),
        "blocked"
    );
    assert!(
        !ticket.contains("sysctl -w net.ipv4.tcp_max_syn_backlog"),
        "no way back"
    );
    let far = page(|out| markdown(&report, &run(), Reach::Elsewhere, out));
    assert!(!far.contains("sysctl -w"), "{far}");
    let there = page(|out| markdown(&report, &run(), Reach::Netns("blue"), out));
    assert!(
        there.contains("sudo ip netns exec blue sysctl -w"),
        "{there}"
    );
}

#[test]
fn whatever_a_host_is_called_every_page_can_be_read() {
    for text in ["", "a\"}\n1", "]]>&<", "\\", "\u{fffe}\u{0}", "ä 数据"] {
        let report = filled_with(text);
        let xml = page(|out| junit(&report, &run(), out));
        assert!(roxmltree::Document::parse(&xml).is_ok(), "{xml}");
        let records = page(|out| ndjson_with(&report, &run(), Vec::new(), out));
        for line in records.lines() {
            assert!(serde_json::from_str::<Record>(line).is_ok(), "{line}");
        }
    }
}
