//! Cases as JUnit XML, which build servers read: a suite for each rule.
//!
//! Own code rather than a crate: it is one small document, and every text in it comes from a file that
//! somebody else may have written.

use std::fmt::Write as _;
use std::io;

use super::rules::{TestReport, TestedRule};

/// How every page begins.
pub(super) const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

/// Writes the result of `rules test`. Nothing in it tells a time: cases take none.
pub fn junit(report: &TestReport, out: &mut impl io::Write) -> io::Result<()> {
    let mut page = String::from(HEAD);
    let all = report.passed.saturating_add(report.failed);
    // Writing into a `String` does not fail.
    let _ = writeln!(
        page,
        "<testsuites name=\"tcptune rules test\" tests=\"{all}\" failures=\"{}\" errors=\"0\">",
        report.failed
    );
    for rule in &report.rules {
        suite(rule, &mut page);
    }
    page.push_str("</testsuites>\n");
    out.write_all(page.as_bytes())
}

fn suite(rule: &TestedRule, page: &mut String) {
    let (name, file) = (text(&rule.rule), text(&rule.file));
    let failures = rule.cases.iter().filter(|case| !case.faults.is_empty());
    let (tests, failures) = match rule.cases.len() {
        0 => (1, 1),
        some => (some, failures.count()),
    };
    let _ = writeln!(
        page,
        "  <testsuite name=\"{name}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"0\" file=\"{file}\">"
    );
    if rule.cases.is_empty() {
        let _ = writeln!(
            page,
            "    <testcase name=\"has cases\" classname=\"{name}\" file=\"{file}\" line=\"1\">\n      \
             <failure message=\"no cases beside it\"/>\n    </testcase>"
        );
    }
    for case in &rule.cases {
        let _ = write!(
            page,
            "    <testcase name=\"{}\" classname=\"{name}\" file=\"{file}\" line=\"{}\"",
            text(&case.name),
            case.line
        );
        if case.faults.is_empty() {
            page.push_str("/>\n");
            continue;
        }
        page.push_str(">\n");
        for fault in &case.faults {
            let _ = writeln!(page, "      <failure message=\"{}\"/>", text(fault));
        }
        page.push_str("    </testcase>\n");
    }
    page.push_str("  </testsuite>\n");
}

/// A text as the value of an attribute. Characters that XML 1.0 cannot hold, and those a terminal acts on,
/// are spelled out.
pub(super) fn text(plain: &str) -> String {
    let mut escaped = String::with_capacity(plain.len());
    for letter in super::escape::line(plain).chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            '\u{fffe}' | '\u{ffff}' => escaped.extend(letter.escape_unicode()),
            letter => escaped.push(letter),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::render::rules::TestedCase;

    fn written(report: &TestReport) -> String {
        let mut bytes = Vec::new();
        junit(report, &mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    fn report(name: &str, fault: &str, file: &str) -> TestReport {
        let case = |name: &str, faults: Vec<String>| TestedCase {
            name: name.to_owned(),
            line: 7,
            faults,
        };
        TestReport::of(vec![
            TestedRule {
                rule: "some-rule".to_owned(),
                built_in: false,
                file: file.to_owned(),
                cases: vec![
                    case(name, vec![fault.to_owned(), "more".to_owned()]),
                    case("passes", Vec::new()),
                ],
            },
            TestedRule {
                rule: "untested".to_owned(),
                built_in: false,
                file: file.to_owned(),
                cases: Vec::new(),
            },
        ])
    }

    #[test]
    fn a_suite_stands_for_a_rule_and_a_case_for_a_case() {
        let page = written(&report("a & b", "expected <holds>", "d/x.test.yaml"));
        let document = roxmltree::Document::parse(&page).unwrap();
        let root = document.root_element();
        assert_eq!(
            (root.attribute("tests"), root.attribute("failures")),
            (Some("3"), Some("2"))
        );
        let suites: Vec<_> = root
            .children()
            .filter(roxmltree::Node::is_element)
            .collect();
        assert_eq!(suites.len(), 2);
        assert_eq!(suites[0].attribute("name"), Some("some-rule"));
        let cases: Vec<_> = suites[0]
            .children()
            .filter(roxmltree::Node::is_element)
            .collect();
        assert_eq!(cases[0].attribute("name"), Some("a & b"));
        assert_eq!(cases[0].attribute("file"), Some("d/x.test.yaml"));
        assert_eq!(cases[0].attribute("line"), Some("7"));
        let failures = cases[0]
            .children()
            .filter(|node| node.has_tag_name("failure"));
        let told: Vec<_> = failures
            .filter_map(|node| node.attribute("message"))
            .collect();
        assert_eq!(told, ["expected <holds>", "more"]);
        assert!(!cases[1].has_children());
    }

    proptest! {
        /// Whatever a file says, the page is XML, and reads back as the text a terminal would be shown.
        #[test]
        fn any_text_leaves_the_page_well_formed(
            name in any::<String>(),
            fault in any::<String>(),
            file in any::<String>(),
        ) {
            let page = written(&report(&name, &fault, &file));
            let document = roxmltree::Document::parse(&page).unwrap();
            let case = document.descendants().find(|node| node.has_tag_name("testcase")).unwrap();
            let expected: String = super::super::escape::line(&name)
                .replace('\u{fffe}', "\\u{fffe}")
                .replace('\u{ffff}', "\\u{ffff}");
            prop_assert_eq!(case.attribute("name"), Some(expected.as_str()));
        }

        #[test]
        fn characters_that_xml_cannot_hold_are_spelled_out(code in 0_u32..0x1_0000) {
            if let Some(letter) = char::from_u32(code) {
                let page = written(&report(&letter.to_string(), "x", "y"));
                prop_assert!(roxmltree::Document::parse(&page).is_ok(), "{}", code);
            }
        }
    }
}
