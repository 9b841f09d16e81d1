//! The drop-in, `/etc/sysctl.d/60-tcptune.conf`: what tcptune writes into it, and telling that from
//! anybody else's lines.

use std::collections::BTreeMap;
use std::fmt;

use sha2::{Digest as _, Sha256};

use super::order::rank_in_file;

/// Where the drop-in stands. Not `99-`: the administrator's own files are to win.
pub const DROPIN: &str = "/etc/sysctl.d/60-tcptune.conf";

const HEADER: &str = "\
# Written by tcptune. `tcptune rollback` takes these settings back.
# Put lines of your own into another file: tcptune leaves this one alone once it has been edited.
";

/// Before the checksum of what follows, on the last line of the header.
const SUM: &str = "# sum ";

/// One key of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The value, as the loaders take it.
    pub value: String,
    /// Why it is there: the rules, the day, the apply.
    pub comment: String,
}

/// The whole file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dropin {
    /// By key.
    pub entries: BTreeMap<String, Entry>,
}

/// The file holds something that tcptune did not write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Foreign {
    /// The first such line, from 1; `None` for a value that was edited or a line that is gone.
    pub line: Option<usize>,
}

impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line} was not written by tcptune"),
            None => f.write_str("it was edited since tcptune wrote it"),
        }
    }
}

impl Dropin {
    /// The file's text, in an order in which the kernel takes every line at boot.
    pub fn render(&self) -> String {
        let mut text = String::new();
        let mut entries: Vec<(&String, &Entry)> = self.entries.iter().collect();
        entries.sort_by_key(|(key, entry)| rank_in_file(key, &entry.value));
        for (key, entry) in entries {
            text.push('\n');
            text.push_str("# ");
            text.push_str(&entry.comment);
            text.push('\n');
            text.push_str(key);
            text.push_str(" = ");
            text.push_str(&entry.value);
            text.push('\n');
        }
        format!("{HEADER}{SUM}{}\n{text}", sum(&text))
    }
}

/// The first 16 hexadecimal digits of the SHA-256 of a text: enough to notice an edit.
fn sum(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    let first = digest.iter().take(8);
    let number = first.fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    format!("{number:016x}")
}

/// Reads a file that tcptune wrote. Anything that rendering would not have written is foreign.
pub fn parse(bytes: &[u8]) -> Result<Dropin, Foreign> {
    let text = std::str::from_utf8(bytes).map_err(|_| Foreign { line: None })?;
    let mut dropin = Dropin::default();
    let mut lines = text.lines().skip(HEADER.lines().count() + 1);
    while let (Some(""), Some(comment), Some(assignment)) =
        (lines.next(), lines.next(), lines.next())
    {
        if let (Some(comment), Some((key, value))) =
            (comment.strip_prefix("# "), assignment.split_once(" = "))
        {
            let entry = Entry {
                value: value.to_owned(),
                comment: comment.to_owned(),
            };
            dropin.entries.insert(key.to_owned(), entry);
        }
    }
    let own = dropin.render();
    if own == text {
        return Ok(dropin);
    }
    // An edited value changes the checksum alone, which tells no line.
    let sum_line = HEADER.lines().count();
    let differs =
        |(number, (own, there)): &(usize, (&str, &str))| *number != sum_line && own != there;
    let mut pairs = own.lines().zip(text.lines()).enumerate();
    let line = pairs.find(differs).map(|(number, _)| number + 1);
    let added = text.lines().count() > own.lines().count();
    let line = line.or_else(|| added.then(|| own.lines().count() + 1));
    Err(Foreign { line })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dropin() -> Dropin {
        let entry = |value: &str| Entry {
            value: value.to_owned(),
            comment: "accept-queue-overflow, 2026-11-22, apply 3".to_owned(),
        };
        let entries = [
            ("net.core.somaxconn".to_owned(), entry("4096")),
            ("net.ipv4.tcp_rmem".to_owned(), entry("4096 131072 6291456")),
        ];
        Dropin {
            entries: entries.into(),
        }
    }

    #[test]
    fn a_written_file_reads_back() {
        assert_eq!(parse(dropin().render().as_bytes()), Ok(dropin()));
        let empty = Dropin::default();
        assert_eq!(parse(empty.render().as_bytes()), Ok(empty));
    }

    #[test]
    fn a_low_threshold_stands_before_a_high_one_that_would_fall_below_the_old_low_one() {
        for (low, high, first) in [
            ("1048576", "2097152", "low"),
            ("8388608", "16777216", "high"),
        ] {
            let entry = |value: &str| Entry {
                value: value.to_owned(),
                comment: "profile, 2026-11-22, apply 3".to_owned(),
            };
            let entries = [
                ("net.ipv4.ipfrag_low_thresh".to_owned(), entry(low)),
                ("net.ipv4.ipfrag_high_thresh".to_owned(), entry(high)),
            ];
            let dropin = Dropin {
                entries: entries.into(),
            };
            let text = dropin.render();
            let place = |part| text.find(&format!("ipfrag_{part}_thresh ="));
            let lower_first = place("low") < place("high");
            assert_eq!(lower_first, first == "low", "{text}");
            assert_eq!(parse(text.as_bytes()), Ok(dropin));
        }
    }

    #[test]
    fn what_somebody_else_wrote_or_edited_makes_the_file_foreign() {
        let own = dropin().render();
        let line = |text: String| parse(text.as_bytes()).unwrap_err().line;
        assert_eq!(line(format!("{own}vm.swappiness = 1\n")), Some(10));
        assert_eq!(line(format!("# mine\n{own}")), Some(1));
        assert_eq!(line(own.replace("\n\n", "\n")), Some(4));
        assert_eq!(line(own.replace("= 4096\n", "= 8192\n")), None);
        assert_eq!(line(own.replace("apply 3", "apply 4")), None);
        assert_eq!(line(String::new()), None);
        assert_eq!(parse(b"\xff"), Err(Foreign { line: None }));
    }
}
