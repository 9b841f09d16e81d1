//! `--format github`: workflow commands, which GitHub shows beside the lines of a change.

use std::fmt::Write as _;
use std::io;

use super::{Linted, LintedLine};
use crate::render::escape;

/// Writes one command for each finding, and the summary as a line of the log.
pub fn github(linted: &Linted, out: &mut impl io::Write) -> io::Result<()> {
    let mut page = String::new();
    for one in &linted.findings {
        command(one, &mut page);
    }
    for one in &linted.skipped {
        // Writing into a `String` does not fail.
        let _ = writeln!(
            page,
            "::warning file={},title={}::{}",
            property(&one.file),
            one.fate(),
            data(&one.why)
        );
    }
    page.push_str(&escape::line(&linted.summary()));
    page.push('\n');
    out.write_all(page.as_bytes())
}

fn command(one: &LintedLine, page: &mut String) {
    let level = match one.severity.as_str() {
        "high" => "error",
        "medium" => "warning",
        _ => "notice",
    };
    let _ = writeln!(
        page,
        "::{level} file={},line={},col={},title={}::{}",
        property(&one.file),
        one.line,
        one.column,
        property(&one.rule),
        data(&one.advice())
    );
}

/// The text behind a command: nothing in it begins another line, and no percent sign another escape. What a
/// terminal would act on is spelled out before.
fn data(text: &str) -> String {
    escape::line(text)
        .replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// The value of a property, which a comma or a colon would end.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_end_a_command_is_escaped() {
        assert_eq!(property("a,b:c%d"), "a%2Cb%3Ac%25d");
        assert_eq!(data("a, b: 100 %"), "a, b: 100 %25");
        assert_eq!(data("a\n::error::b"), "a\\n::error::b");
        assert_eq!(property("a\r\x1b[m"), "a\\r\\x1b[m");
    }
}
