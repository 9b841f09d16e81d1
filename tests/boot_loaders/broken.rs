//! Readers that are broken on purpose: a comparison that lets one pass compares nothing.
//!
//! A broken rule is brought about from outside: the reader is given the tree in which following the
//! rules gives what breaking one would have given for the true tree.

use tcptune::fact::boot::Engine;

use crate::tree::{FOLDERS, Files, LAST, Node};

/// A reader that gets one rule wrong.
pub(crate) struct Broken {
    /// The rule.
    pub(crate) rule: &'static str,
    /// The rules it follows otherwise.
    pub(crate) engine: Engine,
    /// What it makes of a tree; `None` where it would see the same.
    pub(crate) files: fn(&Files) -> Option<Files>,
}

/// The broken readers of one loader.
pub(crate) fn readers(engine: Engine) -> impl Iterator<Item = Broken> {
    type Rule = (&'static str, fn(&Files) -> Option<Files>);
    const BOTH: [Rule; 9] = [
        (
            "a name in an earlier folder masks the same name later",
            unmasked,
        ),
        ("a dangling link masks", no_dangling),
        ("a link to /dev/null masks", no_null),
        ("files are sorted by bare name", by_folder),
        ("an exclusion takes a key out of patterns", no_exclusions),
        ("the first separator tells the spelling", dots_only),
        ("a semicolon begins a comment", no_semicolons),
        ("there are no comments behind values", inline_comments),
        ("a value keeps its inner blanks", squeezed),
    ];
    const SYSTEMD: [Rule; 5] = [
        ("an assignment of the same value keeps its place", moving),
        ("/etc/sysctl.conf is not read", conf_last),
        ("a dot hides a file", dots_seen),
        ("a carriage return ends a line", no_returns),
        ("a NUL ends a line", no_nuls),
    ];
    const PROCPS: [Rule; 4] = [
        ("/etc/sysctl.conf is read last", conf_first),
        ("a file with a dot is read", dots_hidden),
        ("a carriage return ends no line", returns),
        ("a name of a file is a pattern itself", plain_names),
    ];
    let other = match engine {
        Engine::Systemd => Engine::Procps,
        Engine::Procps => Engine::Systemd,
    };
    let own: &[Rule] = match engine {
        Engine::Systemd => &SYSTEMD,
        Engine::Procps => &PROCPS,
    };
    let whole = Broken {
        rule: "the two loaders follow different rules",
        engine: other,
        files: |files| Some(files.clone()),
    };
    BOTH.iter()
        .chain(own)
        .map(move |(rule, files)| Broken {
            rule,
            engine,
            files: *files,
        })
        .chain([whole])
}

fn split(path: &[u8]) -> (&[u8], &[u8]) {
    let end = path.iter().rposition(|byte| *byte == b'/').unwrap_or(0);
    (&path[..end], path.get(end + 1..).unwrap_or_default())
}

/// Other names or no more files; `None` from `rename` drops one.
fn renamed(
    files: &Files,
    rename: impl Fn(usize, &[u8], &Node) -> Option<Vec<u8>>,
) -> Option<Files> {
    let mut changed = Files::default();
    for (path, node) in &files.0 {
        let (folder, name) = split(path);
        let rank = FOLDERS.iter().position(|known| known.as_bytes() == folder);
        let Some(rank) = rank else {
            changed.0.insert(path.clone(), node.clone());
            continue;
        };
        if let Some(name) = rename(rank, name, node) {
            let path = [folder, b"/", &name].concat();
            changed.0.insert(path, node.clone());
        }
    }
    (changed != *files).then_some(changed)
}

/// Other contents.
fn rewritten(files: &Files, rewrite: impl Fn(&[u8]) -> Vec<u8>) -> Option<Files> {
    let mut changed = files.clone();
    for node in changed.0.values_mut() {
        if let Node::File(bytes) = node {
            *bytes = rewrite(bytes);
        }
    }
    (changed != *files).then_some(changed)
}

fn by_line(files: &Files, rewrite: impl Fn(&[u8]) -> Vec<u8>) -> Option<Files> {
    rewritten(files, |bytes| {
        let lines = bytes.split_inclusive(|byte| *byte == b'\n');
        lines.flat_map(&rewrite).collect()
    })
}

fn is_conf(name: &[u8]) -> bool {
    name.ends_with(b".conf")
}

fn unmasked(files: &Files) -> Option<Files> {
    renamed(files, |rank, name, _| {
        let again = is_conf(name) && rank > 0;
        let mark = if again {
            [&b"\x01"[..]; 3][..rank].concat()
        } else {
            Vec::new()
        };
        let stem = name.strip_suffix(b".conf").filter(|_| again);
        Some(stem.map_or(name.to_vec(), |stem| {
            [stem, b".conf", &mark, b".conf"].concat()
        }))
    })
}

fn no_dangling(files: &Files) -> Option<Files> {
    renamed(files, |_, name, node| {
        (*node != Node::Link(b"/etc/nowhere".to_vec())).then(|| name.to_vec())
    })
}

fn no_null(files: &Files) -> Option<Files> {
    renamed(files, |_, name, node| {
        (*node != Node::Link(b"/dev/null".to_vec())).then(|| name.to_vec())
    })
}

fn by_folder(files: &Files) -> Option<Files> {
    renamed(files, |rank, name, _| {
        let hidden = name.starts_with(b".");
        let first: &[u8] = [&b"3-"[..], b"2-", b"1-", b"0-"][rank];
        Some(if hidden {
            name.to_vec()
        } else {
            [first, name].concat()
        })
    })
}

fn no_exclusions(files: &Files) -> Option<Files> {
    by_line(files, |line| {
        let excludes = line.trim_ascii_start().starts_with(b"-") && !line.contains(&b'=');
        if excludes {
            b"\n".to_vec()
        } else {
            line.to_vec()
        }
    })
}

fn dots_only(files: &Files) -> Option<Files> {
    by_line(files, |line| {
        let end = line.iter().position(|byte| *byte == b'=').unwrap_or(0);
        let slashed = line[..end].iter().find(|byte| matches!(byte, b'.' | b'/')) == Some(&b'/');
        let mut line = line.to_vec();
        for byte in line[..end].iter_mut().filter(|_| slashed) {
            if *byte == b'.' {
                *byte = b'/';
            }
        }
        line
    })
}

fn no_semicolons(files: &Files) -> Option<Files> {
    by_line(files, |line| {
        let text = line.trim_ascii_start();
        if text.starts_with(b"; c") {
            b"net.ipv4.tcp_sack = 1\n".to_vec()
        } else {
            line.to_vec()
        }
    })
}

fn inline_comments(files: &Files) -> Option<Files> {
    by_line(files, |line| {
        match line.iter().position(|byte| *byte == b'#') {
            Some(at) if at > 0 && line[..at].contains(&b'=') => [&line[..at], b"\n"].concat(),
            _ => line.to_vec(),
        }
    })
}

fn squeezed(files: &Files) -> Option<Files> {
    by_line(files, |line| {
        let mut kept: Vec<u8> = Vec::new();
        for byte in line {
            let blank = matches!(byte, b' ' | b'\t');
            if !(blank && kept.last().is_some_and(|last| *last == b' ')) {
                kept.push(if blank { b' ' } else { *byte });
            }
        }
        kept
    })
}

/// An exclusion between two assignments moves the second one to the end, whatever its value.
fn moving(files: &Files) -> Option<Files> {
    by_line(files, |line| {
        let text = line.trim_ascii();
        let Some(at) = text.iter().position(|byte| *byte == b'=') else {
            return line.to_vec();
        };
        let plain = text[..at]
            .iter()
            .all(|byte| byte.is_ascii_graphic() || *byte == b' ');
        if matches!(text[0], b'#' | b';' | b'-' | b'=') || !plain {
            return line.to_vec();
        }
        [b"-", &text[..at], b"\n", line].concat()
    })
}

fn with_conf_as(files: &Files, name: &str) -> Option<Files> {
    let mut changed = files.clone();
    let conf = changed.0.remove(LAST.as_bytes())?;
    if !matches!(conf, Node::File(_)) || files.0.values().any(|node| matches!(node, Node::Link(_)))
    {
        return None;
    }
    changed
        .0
        .insert(format!("/etc/sysctl.d/{name}").into_bytes(), conf);
    Some(changed)
}

fn conf_last(files: &Files) -> Option<Files> {
    with_conf_as(files, "\u{10ffff}.conf")
}

fn conf_first(files: &Files) -> Option<Files> {
    with_conf_as(files, "\u{0}.conf".replace('\0', " ").as_str())
}

fn dots_seen(files: &Files) -> Option<Files> {
    renamed(files, |_, name, _| {
        let bare = name.strip_prefix(b".").filter(|_| is_conf(name));
        Some(bare.map_or(name.to_vec(), |bare| [b"\x02", bare].concat()))
    })
}

fn dots_hidden(files: &Files) -> Option<Files> {
    renamed(files, |_, name, _| {
        (!name.starts_with(b".")).then(|| name.to_vec())
    })
}

fn replaced(files: &Files, from: u8, to: u8) -> Option<Files> {
    rewritten(files, |bytes| {
        let replace = |byte: &u8| if *byte == from { to } else { *byte };
        bytes.iter().map(replace).collect()
    })
}

fn no_returns(files: &Files) -> Option<Files> {
    replaced(files, b'\r', b' ')
}

fn returns(files: &Files) -> Option<Files> {
    replaced(files, b'\r', b'\n')
}

fn no_nuls(files: &Files) -> Option<Files> {
    replaced(files, 0, b' ')
}

fn plain_names(files: &Files) -> Option<Files> {
    renamed(files, |_, name, _| {
        let plain = |byte: &u8| {
            if b"*?[]{}\\,".contains(byte) {
                b'x'
            } else {
                *byte
            }
        };
        Some(name.iter().map(plain).collect())
    })
}
