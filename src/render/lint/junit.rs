//! `--format junit`: a suite for each file with findings, a case for each finding.

use std::fmt::Write as _;
use std::io;

use super::{Linted, LintedLine};
use crate::render::junit::{HEAD, text};

/// Writes the result as JUnit XML. Without a finding there is one case, which passes: a page without cases is
/// an error to some build servers.
pub fn junit(linted: &Linted, out: &mut impl io::Write) -> io::Result<()> {
    let mut page = String::from(HEAD);
    let (all, unread) = (linted.findings.len(), linted.skipped.len());
    // Writing into a `String` does not fail.
    let _ = writeln!(
        page,
        "<testsuites name=\"tcptune lint\" tests=\"{}\" failures=\"{all}\" errors=\"{unread}\">",
        all + unread + usize::from(all == 0),
    );
    for of_file in linted
        .findings
        .chunk_by(|one, other| one.file == other.file)
    {
        suite(of_file, &mut page);
    }
    if all == 0 {
        let summary = text(&linted.summary());
        let _ = writeln!(
            page,
            "  <testsuite name=\"tcptune lint\" tests=\"1\" failures=\"0\" errors=\"0\">\n    \
             <testcase name=\"{summary}\" classname=\"tcptune lint\"/>\n  </testsuite>"
        );
    }
    for one in &linted.skipped {
        let (file, why) = (text(&one.file), text(&one.why));
        let case = if one.partly {
            "is judged whole"
        } else {
            "can be read"
        };
        let _ = writeln!(
            page,
            "  <testsuite name=\"{file}\" tests=\"1\" failures=\"0\" errors=\"1\" file=\"{file}\">\n    \
             <testcase name=\"{case}\" classname=\"{file}\" file=\"{file}\">\n      \
             <error message=\"{why}\"/>\n    </testcase>\n  </testsuite>"
        );
    }
    page.push_str("</testsuites>\n");
    out.write_all(page.as_bytes())
}

fn suite(findings: &[LintedLine], page: &mut String) {
    let Some(first) = findings.first() else {
        return;
    };
    let (file, count) = (text(&first.file), findings.len());
    let _ = writeln!(
        page,
        "  <testsuite name=\"{file}\" tests=\"{count}\" failures=\"{count}\" errors=\"0\" file=\"{file}\">"
    );
    for one in findings {
        let _ = writeln!(
            page,
            "    <testcase name=\"{name}\" classname=\"{file}\" file=\"{file}\" line=\"{line}\">\n      \
             <failure type=\"{severity}\" message=\"{message}\">{file}:{line}:{column}: {source}</failure>\n    \
             </testcase>",
            name = text(format!("{} {}", one.rule, one.key).trim_end()),
            line = one.line,
            column = one.column,
            severity = text(&one.severity),
            message = text(&one.advice()),
            source = text(one.source.trim()),
        );
    }
    page.push_str("  </testsuite>\n");
}
