//! Profiles of tuned: sections, of which `[sysctl]` sets keys.
//!
//! tuned takes double quotes off a value, reads ` #` behind it as a comment, and has two more signs: `=>` raises a
//! key to at least a value and `=<` lowers it to at most one, which never makes it worse than it was
//! (`tuned/profiles/loader.py`, `tuned/plugins/plugin_sysctl.py`).

use super::conf;
use super::found::{Finds, Source};
use super::{Assignment, Flaw};

/// Whether a text is such a profile.
pub(super) fn is_profile(text: &str) -> bool {
    text.contains("[sysctl]") && text.lines().any(|line| bare(line) == "[sysctl]")
}

/// A line without the comment behind it.
fn bare(line: &str) -> &str {
    line.get(..comment(line)).unwrap_or(line).trim_end()
}

/// Where a comment begins that stands behind something.
fn comment(line: &str) -> usize {
    let mut marks = line.match_indices('#');
    let behind_blank = |at: usize| {
        let before = line.get(..at).unwrap_or_default();
        before.ends_with([' ', '\t']) && !before.trim().is_empty()
    };
    marks
        .find(|(at, _)| behind_blank(*at))
        .map_or(line.len(), |(at, _)| at)
}

/// Every assignment of a profile.
pub(super) fn find(text: &str) -> Vec<Assignment> {
    let source = Source::plain(text, 0);
    let mut finds = Finds::default();
    for (begin, line) in source.lines() {
        let end = comment(line);
        let body = line.get(..end).unwrap_or(line);
        let sign = body.find('=').map_or(body.len(), |at| at + 1);
        let behind = body.get(sign..).unwrap_or_default();
        let bounds = behind.starts_with(['>', '<']);
        // Of the same length, so that every place stays.
        let plain = if bounds {
            let (key, value) = (body.get(..sign), behind.get(1..));
            format!("{} {}", key.unwrap_or_default(), value.unwrap_or_default())
        } else {
            body.to_owned()
        };
        let Some(says) = conf::statement(&plain) else {
            continue;
        };
        let mut one = says.found(&source, begin, &plain);
        let inner = quoted(&one.value).map(|inner| inner.trim().to_owned());
        if let Some(inner) = inner {
            one.value = inner;
            one.flaw = one.flaw.filter(|flaw| *flaw != Flaw::Quotes);
        }
        let inner = one.value.strip_prefix(['>', '<']);
        let inner = inner.map(|inner| inner.trim().to_owned());
        // What the key is set to depends on what it was.
        one.dynamic |= bounds || inner.is_some();
        one.value = inner.unwrap_or(one.value);
        let trail = line.get(end..).filter(|trail| !trail.is_empty());
        one.trail = trail.map(|trail| trail.trim_end().to_owned());
        finds.found.push(one);
    }
    finds.placed(text)
}

/// What stands between double quotes around the whole.
fn quoted(value: &str) -> Option<&str> {
    value.strip_prefix('"')?.strip_suffix('"')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assign::shown::shown;

    #[test]
    fn a_profile_is_read_as_tuned_reads_it() {
        let text = "\
[main]
summary=a profile
[sysctl]  # ours
net.ipv4.tcp_rmem=\"4096 131072 16777216\"
net.core.somaxconn=>8192
net.core.rmem_max =< 1   # at most
net.ipv4.tcp_sack = 0 # off
net.ipv4.tcp_fin_timeout = '30'
net.ipv4.tcp_wmem = ${wmem}
# net.ipv4.tcp_tw_recycle = 1
";
        assert!(is_profile(text));
        assert_eq!(
            shown(&find(text)),
            [
                "4:1 net.ipv4.tcp_rmem=4096 131072 16777216",
                "5:1 net.core.somaxconn=8192 dynamic",
                "6:1 net.core.rmem_max=1 dynamic | # at most",
                "7:1 net.ipv4.tcp_sack=0 | # off",
                "8:1 net.ipv4.tcp_fin_timeout='30' quotes",
                "9:1 net.ipv4.tcp_wmem=${wmem} dynamic",
                "10:3 net.ipv4.tcp_tw_recycle=1 commented",
            ]
        );
    }

    #[test]
    fn other_files_are_no_profile() {
        for text in [
            "net.ipv4.tcp_sack = 1\n",
            "# see [sysctl]\nnet.ipv4.tcp_sack = 1\n",
            "[Service]\nExecStart=x\n",
            "",
        ] {
            assert!(!is_profile(text), "{text}");
        }
    }
}
