//! From the text of `/proc/sys` to a typed value.

use std::fmt;

use super::store::ALLOWED;
use super::{KeySpec, Kind};
use crate::fact::{Value, inert};

/// Why a text is not a value of its key's type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// What the type asks for: "three numbers".
    pub wanted: &'static str,
    /// The text as it came.
    pub text: String,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not {}", inert(&self.text), self.wanted)
    }
}

impl std::error::Error for ParseError {}

impl KeySpec {
    /// Reads the text of the key as the kernel shows it: numbers in decimal, separated by blanks or
    /// tabs, with a newline at the end (`proc_dointvec` and its like in `kernel/sysctl.c`).
    ///
    /// Only the form is judged here; whether a write of the value would be accepted is
    /// [`KeySpec::accepts`].
    pub fn parse(&self, text: &str) -> Result<Value, ParseError> {
        let error = |wanted| ParseError {
            wanted,
            text: text.to_owned(),
        };
        match self.kind {
            Kind::Int | Kind::Enum | Kind::Bitmask => numbers(text)
                .map(|[number]| Value::Int(number))
                .ok_or_else(|| error("a whole number")),
            Kind::Bool => numbers(text)
                .map(|[number]| Value::Bool(number != 0))
                .ok_or_else(|| error("0 or 1")),
            Kind::Triple => numbers(text)
                .map(Value::Triple)
                .ok_or_else(|| error("three numbers")),
            Kind::Range => numbers(text)
                .map(Value::Range)
                .ok_or_else(|| error("two numbers")),
            Kind::Ports => ports(text)
                .map(Value::Ports)
                .ok_or_else(|| error("a list of ports such as 8080,9148-9150")),
            Kind::Words => {
                Ok(self.words(text.split_ascii_whitespace().map(str::to_owned).collect()))
            }
            Kind::Text => {
                let line = text.trim();
                if line.contains(['\n', '\0']) {
                    Err(error("one line of text"))
                } else {
                    Ok(Value::Text(line.to_owned()))
                }
            }
        }
    }
}

impl KeySpec {
    /// The value of these words. A flag of each algorithm tells whether it is allowed, and the kernel lists those
    /// that are in the order of their registration (`tcp_get_allowed_congestion_control`): that list is a set.
    pub fn words(&self, mut words: Vec<String>) -> Value {
        if self.key == ALLOWED {
            words.sort_unstable();
            words.dedup();
        }
        Value::Words(words)
    }
}

/// Exactly `N` decimal numbers.
fn numbers<const N: usize>(text: &str) -> Option<[i64; N]> {
    let mut found = [0_i64; N];
    let mut words = text.split_ascii_whitespace();
    for slot in &mut found {
        let word = words.next()?;
        if word.starts_with('+') {
            return None;
        }
        *slot = word.parse().ok()?;
    }
    words.next().is_none().then_some(found)
}

/// Ports and port ranges, brought into ascending order without overlaps, as the kernel shows them.
fn ports(text: &str) -> Option<Vec<(u16, u16)>> {
    let port = |digits: &str| {
        let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        plain.then(|| digits.parse::<u16>().ok()).flatten()
    };
    let mut given = Vec::new();
    for part in text.trim().split(',').map(str::trim) {
        let (low, high) = match part.split_once('-') {
            Some((low, high)) => (port(low)?, port(high)?),
            // The whole list may be empty, one of several parts may not.
            None if part.is_empty() && text.trim().is_empty() => continue,
            None => (port(part)?, port(part)?),
        };
        if low > high {
            return None;
        }
        given.push((low, high));
    }
    given.sort_unstable();
    let mut merged: Vec<(u16, u16)> = Vec::new();
    for (low, high) in given {
        match merged.last_mut() {
            Some(last) if low <= last.1.saturating_add(1) => last.1 = last.1.max(high),
            _ => merged.push((low, high)),
        }
    }
    Some(merged)
}

#[cfg(test)]
mod tests {
    use super::super::find;
    use super::*;

    fn parsed(key: &str, text: &str) -> Option<Value> {
        find(key).unwrap().parse(text).ok()
    }

    #[test]
    fn numbers_compare_by_token_and_not_by_blank() {
        let triple = Some(Value::Triple([4096, 131_072, 6_291_456]));
        assert_eq!(
            parsed("net.ipv4.tcp_rmem", "4096\t131072\t6291456\n"),
            triple
        );
        assert_eq!(
            parsed("net.ipv4.tcp_rmem", " 4096 131072   6291456"),
            triple
        );
        assert_eq!(
            parsed("net.ipv4.ip_local_port_range", "32768\t60999\n"),
            Some(Value::Range([32_768, 60_999]))
        );
        assert_eq!(
            parsed("net.ipv4.tcp_fin_timeout", "-1\n"),
            Some(Value::Int(-1))
        );
    }

    #[test]
    fn any_non_zero_number_is_on() {
        assert_eq!(parsed("net.ipv4.tcp_sack", "0\n"), Some(Value::Bool(false)));
        assert_eq!(
            parsed("net.ipv4.tcp_sack", "255\n"),
            Some(Value::Bool(true))
        );
        assert_eq!(
            parsed("net.ipv4.conf.all.send_redirects", "-3\n"),
            Some(Value::Bool(true))
        );
    }

    #[test]
    fn a_list_of_ports_is_brought_into_order() {
        let ports = |text| parsed("net.ipv4.ip_local_reserved_ports", text);
        assert_eq!(ports("\n"), Some(Value::Ports(vec![])));
        assert_eq!(
            ports("9150,8080,9148-9149\n"),
            Some(Value::Ports(vec![(8080, 8080), (9148, 9150)]))
        );
        assert_eq!(ports("0-65535,65535"), Some(Value::Ports(vec![(0, 65535)])));
        for text in ["x", "1-", "-1", "2-1", "65536", "1,,2", "1,", "+1"] {
            assert_eq!(ports(text), None, "{text}");
        }
    }

    #[test]
    fn allowed_algorithms_are_a_set() {
        let allowed = |text| parsed("net.ipv4.tcp_allowed_congestion_control", text);
        assert_eq!(allowed("bbr cubic reno"), allowed("reno cubic bbr bbr\n"));
        assert_ne!(allowed("bbr cubic reno"), allowed("cubic reno"));
    }

    #[test]
    fn words_and_text_are_kept_as_they_are() {
        assert_eq!(
            parsed(
                "net.ipv4.tcp_available_congestion_control",
                "reno bbr\tcubic\n"
            ),
            Some(Value::Words(vec![
                "reno".into(),
                "bbr".into(),
                "cubic".into()
            ]))
        );
        assert_eq!(
            parsed("net.core.default_qdisc", "fq_codel\n"),
            Some(Value::Text("fq_codel".into()))
        );
        assert_eq!(parsed("net.core.default_qdisc", "fq\ncodel\n"), None);
    }

    #[test]
    fn what_is_not_of_the_type_is_refused_and_quoted() {
        for text in [
            "",
            "\n",
            "1 2",
            "0x10",
            "+1",
            "1.5",
            "one",
            "99999999999999999999",
            "\u{0661}",
        ] {
            assert_eq!(parsed("net.ipv4.tcp_fin_timeout", text), None, "{text}");
        }
        assert_eq!(parsed("net.ipv4.tcp_rmem", "1 2"), None);
        assert_eq!(parsed("net.ipv4.tcp_rmem", "1 2 3 4"), None);
        let error = find("net.ipv4.tcp_sack")
            .unwrap()
            .parse("on\u{1b}")
            .unwrap_err();
        assert_eq!(error.to_string(), "`on\\x1b` is not 0 or 1");
    }
}
