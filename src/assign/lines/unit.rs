//! Units of systemd: what they execute.

use super::script::{Script, Style};
use crate::assign::found::{Finds, Source};

/// Reads a unit.
pub(super) fn read(source: &Source<'_>, finds: &mut Finds, depth: usize) {
    let text: &str = &source.text;
    let mut continued = 0;
    for (begin, line) in source.lines() {
        if begin < continued {
            continue;
        }
        let trimmed = line.trim_start();
        let bare = trimmed.trim_start_matches(['#', ';', ' ']);
        let commented = bare.len() < trimmed.len();
        if !bare.starts_with("Exec") {
            continue;
        }
        let Some(equals) = bare.find('=') else {
            continue;
        };
        let command = bare.get(equals + 1..).unwrap_or_default();
        let command = command.trim_start_matches(['-', '@', ':', '+', '!', ' ', '\t']);
        let from = begin + line.len() - command.len();
        let end = if commented {
            begin + line.len()
        } else {
            end_of(text, from)
        };
        continued = end;
        let part = source.part(from, end);
        if !part.text.contains("net") {
            continue;
        }
        let mut inner = Finds::default();
        Script::new(&mut inner, depth).read(&part, Style::Script);
        for mut one in inner.found {
            one.commented |= commented;
            finds.found.push(one);
        }
    }
}

/// Where a line ends that goes on behind `\`.
fn end_of(text: &str, from: usize) -> usize {
    let mut at = from;
    for line in text.get(from..).unwrap_or_default().split_inclusive('\n') {
        at += line.len();
        if !line.trim_end_matches(['\n', '\r']).ends_with('\\') {
            break;
        }
    }
    at
}
