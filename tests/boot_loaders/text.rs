//! Lines: how keys and values can be written, and miswritten.

use crate::keys::{INTERFACE_FOLDERS, PATTERNS, PER_INTERFACE, SINGLE, UNKNOWN};
use crate::random::Random;

/// The contents of a file.
pub(crate) fn file(random: &mut Random) -> Vec<u8> {
    let mut bytes = Vec::new();
    if random.chance(15) {
        bytes.extend_from_slice("\u{feff}".as_bytes());
    }
    for _ in 0..random.below(7) {
        line(random, &mut bytes);
        let end: &[u8] = match random.below(60) {
            0 => b"\r\n",
            1 => b"\r",
            2 => b"\0",
            3 => b"\n\r",
            4 => b"\n\n",
            5 => b"\0\n",
            _ => b"\n",
        };
        bytes.extend_from_slice(end);
    }
    if random.chance(80) {
        bytes.pop();
    }
    bytes
}

fn line(random: &mut Random, into: &mut Vec<u8>) {
    match random.below(100) {
        0..3 => {
            into.extend_from_slice(random.pick(&[
                &b"# c"[..],
                b"; c = 1",
                b" # a=b",
                b"#",
                b"#\xe9",
            ]));
        }
        3..5 => into.extend_from_slice(random.pick(&[&b""[..], b" ", b"\t \t", b"\x0b", b"\x0c "])),
        5..7 => {
            let odd = [
                &b"x"[..],
                b"-",
                b"=",
                b"= 21",
                b"--",
                b"net.ipv4.tcp_sack 1",
                b"a: 1",
                b"- =",
                b"\\",
            ];
            into.extend_from_slice(random.pick(&odd));
        }
        7 if random.chance(30) => long(random, into),
        7..19 => {
            spaced(random, into, b"-");
            let (name, _) = key(random);
            spaced(random, into, &name);
        }
        _ => {
            if random.chance(100) {
                let minus = random.pick(&[&b"-"[..], b"-", b"-", b"- ", b"--"]);
                spaced(random, into, minus);
            }
            let (name, value) = key(random);
            spaced(random, into, &name);
            into.extend_from_slice(if random.chance(10) { b"==" } else { b"=" });
            spaced(random, into, &value);
        }
    }
}

/// Some text with blanks before and after, and now and then something that is no blank to everybody.
fn spaced(random: &mut Random, into: &mut Vec<u8>, text: &[u8]) {
    let blank = |random: &mut Random| -> &'static [u8] {
        match random.below(80) {
            0..14 => b" ",
            14..16 => b"\t",
            16 => b" \t ",
            17 => random.pick(&[
                &b"\x0b"[..],
                b"\x0c",
                b"\r",
                b"\xc2\xa0",
                b"\xe9",
                b"\0",
                b"\x7f",
                b"'",
            ]),
            _ => b"",
        }
    };
    into.extend_from_slice(blank(random));
    into.extend_from_slice(text);
    into.extend_from_slice(blank(random));
}

/// A line near the length at which systemd gives a file up (1 MiB), or longer than its messages.
fn long(random: &mut Random, into: &mut Vec<u8>) {
    let length = random.pick(&[4095, 4096, 5000, 1_048_574, 1_048_575, 1_048_576, 1_048_577]);
    let start: &[u8] = if random.chance(300) {
        b"net.ipv4.tcp_fin_timeout = 21 "
    } else {
        b"#"
    };
    into.extend_from_slice(start);
    into.resize(into.len() + length - start.len(), b'x');
}

/// A key or a pattern as it may be written, and a value for it.
fn key(random: &mut Random) -> (Vec<u8>, Vec<u8>) {
    match random.below(100) {
        0..16 => {
            let pattern = random.pick(PATTERNS);
            let value = random.pick(&["0", "1", "2", "1", "2", "bad", "reno", "5000"]);
            (pattern.into(), value.into())
        }
        16..23 => (random.pick(UNKNOWN).into(), b"1".to_vec()),
        // A few keys again and again, so that they meet.
        23..55 => {
            let (path, values) = random.pick(&SINGLE[..4]);
            (spelled(random, path), value(random, values))
        }
        55..75 => {
            let (path, values) = random.pick(SINGLE);
            (spelled(random, path), value(random, values))
        }
        _ => {
            let (name, values) = if random.chance(600) {
                PER_INTERFACE[0]
            } else {
                random.pick(PER_INTERFACE)
            };
            let (family, name) = name.split_once('/').expect("a family stands first");
            let folder = random.pick(&INTERFACE_FOLDERS);
            let path = format!("net/{family}/conf/{folder}/{name}");
            (spelled(random, &path), value(random, values))
        }
    }
}

/// One of the texts; the first ones, which the kernel takes, more often.
fn value(random: &mut Random, values: &[&str]) -> Vec<u8> {
    let good = 3.min(values.len());
    let text = if random.chance(700) {
        random.pick(&values[..good])
    } else {
        random.pick(values)
    };
    let mut bytes = text.as_bytes().to_vec();
    if random.chance(10) {
        bytes.push(random.pick(&[0xe9, 0x0b, 0x0c, 0x01, b'\\', 0x7f]));
    }
    bytes
}

/// A path in one of the spellings a loader meets.
fn spelled(random: &mut Random, path: &str) -> Vec<u8> {
    let dotted: String = path
        .chars()
        .map(|c| match c {
            '/' => '.',
            '.' => '/',
            other => other,
        })
        .collect();
    let text = match random.below(100) {
        0..64 => dotted,
        64..85 => path.to_owned(),
        85 => format!("/{path}"),
        86 => format!(".{dotted}"),
        87 => path.replacen('/', "//", 1),
        88 => dotted.replacen('.', "..", 1),
        89 => path.replacen('/', "/./", 1),
        90 => path.replacen("net/", "net/ipv4/../", 1),
        91 => dotted.replacen("net.", "net.ipv4.//.", 1),
        92 => format!("{path}/"),
        93 => format!("{dotted}."),
        94 => path.replacen('/', ".", 1),
        95 => dotted.replacen('.', "/", 1),
        96 => format!("./{path}"),
        97 => format!("//{path}"),
        98 => dotted.to_uppercase(),
        _ => format!("proc.sys.{dotted}"),
    };
    text.into_bytes()
}
