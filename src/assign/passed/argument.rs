//! `sysctl.KEY=VALUE` on the kernel's command line (since Linux 5.8, Documentation/admin-guide/kernel-parameters),
//! `lxc.sysctl.KEY = VALUE` of LXC, `linux.sysctl.KEY` of LXD and Incus.

use memchr::memmem;

use super::{found, line_before, near, quoted};
use crate::assign::found::Found;
use crate::assign::{Syntax, value};

const MARK: &str = "sysctl.net";

/// What runs in a container, before its mark.
const CONTAINERS: [&str; 2] = ["lxc.", "linux."];

/// The arguments of the text.
pub(super) fn find(text: &str, finds: &mut Vec<Found>) {
    for at in memmem::find_iter(text.as_bytes(), MARK) {
        let before = text.get(..at).unwrap_or_default();
        let container = CONTAINERS.iter().find(|name| before.ends_with(**name));
        let start = at - container.map_or(0, |name| name.len());
        if !begins(text.get(..start).unwrap_or_default()) {
            continue;
        }
        let key = at + MARK.len() - "net".len();
        let rest = text.get(key..).unwrap_or_default();
        if !(rest.starts_with("net.") || rest.starts_with("net/")) {
            continue;
        }
        let length = value::key_end(rest);
        let end = key
            + rest
                .get(..length)
                .unwrap_or_default()
                .trim_end_matches('.')
                .len();
        let line = line_before(text, start);
        if end <= key + "net.".len() || line.contains("grep ") {
            continue;
        }
        let value = match container {
            None => argument(text, end),
            Some(_) => setting(text, line, end),
        };
        if let Some(written) = value.filter(|range| is_value(text, *range)) {
            finds.push(found(text, (key, end), written, Syntax::Command));
        }
    }
}

/// Whether a word may begin behind this text.
fn begins(before: &str) -> bool {
    before.ends_with("\\n")
        || before
            .chars()
            .next_back()
            .is_none_or(|c| c.is_whitespace() || "\"'`=&,#".contains(c))
}

/// `=VALUE`, without blanks, as the kernel takes it.
fn argument(text: &str, end: usize) -> Option<(usize, usize)> {
    let rest = text.get(end..)?.strip_prefix('=')?;
    let (from, to) = quoted(rest);
    let written = rest.get(from..to)?;
    // The end of what `sed` puts in; no value of the network holds one.
    let size = match written.find('/') {
        Some(slash) if from == 0 && !value::is_dynamic(written) => slash,
        _ => written.len(),
    };
    Some((end + 1 + from, end + 1 + from + size))
}

/// `= VALUE` to the end of the line or of the quotes; `: VALUE` in YAML; `VALUE` as a word of its own.
fn setting(text: &str, line: &str, end: usize) -> Option<(usize, usize)> {
    let rest = text.get(end..)?;
    let bare = rest.trim_start_matches(['"', '\'']);
    let blanks = |rest: &str| rest.len() - rest.trim_start_matches([' ', '\t']).len();
    let lead = rest.len() - bare.len() + blanks(bare);
    let tail = rest.get(lead..)?;
    let skipped = match tail.chars().next()? {
        '=' if tail.starts_with("==") => return None,
        '=' | ':' => 1,
        _ if lead > 0 && line.contains(" set ") => 0,
        _ => return None,
    };
    let behind = tail.get(skipped..)?;
    let begin = end + lead + skipped + blanks(behind);
    let rest = near(text.get(begin..)?);
    if rest.starts_with(['"', '\'']) || skipped == 0 || (lead == 0 && blanks(behind) == 0) {
        let (from, to) = quoted(rest);
        return Some((begin + from, begin + to));
    }
    let size = rest
        .find(['\n', '"', '\'', '\\', '`', '<', '#'])
        .unwrap_or(rest.len());
    let size = rest.get(..size)?.trim_end().len();
    Some((begin, begin + size))
}

/// Whether it may be a value, and is no part of a sentence.
fn is_value(text: &str, (from, to): (usize, usize)) -> bool {
    let value = text.get(from..to).unwrap_or_default();
    value.starts_with(|c: char| {
        c.is_ascii_alphanumeric() || matches!(c, '-' | '$' | '{' | '<' | '%')
    })
}
