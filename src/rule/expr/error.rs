//! What can be wrong with an expression, and what to write instead.

use std::fmt;
use std::ops::Range;

use super::ty::{Expected, ExprType, Quantity};
use super::{MAX_BYTES, MAX_DEPTH, MAX_NODES};

/// One problem of an expression or a template, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExprError {
    /// Byte offsets in the text that was compiled; empty at its end when something is missing there.
    pub span: Range<usize>,
    /// The problem.
    pub kind: ExprErrorKind,
}

impl ExprError {
    /// What to do about it, in the imperative; `None` where the message says it all.
    pub fn help(&self) -> Option<String> {
        self.kind.help()
    }

    /// The same error in a text that holds the expression `by` bytes further on.
    pub(super) fn shifted(mut self, by: usize) -> Self {
        self.span = self.span.start + by..self.span.end + by;
        self
    }
}

impl fmt::Display for ExprError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind.fmt(f)
    }
}

impl std::error::Error for ExprError {}

/// The kinds of problems.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExprErrorKind {
    /// Longer than [`MAX_BYTES`].
    TooLong {
        /// The length in bytes.
        bytes: usize,
    },
    /// Nested deeper than [`MAX_DEPTH`].
    TooDeep,
    /// More parts than [`MAX_NODES`].
    TooManyParts,
    /// A character that the language does not use.
    UnexpectedCharacter {
        /// The character.
        found: char,
    },
    /// A text without its closing quote.
    UnclosedText,
    /// An escape that the language does not know.
    BadEscape,
    /// A number that cannot be read.
    BadNumber {
        /// The text of it.
        text: String,
    },
    /// An index that is no text, or is not closed.
    BadIndex,
    /// Something else was expected here.
    Unexpected {
        /// What was expected.
        wanted: &'static str,
        /// What stands there; empty at the end.
        found: String,
    },
    /// An operator in the spelling of another language.
    Spelling {
        /// As found.
        found: String,
        /// As this language writes it.
        written: &'static str,
    },
    /// A name the vocabulary does not have.
    UnknownFact {
        /// The dotted path.
        name: String,
        /// The nearest known name.
        nearest: Option<String>,
    },
    /// A function the language does not have.
    UnknownFunction {
        /// As written.
        name: String,
        /// The nearest known one.
        nearest: Option<&'static str>,
    },
    /// A function with too many or too few arguments.
    Arguments {
        /// The function.
        function: &'static str,
        /// How many it takes.
        wanted: &'static str,
        /// How many it was given.
        found: usize,
    },
    /// `rate`, `delta`, `total` or `has` of something that is no name of a fact.
    NotAFact {
        /// The function.
        function: &'static str,
    },
    /// `rate`, `delta` or `total` of a fact that may fall.
    NotMonotone {
        /// The function.
        function: &'static str,
        /// The fact, as written.
        name: String,
    },
    /// A counter outside `rate`, `delta`, `total` and `has`.
    BareCounter {
        /// The counter, as written.
        name: String,
    },
    /// `duration` of something that is no duration.
    BadDuration,
    /// A list that the language has no type for.
    BadList,
    /// A value of the wrong type.
    WrongType {
        /// The operator or function.
        at: &'static str,
        /// What it takes.
        wanted: &'static str,
        /// What it was given.
        found: String,
    },
    /// A boolean compared with a number.
    BoolAgainstNumber {
        /// What to write instead.
        write: Option<String>,
    },
    /// Two values of different types where one type is needed.
    Clash {
        /// The operator.
        at: &'static str,
        /// The type on the left.
        left: String,
        /// The type on the right.
        right: String,
    },
    /// Two numbers of different units where one unit is needed.
    UnitClash {
        /// The operator.
        at: &'static str,
        /// The unit on the left.
        left: Quantity,
        /// The unit on the right.
        right: Quantity,
    },
    /// The whole expression is not of the type that its place asks for.
    Misplaced {
        /// What the place takes.
        wanted: Expected,
        /// What the expression is.
        found: ExprType,
    },
    /// A `{` in a template without its `}`.
    UnclosedBrace,
    /// A `}` in a template without its `{`.
    StrayBrace,
}

impl fmt::Display for ExprErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { bytes } => {
                write!(f, "text of {bytes} bytes is longer than {MAX_BYTES}")
            }
            Self::TooDeep => write!(f, "expression is nested deeper than {MAX_DEPTH}"),
            Self::TooManyParts => write!(f, "expression has more than {MAX_NODES} parts"),
            Self::UnexpectedCharacter { found } => {
                write!(f, "unexpected character `{}`", found.escape_debug())
            }
            Self::UnclosedText => f.write_str("text is not closed on its line"),
            Self::BadEscape => f.write_str("unknown escape in text"),
            Self::BadNumber { text } => write!(f, "`{text}` is no number"),
            Self::BadIndex => f.write_str("index is not one closed text"),
            Self::Unexpected { wanted, found } if found.is_empty() => {
                write!(f, "expected {wanted}, found the end")
            }
            Self::Unexpected { wanted, found } => {
                write!(f, "expected {wanted}, found `{}`", found.escape_debug())
            }
            Self::Spelling { found, written } => write!(f, "`{found}` is written `{written}`"),
            Self::UnknownFact { name, .. } => {
                write!(f, "unknown fact `{}`", name.escape_debug())
            }
            Self::UnknownFunction { name, .. } => {
                write!(f, "unknown function `{}`", name.escape_debug())
            }
            Self::Arguments {
                function,
                wanted,
                found,
            } => write!(f, "`{function}` takes {wanted}, found {found}"),
            Self::NotAFact { function } => write!(f, "`{function}` takes the name of a fact"),
            Self::NotMonotone { function, name } => {
                write!(f, "`{function}` takes a counter, and `{name}` may fall")
            }
            Self::BareCounter { name } => write!(f, "counter `{name}` stands alone"),
            Self::BadDuration => f.write_str("`duration` takes a text such as `\"60s\"`"),
            Self::BadList => f.write_str("list is neither all text nor all numbers of one unit"),
            Self::WrongType { at, wanted, found } => {
                write!(f, "`{at}` takes {wanted}, found {found}")
            }
            Self::BoolAgainstNumber { .. } => f.write_str("boolean is compared with a number"),
            Self::Clash { at, left, right } => {
                write!(
                    f,
                    "`{at}` takes two of one type, left is {left}, right is {right}"
                )
            }
            Self::UnitClash { at, left, right } => {
                let rule = match *at {
                    "*" => "no unit for this product",
                    "/" => "no unit for this ratio",
                    _ => "units differ",
                };
                write!(f, "{rule} at `{at}`: left is {left}, right is {right}")
            }
            Self::Misplaced { wanted, found } => write!(f, "expected {wanted}, found {found}"),
            Self::UnclosedBrace => f.write_str("`{` is not closed"),
            Self::StrayBrace => f.write_str("`}` closes nothing"),
        }
    }
}

impl ExprErrorKind {
    fn help(&self) -> Option<String> {
        let help = match self {
            Self::TooLong { .. } | Self::TooDeep | Self::TooManyParts => {
                "split the rule in two, or say it shorter".to_owned()
            }
            Self::UnclosedText => "close the text with the quote it began with".to_owned(),
            Self::BadEscape => r#"use one of \\ \" \' \n \r \t \uXXXX"#.to_owned(),
            Self::BadNumber { text } => bad_number(text),
            Self::BadIndex => {
                r#"index by one text, as in `sysctl["net.ipv4.conf.eth0/100.rp_filter"]`"#
                    .to_owned()
            }
            Self::Spelling { found, written } => format!("write `{written}` instead of `{found}`"),
            Self::UnknownFact { name, nearest } => match nearest {
                Some(nearest) => format!("write `{nearest}`, the nearest known name"),
                None if !name.contains('.') => {
                    format!("put text in quotes, `\"{name}\"`; the names of facts have dots")
                }
                None => "list the known names with `tcptune facts`".to_owned(),
            },
            Self::UnknownFunction { nearest, .. } => match nearest {
                Some(nearest) => format!("write `{nearest}`, the nearest known function"),
                None => format!("use one of {}", super::parse::FUNCTIONS.join(", ")),
            },
            Self::NotAFact { function } => {
                format!("apply `{function}` to one name, and calculate with the result")
            }
            Self::NotMonotone { name, .. } => format!("write `{name}` alone"),
            Self::BareCounter { name } => {
                format!("use `rate({name})`, `delta({name})` or `total({name})`")
            }
            Self::BadDuration => {
                "combine numbers with ms, s, m and h, as in `\"1h30m\"`".to_owned()
            }
            Self::BadList => "give the list values of one type".to_owned(),
            Self::BoolAgainstNumber { write } => match write {
                Some(write) => format!("write `{write}`, it is a boolean"),
                None => "compare it with `true` or `false`".to_owned(),
            },
            Self::WrongType { at, found, .. } => return wrong_type(at, found),
            Self::Clash { at, left, .. } => match *at {
                "<" | "<=" | ">" | ">=" if left == "a boolean" => {
                    "join two comparisons with `&&`, as in `a < b && b < c`".to_owned()
                }
                "==" | "!=" => "compare values of one type".to_owned(),
                _ => return None,
            },
            Self::UnitClash { at, left, right } => unit_clash(at, *left, *right),
            Self::Misplaced { wanted, found } => return misplaced(*wanted, *found),
            Self::UnclosedBrace => "close it with `}`, or write `{{` for a brace".to_owned(),
            Self::StrayBrace => "write `}}` for a brace".to_owned(),
            Self::UnexpectedCharacter { .. } | Self::Unexpected { .. } | Self::Arguments { .. } => {
                return None;
            }
        };
        Some(help)
    }
}

fn bad_number(text: &str) -> String {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let suffix = text.get(digits.len()..).unwrap_or_default();
    if !digits.is_empty() && matches!(suffix, "ms" | "s" | "m" | "h") {
        format!("write `duration(\"{text}\")`")
    } else {
        "write the number out in decimal digits".to_owned()
    }
}

fn wrong_type(at: &str, found: &str) -> Option<String> {
    match at {
        "percent" => Some("divide by a number of the same unit first".to_owned()),
        "!" | "&&" | "||" | "?" if found.contains("number") => {
            Some("compare the number, as in `x > 0`".to_owned())
        }
        "in" => Some("give a list on the right, as in `x in [1, 2]`".to_owned()),
        _ => None,
    }
}

fn unit_clash(at: &str, left: Quantity, right: Quantity) -> String {
    if left.per_second != right.per_second && !matches!(at, "*" | "/") {
        "compare a rate with a rate: use `rate()` on both sides, or `delta()`".to_owned()
    } else if at == "*" {
        "multiply by a plain number, or a rate by seconds".to_owned()
    } else {
        format!("bring both to one unit: left is {left}, right is {right}")
    }
}

fn misplaced(wanted: Expected, found: ExprType) -> Option<String> {
    use super::ty::Type;
    match (wanted, found) {
        (Expected::Bool, ExprType::Number(_)) => {
            Some("compare the number, as in `x > 0`".to_owned())
        }
        (Expected::Setting(Type::Bool), ExprType::Number(_)) => {
            Some("write `true` or `false`, the key is a switch".to_owned())
        }
        (Expected::Setting(Type::Number(_)), ExprType::Bool) => {
            Some("write a number, as in `x ? 1 : 0`".to_owned())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fact::Unit;

    fn error(kind: ExprErrorKind) -> (String, Option<String>) {
        let error = ExprError { span: 0..1, kind };
        (error.to_string(), error.help())
    }

    #[test]
    fn an_unknown_fact_is_helped_by_the_nearest_name() {
        let (message, help) = error(ExprErrorKind::UnknownFact {
            name: "sysctl.net.ipv4.tcp_sak".to_owned(),
            nearest: Some("sysctl.net.ipv4.tcp_sack".to_owned()),
        });
        assert_eq!(message, "unknown fact `sysctl.net.ipv4.tcp_sak`");
        let help = help.unwrap();
        assert_eq!(
            help,
            "write `sysctl.net.ipv4.tcp_sack`, the nearest known name"
        );
    }

    #[test]
    fn a_unit_clash_names_both_units() {
        let (message, help) = error(ExprErrorKind::UnitClash {
            at: "<",
            left: Quantity::of(Unit::Seconds),
            right: Quantity::of(Unit::Milliseconds),
        });
        assert_eq!(message, "units differ at `<`: left is s, right is ms");
        assert!(help.unwrap().ends_with("left is s, right is ms"));
    }

    #[test]
    fn control_characters_are_escaped_in_messages() {
        let (message, _) = error(ExprErrorKind::UnexpectedCharacter { found: '\u{1b}' });
        assert_eq!(message, "unexpected character `\\u{1b}`");
    }

    #[test]
    fn a_time_without_quotes_is_helped_to_a_duration() {
        let text = "60s".to_owned();
        let (_, help) = error(ExprErrorKind::BadNumber { text });
        assert_eq!(help.as_deref(), Some("write `duration(\"60s\")`"));
    }
}
