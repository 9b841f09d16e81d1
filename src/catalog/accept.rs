//! Whether a write of a value would be accepted, and would mean something.

use std::fmt;

use super::{KeySpec, Kind};
use crate::fact::Value;

/// Why a value must not be written to a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The value is of another type than the key.
    WrongType {
        /// The type of the key.
        wanted: Kind,
    },
    /// A number lies outside what the kernel accepts: the write fails with `EINVAL`.
    OutOfRange {
        /// The number.
        number: i64,
        /// The smallest accepted.
        min: i64,
        /// The largest accepted.
        max: i64,
    },
    /// The kernel would store the number, but gives it no meaning.
    NoMeaning {
        /// The enum value, or the mask bits without a meaning.
        number: i64,
    },
    /// The numbers of a triple or a range do not ascend. The kernel stores some of these all the same.
    NotAscending,
    /// A word or text holds a control character or is too long for one write.
    NotPlain,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WrongType { wanted } => {
                write!(f, "the key takes a value of type {}", wanted.name())
            }
            Self::OutOfRange { number, min, max } => {
                write!(
                    f,
                    "{number} is outside {min} to {max}, which is what the kernel accepts"
                )
            }
            Self::NoMeaning { number } => write!(f, "{number} has no meaning for this key"),
            Self::NotAscending => f.write_str("the numbers do not ascend"),
            Self::NotPlain => f.write_str("the text does not fit one plain line"),
        }
    }
}

impl std::error::Error for Refused {}

/// The most bytes a text may have: `proc_dostring` cuts at the size of the key's buffer, none of
/// which is as large as this.
const TEXT_MAX: usize = 1024;

impl KeySpec {
    /// Whether the value may be written: of the type, inside the range, with a meaning, in order.
    ///
    /// This is stricter than the kernel, which stores an inverted `tcp_rmem` or `rp_filter=77`
    /// without a word. A value the key has by default is always accepted, as `1 0` of
    /// `ping_group_range`, which stands for "no group".
    pub fn accepts(&self, value: &Value) -> Result<(), Refused> {
        match (self.kind, value) {
            (Kind::Bool, Value::Bool(_)) => Ok(()),
            (Kind::Int, Value::Int(number)) => self.in_range(&[*number]),
            (Kind::Enum, Value::Int(number)) => {
                self.in_range(&[*number])?;
                if self.values.is_empty() || self.meaning(*number).is_some() {
                    Ok(())
                } else {
                    Err(Refused::NoMeaning { number: *number })
                }
            }
            (Kind::Bitmask, Value::Int(number)) => {
                self.in_range(&[*number])?;
                let known = self.values.iter().fold(0, |bits, (bit, _)| bits | bit);
                let unknown = number & !known;
                if self.values.is_empty() || unknown == 0 {
                    Ok(())
                } else {
                    Err(Refused::NoMeaning { number: unknown })
                }
            }
            (Kind::Triple, Value::Triple(numbers)) => self.ascending(value, numbers),
            (Kind::Range, Value::Range(numbers)) => self.ascending(value, numbers),
            (Kind::Ports, Value::Ports(ranges)) => {
                let ends: Vec<i64> = ranges
                    .iter()
                    .flat_map(|(low, high)| [i64::from(*low), i64::from(*high)])
                    .collect();
                self.in_range(&ends)?;
                if ends.is_sorted() {
                    Ok(())
                } else {
                    Err(Refused::NotAscending)
                }
            }
            (Kind::Words, Value::Words(words)) => {
                let plain = |word: &String| !word.is_empty() && !word.contains(char::is_whitespace);
                let length: usize = words.iter().map(|word| word.len() + 1).sum();
                if words.iter().all(plain)
                    && words.iter().all(|word| is_plain(word))
                    && length <= TEXT_MAX
                {
                    Ok(())
                } else {
                    Err(Refused::NotPlain)
                }
            }
            (Kind::Text, Value::Text(text)) if is_plain(text) => Ok(()),
            (Kind::Text, Value::Text(_)) => Err(Refused::NotPlain),
            _ => Err(Refused::WrongType { wanted: self.kind }),
        }
    }

    fn in_range(&self, numbers: &[i64]) -> Result<(), Refused> {
        let min = self.min.unwrap_or(i64::MIN);
        let max = self.max.unwrap_or(i64::MAX);
        match numbers.iter().find(|number| !(min..=max).contains(*number)) {
            Some(&number) => Err(Refused::OutOfRange { number, min, max }),
            None => Ok(()),
        }
    }

    fn ascending(&self, value: &Value, numbers: &[i64]) -> Result<(), Refused> {
        self.in_range(numbers)?;
        let is_a_default = || {
            let mut texts = self.defaults.iter().filter_map(|default| default.value);
            texts.any(|text| self.parse(text).is_ok_and(|default| default == *value))
        };
        if numbers.is_sorted() || is_a_default() {
            Ok(())
        } else {
            Err(Refused::NotAscending)
        }
    }
}

fn is_plain(text: &str) -> bool {
    text.len() <= TEXT_MAX && !text.contains(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::super::find;
    use super::*;

    fn judged(key: &str, value: &Value) -> Result<(), Refused> {
        find(key).unwrap().accepts(value)
    }

    #[test]
    fn a_number_must_lie_in_the_range_of_the_key() {
        let retries = |number| judged("net.ipv4.tcp_syn_retries", &Value::Int(number));
        assert_eq!(retries(1), Ok(()));
        assert_eq!(retries(127), Ok(()));
        assert_eq!(
            retries(0),
            Err(Refused::OutOfRange {
                number: 0,
                min: 1,
                max: 127
            })
        );
        assert_eq!(
            retries(128),
            Err(Refused::OutOfRange {
                number: 128,
                min: 1,
                max: 127
            })
        );
    }

    #[test]
    fn a_value_of_another_type_is_refused() {
        assert_eq!(
            judged("net.ipv4.tcp_sack", &Value::Int(1)),
            Err(Refused::WrongType { wanted: Kind::Bool })
        );
        assert_eq!(
            judged("net.ipv4.tcp_rmem", &Value::Range([1, 2])),
            Err(Refused::WrongType {
                wanted: Kind::Triple
            })
        );
    }

    #[test]
    fn a_stored_number_without_a_meaning_is_refused() {
        assert_eq!(judged("net.ipv4.tcp_syncookies", &Value::Int(2)), Ok(()));
        assert_eq!(
            judged("net.ipv4.tcp_syncookies", &Value::Int(3)),
            Err(Refused::NoMeaning { number: 3 })
        );
        assert_eq!(
            judged("net.ipv4.conf.eth0.rp_filter", &Value::Int(77)),
            Err(Refused::NoMeaning { number: 77 })
        );
        assert_eq!(judged("net.ipv4.tcp_fastopen", &Value::Int(0x403)), Ok(()));
        assert_eq!(
            judged("net.ipv4.tcp_fastopen", &Value::Int(0x80)),
            Err(Refused::NoMeaning { number: 0x80 })
        );
    }

    #[test]
    fn triples_and_ranges_must_ascend() {
        assert_eq!(
            judged("net.ipv4.tcp_rmem", &Value::Triple([4096, 4096, 8192])),
            Ok(())
        );
        assert_eq!(
            judged("net.ipv4.tcp_rmem", &Value::Triple([8192, 4096, 8192])),
            Err(Refused::NotAscending)
        );
        assert_eq!(
            judged(
                "net.ipv4.ip_local_port_range",
                &Value::Range([60_999, 32_768])
            ),
            Err(Refused::NotAscending)
        );
        assert!(judged("net.ipv4.ip_local_port_range", &Value::Range([0, 65_535])).is_err());
    }

    #[test]
    fn the_empty_group_range_is_no_fault() {
        assert_eq!(
            judged("net.ipv4.ping_group_range", &Value::Range([1, 0])),
            Ok(())
        );
        assert_eq!(
            judged("net.ipv4.ping_group_range", &Value::Range([2, 0])),
            Err(Refused::NotAscending)
        );
    }

    #[test]
    fn text_that_would_write_a_second_line_is_refused() {
        assert_eq!(
            judged("net.core.default_qdisc", &Value::Text("fq".into())),
            Ok(())
        );
        assert_eq!(
            judged("net.core.default_qdisc", &Value::Text("fq\nx".into())),
            Err(Refused::NotPlain)
        );
        assert_eq!(
            judged(
                "net.ipv4.tcp_allowed_congestion_control",
                &Value::Words(vec!["a b".into()])
            ),
            Err(Refused::NotPlain)
        );
    }
}
