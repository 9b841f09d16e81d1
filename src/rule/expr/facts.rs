//! The two ports of the language: the vocabulary it is compiled against, the facts it is judged on.

use std::fmt;

use crate::fact::{Reading, Value};

use super::ty::Type;

/// The names an expression may use.
pub trait Vocabulary {
    /// What `path` names. The path is dotted, as written, with `["…"]` turned into `.…`; for example
    /// `sysctl.net.ipv4.tcp_rmem.max`. An unknown name gives the nearest known one, if any is near.
    fn resolve(&self, path: &str) -> Result<FactType, Option<String>>;
}

/// What a name in an expression stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FactType {
    /// The name of the fact without the field, as [`Facts`] will be asked for it.
    pub fact: String,
    /// The part of the value that is meant, if not all of it.
    pub field: Option<Field>,
    /// The type of the fact, or of the field if there is one.
    pub ty: Type,
    /// Whether it only grows: then it may stand only inside `rate`, `delta`, `total` and `has`.
    pub monotone: bool,
}

/// A part of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Field {
    /// First of a triple.
    Min,
    /// Second of a triple.
    Default,
    /// Third of a triple.
    Max,
    /// First port of a range.
    Low,
    /// Last port of a range.
    High,
    /// How many ports are in a range, both ends included.
    Size,
    /// How many ports are in a set.
    Count,
}

/// The facts an expression is judged on.
pub trait Facts {
    /// The value now.
    fn value(&self, fact: &str) -> Lookup;
    /// How much a monotone fact grew over the window.
    fn delta(&self, fact: &str) -> Lookup;
    /// What a monotone fact has come to since boot.
    fn total(&self, fact: &str) -> Lookup;
    /// The length of the window in seconds; `None` when there is one sample only.
    fn window_seconds(&self) -> Option<f64>;
}

/// What came of asking for a fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lookup {
    /// It is known.
    Value(Value),
    /// It is not, and why.
    Missing(Missing),
}

impl Lookup {
    /// The answer that a reading of `fact` amounts to.
    pub fn of(fact: &str, reading: &Reading<Value>) -> Self {
        let why = match reading {
            Reading::Known(value) | Reading::ReadOnly(value) => return Self::Value(value.clone()),
            Reading::Absent => Why::Absent,
            Reading::Denied(errno) => Why::Denied(errno.clone()),
            Reading::Malformed(_) => Why::Malformed,
        };
        Self::Missing(Missing::new(fact, why))
    }

    /// The value as `/proc/sys` would take it; `None` when it is not known.
    pub fn into_text(self) -> Option<String> {
        match self {
            Self::Value(value) => Some(value.to_string()),
            Self::Missing(_) => None,
        }
    }
}

/// A fact that is not known.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Missing {
    /// Its name; for arithmetic that has no result, the text of the operation.
    pub fact: String,
    /// Why it is not known.
    pub why: Why,
}

impl Missing {
    /// `fact` is missing for this reason.
    pub fn new(fact: impl Into<String>, why: Why) -> Self {
        Self {
            fact: fact.into(),
            why,
        }
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}", self.fact, self.why)
    }
}

/// Why a fact is not known.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Why {
    /// This kernel or namespace does not have it.
    Absent,
    /// It may not be read; the errno by name.
    Denied(String),
    /// It was read and is not of the type the vocabulary states.
    Malformed,
    /// A change over the window was asked for, and there is one sample only.
    OneSample,
    /// Nobody looked, for the given reason.
    NotCollected(String),
    /// The operation divides by zero.
    DivisionByZero,
    /// The result of the operation is beyond what a number can hold.
    NotFinite,
    /// Any other reason.
    Other(String),
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => f.write_str("absent"),
            Self::Denied(errno) => write!(f, "denied ({errno})"),
            Self::Malformed => f.write_str("malformed"),
            Self::OneSample => f.write_str("needs two samples"),
            Self::NotCollected(reason) => write!(f, "not collected ({reason})"),
            Self::DivisionByZero => f.write_str("division by zero"),
            Self::NotFinite => f.write_str("result out of range"),
            Self::Other(reason) => f.write_str(reason),
        }
    }
}

/// How an expression reads a fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum How {
    /// Its value now.
    Value,
    /// `delta(c)`: its growth over the window.
    Delta,
    /// `total(c)`: its sum since boot.
    Total,
    /// `rate(c)`: its growth per second over the window.
    Rate,
    /// `has(fact)`: whether it exists.
    Has,
}

impl How {
    /// The function that reads this way; `None` for a name that stands alone.
    pub const fn function(self) -> Option<&'static str> {
        match self {
            Self::Value => None,
            Self::Delta => Some("delta"),
            Self::Total => Some("total"),
            Self::Rate => Some("rate"),
            Self::Has => Some("has"),
        }
    }

    /// Whether it compares two samples.
    pub const fn uses_window(self) -> bool {
        matches!(self, Self::Delta | Self::Rate)
    }
}

/// One fact that an expression needs, and how it reads it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FactUse {
    /// The name of the fact, without a field.
    pub fact: String,
    /// How it is read.
    pub how: How,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_reading_is_denied_not_absent() {
        let missing = |reading: &Reading<Value>| match Lookup::of("a.b", reading) {
            Lookup::Missing(missing) => missing.to_string(),
            Lookup::Value(value) => value.to_string(),
        };
        assert_eq!(
            missing(&Reading::Denied("EACCES".to_owned())),
            "`a.b`: denied (EACCES)"
        );
        assert_eq!(missing(&Reading::Absent), "`a.b`: absent");
        assert_eq!(
            missing(&Reading::Malformed("x".to_owned())),
            "`a.b`: malformed"
        );
        assert_eq!(missing(&Reading::ReadOnly(Value::Int(4))), "4");
    }
}
