//! Keys and values as structured texts write them: whole strings, perhaps with templates in them.

use crate::catalog;

/// A key at the start of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Written {
    /// The dotted name.
    pub(super) key: String,
    /// How many bytes it takes.
    pub(super) len: usize,
    /// It holds a variable or template.
    pub(super) dynamic: bool,
}

/// An assignment that is a string of its own: `net.core.somaxconn=1`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pair {
    /// The key, at the start.
    pub(super) written: Written,
    /// Where the value begins.
    pub(super) value_at: usize,
    /// The value, trimmed.
    pub(super) value: String,
}

const STARTS: [&str; 3] = ["net.", "net/", "/proc/sys/net/"];

/// What stands below `net` in the kernel, and what other programs of that name do not use.
const FAMILIES: [&str; 22] = [
    "core",
    "ipv4",
    "ipv6",
    "netfilter",
    "bridge",
    "unix",
    "packet",
    "sctp",
    "mptcp",
    "mpls",
    "vsock",
    "smc",
    "rds",
    "tipc",
    "dccp",
    "can",
    "rxrpc",
    "llc",
    "x25",
    "ax25",
    "nf_conntrack_max",
    "iw_cm",
];

/// Templates and variables: how they open and close.
const TEMPLATES: [(&str, &str); 6] = [
    ("{{", "}}"),
    ("${", "}"),
    ("#{", "}"),
    ("%{", "}"),
    ("<%", "%>"),
    ("<", ">"),
];

/// The key a text begins with.
pub(super) fn key_at_start(text: &str) -> Option<Written> {
    let prefix = STARTS.iter().find(|start| text.starts_with(**start))?;
    let mut len = prefix.len();
    let mut dynamic = false;
    while let Some(rest) = text.get(len..) {
        let Some(next) = rest.chars().next() else {
            break;
        };
        if next.is_ascii_alphanumeric() || "_-./*@+".contains(next) {
            len += 1;
        } else if let Some(size) = template(rest) {
            dynamic = true;
            len += size;
        } else {
            break;
        }
    }
    let whole = text.get(..len)?;
    let name = whole.trim_end_matches(['.', '/', '-']);
    (name.len() > prefix.len() && !name.ends_with('*')).then(|| Written {
        key: if dynamic {
            name.trim_start_matches("/proc/sys/").to_owned()
        } else {
            catalog::canonical(name).into_owned()
        },
        len: name.len(),
        dynamic,
    })
}

/// How long the template or variable is that a text begins with.
fn template(rest: &str) -> Option<usize> {
    let line = rest.split(['\n', '\t']).next().unwrap_or_default();
    for (open, close) in TEMPLATES {
        if line.starts_with(open) {
            let inner = line.get(open.len()..)?;
            let end = inner.find(close)?;
            let is_word = open != "<"
                || inner
                    .get(..end)?
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'_');
            return is_word.then_some(open.len() + end + close.len());
        }
    }
    let name = line.strip_prefix('$')?;
    let end = name
        .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
        .unwrap_or(name.len());
    (end > 0).then_some(end + 1)
}

/// The key a text consists of.
pub(super) fn whole_key(text: &str) -> Option<Written> {
    key_at_start(text).filter(|written| written.len == text.len())
}

/// The key belongs to the kernel, not to another program that calls its settings `net.x`.
pub(super) fn is_kernels(key: &str) -> bool {
    let mut parts = key.split('.').skip(1);
    let family = parts.next().unwrap_or_default();
    (FAMILIES.contains(&family) && (parts.next().is_some() || family == "nf_conntrack_max"))
        || (family.contains(['{', '$', '#', '%', '<']) && parts.next().is_some())
}

/// The assignment a text of one line consists of.
pub(super) fn pair(text: &str) -> Option<Pair> {
    let written = key_at_start(text)?;
    let rest = text.get(written.len..)?;
    let value = rest.trim_start_matches([' ', '\t']).strip_prefix('=')?;
    let is_test = value.starts_with(['=', '~', '>']);
    if is_test || value.trim().is_empty() || value.contains('\n') {
        return None;
    }
    let skipped = value.len() - value.trim_start().len();
    Some(Pair {
        value_at: text.len() - value.len() + skipped,
        value: collapse(value),
        written,
    })
}

/// Runs of blanks as one.
pub(super) fn collapse(text: &str) -> String {
    let mut words = text.split_whitespace();
    let mut value = words.next().unwrap_or_default().to_owned();
    for word in words {
        value.push(' ');
        value.push_str(word);
    }
    value
}

/// A value holds a variable, a template or an expression, or is still to be filled in.
pub(super) fn is_dynamic(value: &str) -> bool {
    has_template(value) || super::value::is_placeholder(value)
}

fn has_template(value: &str) -> bool {
    ["{{", "${", "$(", "%{", "#{", "{%", "<%", "`"]
        .iter()
        .any(|mark| value.contains(mark))
        || value.split('$').skip(1).any(|rest| {
            rest.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '_' | '{' | '('))
        })
}

/// A text can be a value of a sysctl: numbers, or a few words, or a template.
pub(super) fn is_plausible(value: &str) -> bool {
    let value = value.trim().trim_matches(['"', '\'']);
    if has_template(value) {
        return true;
    }
    let words = || value.split_whitespace();
    let starts_numeric = words().next().is_some_and(is_numeric);
    let is_word = |word: &str| {
        word.chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
    };
    if starts_numeric {
        words().all(is_numeric)
    } else {
        words().all(is_word) && words().count() <= 4 && words().next().is_some()
    }
}

/// A number, or a list of them with commas and dashes.
pub(super) fn is_numeric(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_digit() || c == '-')
        && word
            .chars()
            .all(|c| c.is_ascii_hexdigit() || matches!(c, '-' | ',' | '_' | 'x' | 'X'))
        && word.contains(|c: char| c.is_ascii_digit())
}

/// A text may hold a key of the network; a quick look.
pub(super) fn may_hold_key(text: &str) -> bool {
    text.contains("net.") || text.contains("net/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_may_hold_a_template_and_nothing_else() {
        let key = |text| whole_key(text).map(|written| (written.key, written.dynamic));
        let plain = |text: &str| Some((text.to_owned(), false));
        assert_eq!(key("net.ipv4.tcp_sack"), plain("net.ipv4.tcp_sack"));
        assert_eq!(
            key("net/ipv4/conf/eth0.1/rp_filter"),
            plain("net.ipv4.conf.eth0/1.rp_filter")
        );
        let templated = "net.ipv4.conf.{{ item }}.rp_filter";
        assert_eq!(key(templated), Some((templated.to_owned(), true)));
        for other in [
            "net.ipv4.x y",
            "net.",
            "net.core.*",
            "^net.core.x$",
            "subnet.x",
        ] {
            assert_eq!(key(other), None, "{other}");
        }
    }

    #[test]
    fn a_pair_is_an_assignment_and_not_a_test() {
        let found = pair("net.ipv4.tcp_rmem =  4096\t1 2").unwrap();
        assert_eq!((found.value.as_str(), found.value_at), ("4096 1 2", 21));
        for other in [
            "net.core.x == 1",
            "net.core.x=",
            "net.core.x: 1",
            "net.core.x",
        ] {
            assert_eq!(pair(other), None, "{other}");
        }
    }

    #[test]
    fn settings_of_other_programs_are_not_the_kernels() {
        assert!(is_kernels("net.ipv4.tcp_sack"));
        assert!(is_kernels("net.{{ family }}.conf.all.forwarding"));
        assert!(!is_kernels("net.bindIp"));
        assert!(!is_kernels("net.ssl.mode"));
    }

    #[test]
    fn prose_is_no_value() {
        for value in [
            "1",
            "4096 87380 1",
            "reno cubic",
            "{{ x }}",
            "8080,9148-9150",
            "-1",
            "0x1f",
        ] {
            assert!(is_plausible(value), "{value}");
        }
        for value in ["1 is dangerous", "see below.", "a b c d e", ""] {
            assert!(!is_plausible(value), "{value}");
        }
    }
}
