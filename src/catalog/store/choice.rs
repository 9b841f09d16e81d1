//! Keys that name an algorithm.

use super::{Beside, Stored, refused};
use crate::catalog::KeySpec;
use crate::fact::Value;

/// The keys that take one name, or a list of names.
const CONGESTION: &str = "net.ipv4.tcp_congestion_control";
pub(in crate::catalog) const ALLOWED: &str = "net.ipv4.tcp_allowed_congestion_control";
const QDISC: &str = "net.core.default_qdisc";

/// The longest name: `TCP_CA_NAME_MAX` and `IFNAMSIZ` are 16 with the zero, and `proc_dostring` cuts.
const NAME_MAX: usize = 15;

const NOT_KNOWN: &str = "whether the kernel has this algorithm, or a module of it, is not known";

impl KeySpec {
    /// `proc_tcp_congestion_control`, `proc_allowed_congestion_control` and `set_default_qdisc`: one line
    /// of text, and `ENOENT` for a name that is not there.
    pub(super) fn store_choice(
        &self,
        old: Option<&Value>,
        text: &[u8],
        beside: &dyn Beside,
    ) -> Stored {
        let end = text.iter().position(|byte| matches!(byte, b'\n' | 0));
        let line = text.get(..end.unwrap_or(text.len())).unwrap_or_default();
        match self.key {
            CONGESTION | QDISC => {
                let cut = line.get(..NAME_MAX).unwrap_or(line);
                match name(cut) {
                    None => refused("ENOENT", old),
                    Some(name) => match has(self.key, name, beside) {
                        Some(true) => Stored::Taken(Value::Text(name.to_owned())),
                        Some(false) => refused("ENOENT", old),
                        None => Stored::Unknown(NOT_KNOWN),
                    },
                }
            }
            ALLOWED => self.store_allowed(old, line, beside),
            _ => Stored::Unknown("how the kernel reads this key is not in the catalogue"),
        }
    }
}

impl KeySpec {
    /// `tcp_set_allowed_congestion_control`: every name must be there, else nothing changes.
    fn store_allowed(&self, old: Option<&Value>, line: &[u8], beside: &dyn Beside) -> Stored {
        let mut names = Vec::new();
        let words = || line.split(|byte| *byte == b' ');
        // `strsep` by a single blank: a tab is part of a name.
        for word in words().filter(|word| !word.is_empty()) {
            let Some(name) = name(word) else {
                return refused("ENOENT", old);
            };
            match has(CONGESTION, name, beside) {
                Some(true) => names.push(name.to_owned()),
                Some(false) => return refused("ENOENT", old),
                None => return Stored::Unknown(NOT_KNOWN),
            }
        }
        if names.len() == 1 || words().all(|word| !word.is_empty()) {
            Stored::Taken(self.words(names))
        } else {
            Stored::Unknown("what the kernel makes of more than one blank is not known")
        }
    }
}

/// Whether an algorithm is there. `reno` is part of TCP (`tcp_register_congestion_control` in
/// `tcp_init`), `pfifo_fast` of the scheduler.
fn has(key: &str, name: &str, beside: &dyn Beside) -> Option<bool> {
    match (key, name) {
        (CONGESTION, "reno") | (QDISC, "pfifo_fast") => Some(true),
        _ => beside.available(key, name),
    }
}

/// A text that an algorithm can be called: `None` for one with blanks or other bytes, which none has.
fn name(text: &[u8]) -> Option<&str> {
    let known = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    if text.is_empty() || !text.iter().all(known) {
        return None;
    }
    std::str::from_utf8(text).ok()
}
