//! `w /proc/sys/net/… - - - - VALUE`: lines of tmpfiles.d that write a value at boot (tmpfiles.d(5)).

use memchr::memmem;

use super::{found, line_before};
use crate::assign::found::Found;
use crate::assign::{Syntax, value};

const MARK: &str = "/proc/sys/net/";

/// Between the path and what is written: mode, user, group, age.
const FIELDS: usize = 4;

/// What the lines of the text write.
pub(super) fn find(text: &str, finds: &mut Vec<Found>) {
    for at in memmem::find_iter(text.as_bytes(), MARK) {
        let kind = line_before(text, at);
        let kind = kind.trim_start_matches(['#', ' ', '\t']);
        // `w+` appends, `!` waits for a boot, `-` forgives, `=` mends what lies there.
        let writes = kind
            .trim_end()
            .strip_prefix('w')
            .is_some_and(|marks| marks.chars().all(|mark| "+!-=~^$".contains(mark)));
        if !writes || !kind.ends_with([' ', '\t']) {
            continue;
        }
        let line = text.get(at..).unwrap_or_default();
        let line = line.split(['\n', '\r']).next().unwrap_or_default();
        let length = value::key_end(line);
        let Some(from) = behind(line, length) else {
            continue;
        };
        let end = line.trim_end().len();
        if from < end {
            let written = (at + from, at + end);
            finds.push(found(text, (at, at + length), written, Syntax::ProcWrite));
        }
    }
}

/// Where the last field of a line begins.
fn behind(line: &str, path: usize) -> Option<usize> {
    let mut at = path;
    for field in 0..=FIELDS {
        let rest = line.get(at..)?;
        let start = rest.trim_start_matches([' ', '\t']);
        if start.len() == rest.len() {
            return None;
        }
        at += rest.len() - start.len();
        if field < FIELDS {
            at += start.find([' ', '\t'])?;
        }
    }
    Some(at)
}
