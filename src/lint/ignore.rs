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

/// The most characters of a line that are kept to be shown.
const SHOWN: usize = 400;

/// The most rules that one comment can name.
const RULES: usize = 100;

/// The comments of a text.
#[derive(Debug, Default)]
pub(super) struct Ignores {
    /// The first of them, by line.
    pub(super) kept: Vec<Ignore>,
    /// How many there are.
    pub(super) all: usize,
}

/// Every such comment; so many are kept.
pub(super) fn find(text: &str, most: usize) -> Ignores {
    let mut found = Ignores::default();
    // Nearly no text has one, and then it is looked at once.
    if !text.contains(MARK) {
        return found;
    }
    for (at, line) in text.lines().enumerate() {
        if let Some(one) = of_line(at + 1, line) {
            found.all += 1;
            if found.kept.len() < most {
                found.kept.push(one);
            }
        }
    }
    found
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
        rules: rules.take(RULES).map(str::to_owned).collect(),
        has_reason: reason.any(|word| word.contains(char::is_alphanumeric)),
        source: line.chars().take(SHOWN).collect(),
    })
}

/// The lines that comments are about, in their order: the own one if something is set there, else the next one
/// that is no such comment itself.
pub(super) fn about(all: &[Ignore], sets: impl Fn(usize) -> bool) -> Vec<usize> {
    let mut lines: Vec<usize> = Vec::with_capacity(all.len());
    // From the last one on, for a run of comments is about what its last is about.
    let mut below: Option<(usize, usize)> = None;
    for one in all.iter().rev() {
        let next = one.line.saturating_add(1);
        let about = match below {
            _ if sets(one.line) => one.line,
            Some((line, about)) if line == next => about,
            _ => next,
        };
        below = Some((one.line, about));
        lines.push(about);
    }
    lines.reverse();
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(line: &str) -> Option<(Vec<String>, bool)> {
        find(line, 1)
            .kept
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
        let all = find("# tcptune: ignore a r\n# tcptune: ignore b r\nx = 1\n", 9).kept;
        assert_eq!(about(&all, |_| false), [3, 3]);
        assert_eq!(about(&all, |line| line == 1), [1, 3]);
        assert_eq!(about(&all, |line| line == 2), [2, 2]);
    }
}
