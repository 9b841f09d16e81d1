//! Comments that take a finding back: `# tcptune: ignore RULE reason`.

/// Such a comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ignore {
    /// Its line, from 1.
    pub(super) line: usize,
    /// Where it begins on it, in characters from 1.
    pub(super) column: usize,
    /// The rules it names.
    pub(super) rules: Vec<String>,
    /// Whether it says why.
    pub(super) has_reason: bool,
    /// The line it stands on.
    pub(super) source: String,
}

/// What the comment begins with.
const MARK: &str = "tcptune:";

/// What can open a comment. Without one it is a text about such comments.
const OPENERS: [&str; 9] = ["#", "//", ";", "<!--", "--", "/*", "*", "%", "\""];

/// What can close one.
const CLOSERS: [&str; 5] = ["-->", "*/", "#}", "*/}}", "`"];

/// Every such comment, by line.
pub(super) fn find(text: &str) -> Vec<Ignore> {
    // Nearly no text has one, and then it is looked at once.
    if !text.contains(MARK) {
        return Vec::new();
    }
    let lines = text.lines().enumerate();
    lines
        .filter_map(|(at, line)| of_line(at + 1, line))
        .collect()
}

fn of_line(number: usize, line: &str) -> Option<Ignore> {
    let start = line.find(MARK)?;
    let (before, rest) = (line.get(..start)?, line.get(start + MARK.len()..)?);
    let opened = before.trim_end();
    if !OPENERS.iter().any(|opener| opened.ends_with(opener)) {
        return None;
    }
    let rest = rest.trim_start().strip_prefix("ignore")?;
    if rest.starts_with(|c: char| !c.is_whitespace()) {
        return None;
    }
    let (rules, reason) = match rest.trim_start().split_once(char::is_whitespace) {
        Some((rules, reason)) => (rules, reason),
        None => (rest.trim(), ""),
    };
    // `RULE` stands for a rule where the comment itself is explained.
    if !rules.is_empty() && rules.chars().all(|c| c.is_ascii_uppercase() || c == ',') {
        return None;
    }
    let is_close = |word: &&str| CLOSERS.contains(word);
    let rules = rules
        .split(',')
        .filter(|rule| !rule.is_empty() && !is_close(rule));
    let mut reason = reason.split_whitespace().filter(|word| !is_close(word));
    Some(Ignore {
        line: number,
        column: before.chars().count() + 1,
        rules: rules.map(str::to_owned).collect(),
        has_reason: reason.any(|word| word.contains(char::is_alphanumeric)),
        source: line.to_owned(),
    })
}

/// The line that a comment is about: its own if something is set there, else the next one that is no such
/// comment itself.
pub(super) fn about(one: &Ignore, all: &[Ignore], sets: impl Fn(usize) -> bool) -> usize {
    if sets(one.line) {
        return one.line;
    }
    let later = all.iter().skip_while(|other| other.line <= one.line);
    let mut next = one.line.saturating_add(1);
    for other in later {
        if other.line != next || sets(next) {
            break;
        }
        next = next.saturating_add(1);
    }
    next
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(line: &str) -> Option<(Vec<String>, bool)> {
        find(line)
            .pop()
            .map(|found| (found.rules, found.has_reason))
    }

    #[test]
    fn every_comment_syntax_is_read() {
        for line in [
            "# tcptune: ignore lint-sack-off the peer is broken",
            "x = 1; # tcptune: ignore lint-sack-off the peer is broken",
            "  // tcptune: ignore lint-sack-off the peer is broken",
            "; tcptune: ignore lint-sack-off the peer is broken",
            "<!-- tcptune: ignore lint-sack-off the peer is broken -->",
            "{{/* tcptune: ignore lint-sack-off the peer is broken */}}",
            "-- tcptune:ignore lint-sack-off the peer is broken",
        ] {
            let found = one(line).unwrap();
            assert_eq!(found, (vec!["lint-sack-off".to_owned()], true), "{line}");
        }
        let both = one("# tcptune: ignore a,b reason").unwrap();
        assert_eq!(both.0, ["a", "b"]);
    }

    #[test]
    fn a_reason_is_words() {
        for line in [
            "# tcptune: ignore lint-sack-off",
            "<!-- tcptune: ignore lint-sack-off -->",
            "# tcptune: ignore lint-sack-off --",
        ] {
            assert!(!one(line).unwrap().1, "{line}");
        }
        assert_eq!(one("# tcptune: ignore"), Some((Vec::new(), false)));
    }

    #[test]
    fn what_only_speaks_of_it_is_no_comment() {
        for line in [
            "write tcptune: ignore lint-sack-off reason",
            "`# tcptune: ignore RULE reason`",
            "# tcptune: ignored",
            "# tcptune lint",
            "",
        ] {
            assert_eq!(one(line), None, "{line}");
        }
    }

    #[test]
    fn a_comment_is_about_its_own_line_or_the_next_one() {
        let all = find("# tcptune: ignore a r\n# tcptune: ignore b r\nx = 1\n");
        assert_eq!(about(&all[0], &all, |_| false), 3);
        assert_eq!(about(&all[1], &all, |_| false), 3);
        assert_eq!(about(&all[0], &all, |line| line == 1), 1);
    }
}
