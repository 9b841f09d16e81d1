//! Lines commented out, and the unified diff of it.

use std::fmt::Write as _;

/// How many lines around a change are shown, as `diff -u` does.
const CONTEXT: usize = 3;

/// A line to comment out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Dead {
    /// The line, from 1.
    pub(super) line: usize,
    /// Why, on one line.
    pub(super) reason: String,
}

/// The text with these lines commented out and the reason above each: every other byte stays. `dead` is in the
/// order of its lines, each line once.
pub(super) fn commented_out(bytes: &[u8], dead: &[Dead]) -> Vec<u8> {
    let mut text = Vec::with_capacity(bytes.len() + 128 * dead.len());
    let mut dead = dead.iter().peekable();
    for (at, line) in bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
        if let Some(one) = dead.next_if(|one| one.line == at + 1) {
            let end: &[u8] = if line.ends_with(b"\r\n") {
                b"\r\n"
            } else {
                b"\n"
            };
            text.extend_from_slice(reason(one).as_bytes());
            text.extend_from_slice(end);
            text.extend_from_slice(b"# ");
        }
        text.extend_from_slice(line);
    }
    text
}

fn reason(dead: &Dead) -> String {
    format!("# tcptune lint: {}", dead.reason)
}

/// The same as a unified diff. `lines` are those of the old text as they may be shown.
pub(super) fn unified(name: &str, lines: &[String], dead: &[Dead]) -> Vec<String> {
    let name = name.trim_start_matches('/');
    let mut diff = vec![format!("--- a/{name}"), format!("+++ b/{name}")];
    let apart = |one: &Dead, next: &Dead| next.line - one.line <= 2 * CONTEXT;
    let mut before = 0;
    for group in dead.chunk_by(apart) {
        let (Some(first), Some(last)) = (group.first(), group.last()) else {
            continue;
        };
        let start = first.line.saturating_sub(CONTEXT + 1);
        let end = last.line.saturating_add(CONTEXT).min(lines.len());
        let (size, added) = (end.saturating_sub(start), group.len());
        let mut head = String::new();
        // Writing into a `String` does not fail.
        let _ = write!(
            head,
            "@@ -{},{size} +{},{} @@",
            start + 1,
            start + 1 + before,
            size + added
        );
        diff.push(head);
        before += added;
        for (at, line) in lines.iter().enumerate().take(end).skip(start) {
            match group.iter().find(|one| one.line == at + 1) {
                Some(one) => {
                    diff.push(format!("-{line}"));
                    diff.push(format!("+{}", reason(one)));
                    diff.push(format!("+# {line}"));
                }
                None => diff.push(format!(" {line}")),
            }
        }
    }
    diff
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dead(lines: &[usize]) -> Vec<Dead> {
        let dead = lines.iter().map(|line| Dead {
            line: *line,
            reason: "gone".to_owned(),
        });
        dead.collect()
    }

    #[test]
    fn every_other_byte_stays() {
        let text = b"a = 1\r\n\xff\xfe = 2\r\nb = 3";
        let fixed = commented_out(text, &dead(&[2]));
        assert_eq!(
            fixed,
            b"a = 1\r\n# tcptune lint: gone\r\n# \xff\xfe = 2\r\nb = 3"
        );
        assert_eq!(commented_out(text, &[]), text);
        assert_eq!(
            commented_out(b"a", &dead(&[1])),
            b"# tcptune lint: gone\n# a"
        );
    }

    #[test]
    fn near_changes_share_a_hunk_and_far_ones_do_not() {
        let lines: Vec<String> = (1..=20).map(|n| format!("l{n}")).collect();
        let diff = unified("x.conf", &lines, &dead(&[2, 4, 20]));
        let heads: Vec<&String> = diff.iter().filter(|line| line.starts_with("@@")).collect();
        assert_eq!(heads, ["@@ -1,7 +1,9 @@", "@@ -17,4 +19,5 @@"]);
        assert_eq!(
            diff.get(3..9).unwrap(),
            [" l1", "-l2", "+# tcptune lint: gone", "+# l2", " l3", "-l4"]
        );
    }
}
