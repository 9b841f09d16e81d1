//! Lists of ports: `proc_do_large_bitmap` of `kernel/sysctl.c`.

use super::long::long;
use super::{Stored, refused};
use crate::fact::Value;

/// What the kernel reads in one piece: a page of 4096 bytes without one. A longer list comes in pieces
/// that depend on how the loader cuts it.
const PIECE: usize = 4095;

/// A list of ports and ranges, `8080,9148-9150`: no blanks anywhere; the old list is replaced as a whole
/// or, on a refusal, kept.
pub(super) fn store(old: Option<&Value>, text: &[u8]) -> Stored {
    let mut line = text.to_vec();
    line.push(b'\n');
    if line.len() > PIECE {
        return Stored::Unknown("a list longer than a page is read in pieces");
    }
    if text.contains(&0) {
        return Stored::Unknown("the text has a NUL in it");
    }
    match read(&line) {
        Some(ranges) => Stored::Taken(Value::Ports(merged(ranges))),
        None => refused("EINVAL", old),
    }
}

fn read(line: &[u8]) -> Option<Vec<(u16, u16)>> {
    let mut at = newlines(line, 0);
    let mut ranges = Vec::new();
    while at < line.len() {
        let low = long(line, at, b"-,\n")?;
        at = low.after + 1;
        let mut high = low;
        if line.get(low.after) == Some(&b'-') {
            high = long(line, at, b",\n")?;
            at = high.after + 1;
        }
        if low.negative || high.negative || low.magnitude > high.magnitude {
            return None;
        }
        let low = u16::try_from(low.magnitude).ok()?;
        let high = u16::try_from(high.magnitude).ok()?;
        ranges.push((low, high));
        at = newlines(line, at);
    }
    Some(ranges)
}

/// The first position from `at` that holds no newline.
fn newlines(line: &[u8], at: usize) -> usize {
    let rest = line.get(at..).unwrap_or_default();
    at + rest.iter().take_while(|byte| **byte == b'\n').count()
}

/// In ascending order without overlaps, as the kernel shows the bits.
fn merged(mut given: Vec<(u16, u16)>) -> Vec<(u16, u16)> {
    given.sort_unstable();
    let mut ranges: Vec<(u16, u16)> = Vec::new();
    for (low, high) in given {
        match ranges.last_mut() {
            Some(last) if low <= last.1.saturating_add(1) => last.1 = last.1.max(high),
            _ => ranges.push((low, high)),
        }
    }
    ranges
}
