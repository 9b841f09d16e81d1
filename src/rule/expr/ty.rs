//! Types of expressions: numbers with units, booleans, text, lists of text.

use std::fmt;

use crate::fact::Unit;

/// The type of a fact, or of one field of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Type {
    /// A number of something.
    Number(Unit),
    /// A switch.
    Bool,
    /// One word or line.
    Text,
    /// Several words.
    Words,
    /// A list of ports, which can be set and shown and not reckoned with.
    Ports,
}

/// What a number in an expression is a number of.
///
/// A literal has no unit of its own and takes the unit of whatever it meets; arithmetic on literals
/// alone stays that way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Quantity {
    /// The unit; `None` for literals, which fit any.
    pub unit: Option<Unit>,
    /// Whether it is that unit per second, as `rate(c)` is.
    pub per_second: bool,
}

impl Quantity {
    /// A literal: fits any unit, and rates too.
    pub const LITERAL: Self = Self {
        unit: None,
        per_second: false,
    };

    /// A plain number: a ratio, a level.
    pub const PLAIN: Self = Self::of(Unit::Number);

    /// So many of `unit`.
    pub const fn of(unit: Unit) -> Self {
        Self {
            unit: Some(unit),
            per_second: false,
        }
    }

    /// So many of `unit` per second.
    pub const fn rate_of(unit: Unit) -> Self {
        Self {
            unit: Some(unit),
            per_second: true,
        }
    }

    /// Whether it is a literal.
    pub fn is_literal(self) -> bool {
        self == Self::LITERAL
    }

    /// Whether it scales another quantity without changing what that is: a literal or a plain number.
    pub(super) fn is_scalar(self) -> bool {
        self.is_literal() || self == Self::PLAIN
    }

    /// What both are, when they may be added, compared or chosen between.
    pub(super) fn unify(self, other: Self) -> Option<Self> {
        if self.is_literal() {
            return Some(other);
        }
        if other.is_literal() {
            return Some(self);
        }
        let unit = match (self.unit, other.unit) {
            (Some(left), Some(right)) if left != right => return None,
            (left, right) => left.or(right),
        };
        (self.per_second == other.per_second).then_some(Self {
            unit,
            per_second: self.per_second,
        })
    }

    /// `self * other`: one side scales the other, or a rate runs for some seconds.
    pub(super) fn times(self, other: Self) -> Option<Self> {
        match (self.is_scalar(), other.is_scalar()) {
            (true, true) => self.unify(other),
            (true, false) => Some(other),
            (false, true) => Some(self),
            (false, false) if other == Self::of(Unit::Seconds) => self.over_seconds(),
            (false, false) if self == Self::of(Unit::Seconds) => other.over_seconds(),
            (false, false) => None,
        }
    }

    /// `self / other`: scaled down, a ratio of equals, a rate over seconds, or the time a rate needs.
    pub(super) fn per(self, other: Self) -> Option<Self> {
        if other.is_scalar() {
            return Some(if self.is_literal() { other } else { self });
        }
        if !self.is_literal() && self.unify(other).is_some() {
            return Some(Self::PLAIN);
        }
        if other == Self::of(Unit::Seconds) && !self.per_second {
            return Some(Self {
                unit: self.unit,
                per_second: true,
            });
        }
        if self.is_literal() {
            return Some(Self::PLAIN);
        }
        let reached_after = other
            .over_seconds()
            .is_some_and(|reached| reached.unify(self).is_some());
        (reached_after && !self.per_second).then_some(Self::of(Unit::Seconds))
    }

    /// What a rate amounts to over some seconds; `None` when it is no rate.
    fn over_seconds(self) -> Option<Self> {
        self.per_second.then_some(Self {
            unit: self.unit,
            per_second: false,
        })
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.unit.map_or("number", Unit::name))?;
        f.write_str(if self.per_second { "/s" } else { "" })
    }
}

/// The type of an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ExprType {
    /// A number, with what it counts.
    Number(Quantity),
    /// True or false.
    Bool,
    /// One text.
    Text,
    /// A list of text.
    Words,
    /// A list of ports.
    Ports,
}

impl From<Type> for ExprType {
    fn from(ty: Type) -> Self {
        match ty {
            Type::Number(unit) => Self::Number(Quantity::of(unit)),
            Type::Bool => Self::Bool,
            Type::Text => Self::Text,
            Type::Words => Self::Words,
            Type::Ports => Self::Ports,
        }
    }
}

impl fmt::Display for ExprType {
    /// As an object of a sentence: "a boolean", "a number of bytes", "a rate in count/s".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(quantity) if quantity.per_second => write!(f, "a rate in {quantity}"),
            Self::Number(Quantity {
                unit: None | Some(Unit::Number),
                ..
            }) => f.write_str("a number"),
            Self::Number(quantity) => write!(f, "a number in {quantity}"),
            Self::Bool => f.write_str("a boolean"),
            Self::Text => f.write_str("text"),
            Self::Words => f.write_str("a list of text"),
            Self::Ports => f.write_str("a list of ports"),
        }
    }
}

/// What the place an expression stands in asks of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// A condition.
    Bool,
    /// A number, of this unit if one is given; a literal fits any.
    Number(Option<Unit>),
    /// The new value of a key of this type. A plain number is taken for a key of any unit, since
    /// `host.memory / host.page_size` is how a rule writes pages.
    Setting(Type),
    /// Anything with a value to show.
    Any,
}

impl Expected {
    /// Whether an expression of type `found` may stand here.
    pub(super) fn admits(self, found: ExprType) -> bool {
        match (self, found) {
            (Self::Bool | Self::Setting(Type::Bool), ExprType::Bool)
            | (Self::Number(None), ExprType::Number(_))
            | (Self::Setting(Type::Text | Type::Words), ExprType::Text)
            | (Self::Setting(Type::Words), ExprType::Words)
            | (Self::Setting(Type::Ports), ExprType::Ports)
            | (Self::Any, _) => true,
            (Self::Number(Some(unit)), ExprType::Number(quantity)) => {
                quantity.unify(Quantity::of(unit)).is_some()
            }
            (Self::Setting(Type::Number(unit)), ExprType::Number(quantity)) => {
                quantity.is_scalar() || quantity.unify(Quantity::of(unit)).is_some()
            }
            _ => false,
        }
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool | Self::Setting(Type::Bool) => f.write_str("a boolean"),
            Self::Number(None) => f.write_str("a number"),
            Self::Number(Some(unit)) | Self::Setting(Type::Number(unit)) => {
                ExprType::Number(Quantity::of(*unit)).fmt(f)
            }
            Self::Setting(Type::Text) => f.write_str("text"),
            Self::Setting(Type::Words) => f.write_str("text or a list of text"),
            Self::Setting(Type::Ports) => f.write_str("a list of ports"),
            Self::Any => f.write_str("a value"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COUNT: Quantity = Quantity::of(Unit::Count);
    const BYTES: Quantity = Quantity::of(Unit::Bytes);
    const SECONDS: Quantity = Quantity::of(Unit::Seconds);
    const RATE: Quantity = Quantity::rate_of(Unit::Count);
    const PLAIN: Quantity = Quantity::PLAIN;
    const LITERAL: Quantity = Quantity::LITERAL;

    #[test]
    fn only_a_literal_fits_both_a_rate_and_a_count() {
        assert_eq!(LITERAL.unify(RATE), Some(RATE));
        assert_eq!(COUNT.unify(LITERAL), Some(COUNT));
        assert_eq!(COUNT.unify(RATE), None);
        assert_eq!(PLAIN.unify(COUNT), None);
        assert_eq!(SECONDS.unify(Quantity::of(Unit::Milliseconds)), None);
    }

    #[test]
    fn a_product_keeps_the_one_unit_it_has() {
        assert_eq!(LITERAL.times(COUNT), Some(COUNT));
        assert_eq!(BYTES.times(PLAIN), Some(BYTES));
        assert_eq!(PLAIN.times(LITERAL), Some(PLAIN));
        assert_eq!(LITERAL.times(LITERAL), Some(LITERAL));
        assert_eq!(COUNT.times(BYTES), None);
        assert_eq!(RATE.times(COUNT), None);
    }

    #[test]
    fn a_rate_a_count_and_seconds_turn_into_each_other() {
        assert_eq!(RATE.times(SECONDS), Some(COUNT));
        assert_eq!(SECONDS.times(RATE), Some(COUNT));
        assert_eq!(COUNT.per(SECONDS), Some(RATE));
        assert_eq!(COUNT.per(RATE), Some(SECONDS));
        assert_eq!(RATE.per(SECONDS), None);
    }

    #[test]
    fn equals_divide_into_a_plain_number() {
        assert_eq!(COUNT.per(COUNT), Some(PLAIN));
        assert_eq!(RATE.per(RATE), Some(PLAIN));
        assert_eq!(SECONDS.per(SECONDS), Some(PLAIN));
        assert_eq!(LITERAL.per(COUNT), Some(PLAIN));
        assert_eq!(COUNT.per(LITERAL), Some(COUNT));
        assert_eq!(COUNT.per(BYTES), None);
        assert_eq!(PLAIN.per(BYTES), None);
        assert_eq!(RATE.per(COUNT), None);
    }

    #[test]
    fn a_setting_takes_a_plain_number_and_no_foreign_unit() {
        let pages = Expected::Setting(Type::Number(Unit::Pages));
        assert!(pages.admits(ExprType::Number(PLAIN)));
        assert!(!pages.admits(ExprType::Number(BYTES)));
        assert!(!pages.admits(ExprType::Bool));
        assert!(!Expected::Number(Some(Unit::Pages)).admits(ExprType::Number(PLAIN)));
        assert!(!Expected::Setting(Type::Number(Unit::Count)).admits(ExprType::Number(RATE)));
    }
}
