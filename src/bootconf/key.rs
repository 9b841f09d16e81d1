//! What a loader makes of the name of a key.

use std::borrow::Cow;
use std::rc::Rc;

use super::key_tree::KeyTree;
use crate::catalog;
use crate::fact::boot::Engine;

/// A name as the loader compares it, and what it leads to.
pub(super) struct Name {
    /// The loader's own spelling below `/proc/sys`.
    pub(super) text: Rc<[u8]>,
    /// The canonical dotted name, or pattern; for people and for the catalogue.
    pub(super) key: Rc<str>,
    /// What it leads to.
    pub(super) target: Target,
}

/// What a name leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// A setting that is there, or may be: its path below `/proc/sys`.
    Key(String),
    /// To be compared with the keys that exist.
    Pattern,
    /// Nothing that could be written; why.
    Missing(&'static str),
    /// Nothing the loader would touch; why.
    Invalid(&'static str),
}

pub(super) const NO_SUCH_KEY: &str = "no such key on this kernel";
const FOLDER: &str = "it names a folder of keys, not a key";
const PREFIXED: &str = "no such key: a name does not begin with /proc/sys";
const MARKED: &str = "no such key: a byte order mark stands before the name";
const BLANK: &str = "no such key: a blank stands between `-` and the name";
const EMPTY: &str = "it names no key";
const PARENT: &str = "`..` in the name of a key";
const OUTSIDE: &str = "the name leads out of /proc/sys";
const MARK: &[u8] = b"\xef\xbb\xbf";

impl Name {
    /// The name as written in a file, blanks removed as the loader removes them.
    pub(super) fn new(engine: Engine, written: &[u8], keys: &KeyTree) -> Self {
        match engine {
            Engine::Systemd => Self::of_systemd(written, keys),
            Engine::Procps => Self::of_procps(written, keys),
        }
    }

    /// `sysctl_normalize` and the checks of `sysctl_write` (systemd, `src/shared/sysctl-util.c`).
    fn of_systemd(written: &[u8], keys: &KeyTree) -> Self {
        let text = simplified(&swapped_if_dotted(written));
        let target = if text.is_empty() {
            Target::Invalid(EMPTY)
        } else if text.split(|byte| *byte == b'/').any(|part| part == b"..") {
            Target::Invalid(PARENT)
        } else if is_pattern(&text) {
            Target::Pattern
        } else {
            single(&text, keys)
        };
        Self::with(text, target)
    }

    /// `setting_new` and `WriteSetting` (procps, `src/sysctl.c`).
    fn of_procps(written: &[u8], keys: &KeyTree) -> Self {
        // A second `-` is dropped from the path, the first one is gone already.
        let written = written.strip_prefix(b"-").unwrap_or(written);
        let text = swapped_if_dotted(written);
        let target = if is_pattern(&text) {
            Target::Pattern
        } else {
            followed(&text, keys)
        };
        Self::with(text, target)
    }

    /// A name of the kernel command line, where every dot is a slash (`fs/proc/proc_sysctl.c`,
    /// `process_sysctl_arg`) and nothing is a pattern.
    pub(super) fn of_cmdline(written: &[u8], keys: &KeyTree) -> Self {
        let text: Vec<u8> = written
            .iter()
            .map(|byte| if *byte == b'.' { b'/' } else { *byte })
            .collect();
        let target = followed(&text, keys);
        Self::with(text, target)
    }

    fn with(text: Vec<u8>, target: Target) -> Self {
        let key = match &target {
            Target::Key(path) => dotted(path),
            _ => shown_path(&text),
        };
        Self {
            text: text.into(),
            key: key.into(),
            target,
        }
    }
}

/// How the key of a line is shown that could not be understood.
pub(super) fn shown(written: &[u8]) -> String {
    shown_path(&swapped_if_dotted(written))
}

/// The name that may have been meant, for people.
fn shown_path(text: &[u8]) -> String {
    let text = text.strip_prefix(MARK).unwrap_or(text);
    let text = text.strip_prefix(b"/").unwrap_or(text).trim_ascii();
    dotted(&String::from_utf8_lossy(text))
}

/// The canonical dotted name of a path.
pub(super) fn dotted(path: &str) -> String {
    let dotted: String = path
        .chars()
        .map(|c| match c {
            '.' => '/',
            '/' => '.',
            other => other,
        })
        .collect();
    // The catalogue would turn a name whose first separator is a slash round again.
    if dotted
        .find(['.', '/'])
        .is_some_and(|at| dotted.as_bytes().get(at) == Some(&b'.'))
    {
        catalog::canonical(&dotted).into_owned()
    } else {
        dotted
    }
}

/// Whether both loaders take it for a pattern.
pub(super) fn is_pattern(text: &[u8]) -> bool {
    text.iter().any(|byte| matches!(byte, b'*' | b'?' | b'['))
}

/// Dots and slashes change places if the first of them is a dot.
fn swapped_if_dotted(written: &[u8]) -> Vec<u8> {
    let first = written.iter().find(|byte| matches!(byte, b'.' | b'/'));
    if first != Some(&b'.') {
        return written.to_vec();
    }
    written
        .iter()
        .map(|byte| match byte {
            b'.' => b'/',
            b'/' => b'.',
            other => *other,
        })
        .collect()
}

/// Without empty and `.` parts (systemd, `path_simplify`), and without the leading slash.
fn simplified(text: &[u8]) -> Vec<u8> {
    let mut simple = Vec::with_capacity(text.len());
    for part in text.split(|byte| *byte == b'/') {
        if part.is_empty() || part == b"." {
            continue;
        }
        if !simple.is_empty() {
            simple.push(b'/');
        }
        simple.extend_from_slice(part);
    }
    simple
}

/// A path without `.`, `..` and empty parts.
fn single(text: &[u8], keys: &KeyTree) -> Target {
    let Ok(path) = std::str::from_utf8(text) else {
        return Target::Missing(missing(text));
    };
    if keys.exists(path) != Some(false) {
        return Target::Key(path.to_owned());
    }
    if keys.is_folder(path) {
        return Target::Missing(FOLDER);
    }
    Target::Missing(missing(text))
}

/// A path whose `.`, `..` and empty parts the kernel follows, as long as it ends below `/proc/sys`.
pub(super) fn followed(text: &[u8], keys: &KeyTree) -> Target {
    let below = match resolved(text, keys) {
        Ok(below) if !below.is_empty() => below,
        Ok(_) if text.iter().all(|byte| *byte == b'/') => return Target::Invalid(EMPTY),
        Ok(_) => return Target::Invalid(OUTSIDE),
        Err(target) => return target,
    };
    match single(&below, keys) {
        // Only a folder may stand before a slash.
        Target::Key(_) if text.ends_with(b"/") || text.ends_with(b"/.") => {
            Target::Missing(NO_SUCH_KEY)
        }
        target => target,
    }
}

/// The folder a path leads to, `.`, `..` and empty parts followed; empty for `/proc/sys`.
pub(super) fn folder(text: &[u8], keys: &KeyTree) -> Option<String> {
    String::from_utf8(resolved(text, keys).ok()?.into_owned()).ok()
}

fn resolved<'a>(text: &'a [u8], keys: &KeyTree) -> Result<Cow<'a, [u8]>, Target> {
    let odd = |part: &[u8]| matches!(part, b"" | b"." | b"..");
    if !text.split(|byte| *byte == b'/').any(odd) {
        return Ok(Cow::Borrowed(text));
    }
    let mut stack: Vec<&[u8]> = vec![b"proc", b"sys"];
    for part in text.split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." => {
                if !is_folder(&stack, keys) {
                    return Err(Target::Missing(NO_SUCH_KEY));
                }
                stack.pop();
            }
            name => stack.push(name),
        }
    }
    match stack.split_first_chunk::<2>() {
        Some(([b"proc", b"sys"], below)) => Ok(Cow::Owned(below.join(&b'/'))),
        _ => Err(Target::Invalid(OUTSIDE)),
    }
}

/// Whether the parts of an absolute path lead to a folder; outside of `/proc/sys` that cannot be told
/// and is taken for granted.
fn is_folder(parts: &[&[u8]], keys: &KeyTree) -> bool {
    let below = parts.get(2..).unwrap_or_default().join(&b'/');
    below.is_empty() || std::str::from_utf8(&below).is_ok_and(|path| keys.is_folder(path))
}

/// Why a name that is not there is not there, as far as the name shows it.
fn missing(text: &[u8]) -> &'static str {
    let trimmed = text.strip_prefix(b"/").unwrap_or(text);
    if trimmed.starts_with(b"proc/sys/") {
        PREFIXED
    } else if trimmed.starts_with(MARK) {
        MARKED
    } else if trimmed.first().is_some_and(u8::is_ascii_whitespace) {
        BLANK
    } else {
        NO_SUCH_KEY
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bootconf::Keys;

    struct Few;

    impl Keys for Few {
        fn children(&self, folder: &str) -> Vec<(String, bool)> {
            match folder {
                "" => vec![("net".to_owned(), true)],
                "net" => vec![("ipv4".to_owned(), true)],
                "net/ipv4" => vec![("tcp_sack".to_owned(), false)],
                _ => Vec::new(),
            }
        }

        fn exists(&self, path: &str) -> Option<bool> {
            Some(path == "net/ipv4/tcp_sack")
        }
    }

    fn target(engine: Engine, written: &str) -> Target {
        Name::new(engine, written.as_bytes(), &KeyTree::new(&Few)).target
    }

    fn sack() -> Target {
        Target::Key("net/ipv4/tcp_sack".to_owned())
    }

    #[test]
    fn superfluous_separators_lead_to_the_same_key() {
        for written in [
            "net.ipv4.tcp_sack",
            "net/ipv4/tcp_sack",
            "/net/ipv4/tcp_sack",
            ".net.ipv4.tcp_sack",
            "net..ipv4.tcp_sack",
            "net//ipv4/./tcp_sack",
        ] {
            for engine in [Engine::Systemd, Engine::Procps] {
                assert_eq!(target(engine, written), sack(), "{written}");
            }
        }
    }

    #[test]
    fn systemd_compares_the_plain_path_and_procps_what_was_written() {
        let keys = KeyTree::new(&Few);
        let text = |engine| Name::new(engine, b"/net//ipv4/tcp_sack", &keys).text;
        assert_eq!(*text(Engine::Systemd), *b"net/ipv4/tcp_sack");
        assert_eq!(*text(Engine::Procps), *b"/net//ipv4/tcp_sack");
    }

    #[test]
    fn a_slash_at_the_end_is_dropped_by_systemd_and_leads_nowhere_for_procps() {
        assert_eq!(target(Engine::Systemd, "net/ipv4/tcp_sack/"), sack());
        assert_eq!(
            target(Engine::Procps, "net/ipv4/tcp_sack/"),
            Target::Missing(NO_SUCH_KEY)
        );
    }

    #[test]
    fn procps_follows_the_parent_folder_only_out_of_a_folder() {
        assert_eq!(target(Engine::Procps, "net/ipv4/../ipv4/tcp_sack"), sack());
        assert_eq!(
            target(Engine::Procps, "net/nothing/../ipv4/tcp_sack"),
            Target::Missing(NO_SUCH_KEY)
        );
        assert_eq!(
            target(Engine::Procps, "net/../../sys/net/ipv4/tcp_sack"),
            sack()
        );
        assert_eq!(
            target(Engine::Procps, "net/../../kernel/x"),
            Target::Invalid(OUTSIDE)
        );
        assert_eq!(
            target(Engine::Systemd, "net/ipv4/../ipv4/tcp_sack"),
            Target::Invalid(PARENT)
        );
    }

    #[test]
    fn a_path_has_one_dotted_name() {
        assert_eq!(
            dotted("net/ipv4/conf/eth0.5/rp_filter"),
            "net.ipv4.conf.eth0/5.rp_filter"
        );
        assert_eq!(
            dotted("net/nf_conntrack_max"),
            "net.netfilter.nf_conntrack_max"
        );
        assert_eq!(dotted("a.b"), "a/b");
    }
}
