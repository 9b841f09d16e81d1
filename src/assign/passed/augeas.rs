//! `set /files/etc/sysctl.conf/KEY VALUE` of Augeas: at the prompt of `augtool`, in its scripts, in Puppet.

use memchr::memmem;

use super::{found, line_before, quoted};
use crate::assign::found::Found;
use crate::assign::{Syntax, value};

/// What the text sets with Augeas.
pub(super) fn find(text: &str, finds: &mut Vec<Found>) {
    for at in memmem::find_iter(text.as_bytes(), "/files") {
        let line = line_before(text, at);
        let command = line.trim_end_matches([' ', '\t', '"', '\'']);
        if !(command.ends_with("set") && command.len() < line.len()) {
            continue;
        }
        let rest = text.get(at..).unwrap_or_default();
        let ends = |c: char| c.is_whitespace() || matches!(c, '"' | '\'');
        let size = rest.find(ends).unwrap_or(rest.len());
        let path = rest.get(..size).unwrap_or_default();
        let Some(slash) = memmem::find(path.as_bytes(), b"/net.") else {
            continue;
        };
        let file = path.get(..slash).unwrap_or_default();
        if !file.to_ascii_lowercase().contains("sysctl") {
            continue;
        }
        let key = at + slash + 1;
        let end = key + value::key_end(text.get(key..).unwrap_or_default());
        let behind = text.get(end..).unwrap_or_default();
        // The quote of the path, if there was one.
        let closed = behind.trim_start_matches(['"', '\'']);
        let tail = closed.trim_start_matches([' ', '\t']);
        if tail.len() == closed.len() {
            continue;
        }
        let begin = end + behind.len() - tail.len();
        let (from, to) = quoted(tail);
        if to > from {
            let written = (begin + from, begin + to);
            finds.push(found(text, (key, end), written, Syntax::Conf));
        }
    }
}
