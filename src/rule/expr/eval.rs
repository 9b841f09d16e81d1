//! Evaluation: Kleene's three values over facts that may be missing.

use std::borrow::Cow;

use super::Expr;
use super::ast::{Binary, Node, NodeId, Read, Unary};
use super::facts::{Facts, Field, How, Lookup, Missing, Why};
use super::ty::Type;
use crate::fact::Value;

/// What an expression comes to.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// True or false.
    Bool(bool),
    /// A finite number, in the unit of the expression's type.
    Number(f64),
    /// A text, as read: not yet escaped.
    Text(String),
    /// A list of text.
    Words(Vec<String>),
    /// Ports, as ascending ranges with both ends.
    Ports(Vec<(u16, u16)>),
    /// It cannot be known, for want of these; each is named once.
    Unknown(Vec<Missing>),
}

#[derive(Clone, Debug, PartialEq)]
enum Val<'e> {
    Bool(bool),
    Number(f64),
    Text(Cow<'e, str>),
    Words(Vec<String>),
    Ports(Vec<(u16, u16)>),
}

/// A value, or what it would take to know it.
type Known<T> = Result<T, Vec<Missing>>;

impl Expr {
    /// Judges the expression on `facts`. Never panics and never loops; the same facts give the same
    /// outcome.
    ///
    /// A missing fact decides nothing: `false && unknown` is false, `true || unknown` is true, and a
    /// choice with an unknown condition is known only when both branches come to the same.
    pub fn evaluate(&self, facts: &dyn Facts) -> Outcome {
        match (Run { expr: self, facts }).value(self.tree.root) {
            Ok(Val::Bool(value)) => Outcome::Bool(value),
            Ok(Val::Number(value)) => Outcome::Number(value),
            Ok(Val::Text(value)) => Outcome::Text(value.into_owned()),
            Ok(Val::Words(value)) => Outcome::Words(value),
            Ok(Val::Ports(value)) => Outcome::Ports(value),
            Err(missing) => Outcome::Unknown(missing),
        }
    }
}

struct Run<'e> {
    expr: &'e Expr,
    facts: &'e dyn Facts,
}

/// Adds what `more` names and `all` does not.
fn unite(mut all: Vec<Missing>, more: Vec<Missing>) -> Vec<Missing> {
    for missing in more {
        if !all.contains(&missing) {
            all.push(missing);
        }
    }
    all
}

fn both<A, B>(left: Known<A>, right: Known<B>) -> Known<(A, B)> {
    match (left, right) {
        (Ok(left), Ok(right)) => Ok((left, right)),
        (Err(left), Err(right)) => Err(unite(left, right)),
        (Err(missing), Ok(_)) | (Ok(_), Err(missing)) => Err(missing),
    }
}

/// The outcome for a shape that the checker has ruled out.
fn mistyped<T>() -> Known<T> {
    Err(Vec::new())
}

impl<'e> Run<'e> {
    // Recursion goes as deep as the tree, at most `MAX_NODES` levels.
    fn value(&self, id: NodeId) -> Known<Val<'e>> {
        match self.expr.tree.node(id) {
            Node::Poison => mistyped(),
            Node::Number(value) | Node::Duration(value, _) => Ok(Val::Number(*value)),
            Node::Bool(value) => Ok(Val::Bool(*value)),
            Node::Text(text) => Ok(Val::Text(Cow::Borrowed(text))),
            Node::Window => match self.facts.window_seconds() {
                Some(seconds) if seconds.is_finite() => Ok(Val::Number(seconds)),
                _ => Err(vec![Missing::new("window.seconds", Why::OneSample)]),
            },
            Node::Fact(read) => self.read(read),
            Node::Unary(Unary::Not, operand) => Ok(Val::Bool(!self.bool(*operand)?)),
            Node::Unary(operator, operand) => {
                let of = self.number(*operand)?;
                let result = match operator {
                    Unary::Floor => of.floor(),
                    Unary::Ceil => of.ceil(),
                    Unary::Round => of.round(),
                    Unary::Percent => of * 100.0,
                    Unary::Negate | Unary::Not => -of,
                };
                self.finite(id, result)
            }
            Node::Binary(operator, left, right) => self.binary(id, *operator, *left, *right),
            Node::Min(of) => self.extreme(of, f64::min),
            Node::Max(of) => self.extreme(of, f64::max),
            Node::List(of) => self.list(of),
            Node::Choose(condition, yes, no) => match self.bool(*condition) {
                Ok(true) => self.value(*yes),
                Ok(false) => self.value(*no),
                Err(missing) => match (self.value(*yes), self.value(*no)) {
                    (Ok(yes), Ok(no)) if yes == no => Ok(yes),
                    (yes, no) => match both(yes, no) {
                        Ok(_) => Err(missing),
                        Err(more) => Err(unite(missing, more)),
                    },
                },
            },
        }
    }

    fn bool(&self, id: NodeId) -> Known<bool> {
        match self.value(id)? {
            Val::Bool(value) => Ok(value),
            _ => mistyped(),
        }
    }

    fn number(&self, id: NodeId) -> Known<f64> {
        match self.value(id)? {
            Val::Number(value) => Ok(value),
            _ => mistyped(),
        }
    }

    fn numbers(&self, left: NodeId, right: NodeId) -> Known<(f64, f64)> {
        both(self.number(left), self.number(right))
    }

    fn failed<T>(&self, id: NodeId, why: Why) -> Known<T> {
        Err(vec![Missing::new(self.expr.printed(id).to_string(), why)])
    }

    fn finite(&self, id: NodeId, result: f64) -> Known<Val<'e>> {
        if result.is_finite() {
            Ok(Val::Number(result))
        } else {
            self.failed(id, Why::NotFinite)
        }
    }

    fn binary(&self, id: NodeId, by: Binary, left: NodeId, right: NodeId) -> Known<Val<'e>> {
        match by {
            Binary::And => self.decided_by(false, left, right).map(Val::Bool),
            Binary::Or => self.decided_by(true, left, right).map(Val::Bool),
            Binary::In => self.contains(left, right).map(Val::Bool),
            Binary::Equal | Binary::NotEqual => {
                let (left, right) = both(self.value(left), self.value(right))?;
                Ok(Val::Bool((left == right) == (by == Binary::Equal)))
            }
            Binary::Less | Binary::LessEqual | Binary::Greater | Binary::GreaterEqual => {
                let (left, right) = self.numbers(left, right)?;
                Ok(Val::Bool(match by {
                    Binary::Less => left < right,
                    Binary::LessEqual => left <= right,
                    Binary::Greater => left > right,
                    _ => left >= right,
                }))
            }
            Binary::Add
            | Binary::Subtract
            | Binary::Multiply
            | Binary::Divide
            | Binary::Remainder => {
                let (left, right) = self.numbers(left, right)?;
                let result = match by {
                    Binary::Divide | Binary::Remainder if right == 0.0 => {
                        return self.failed(id, Why::DivisionByZero);
                    }
                    Binary::Add => left + right,
                    Binary::Subtract => left - right,
                    Binary::Multiply => left * right,
                    Binary::Divide => left / right,
                    _ => left % right,
                };
                self.finite(id, result)
            }
        }
    }

    /// `&&`, decided by one false, and `||`, decided by one true. Where nothing is decided and both
    /// sides are unknown, the missing facts of both are named.
    fn decided_by(&self, decisive: bool, left: NodeId, right: NodeId) -> Known<bool> {
        let left = self.bool(left);
        if left == Ok(decisive) {
            return left;
        }
        match (left, self.bool(right)) {
            (_, Ok(right)) if right == decisive => Ok(decisive),
            (left, right) => both(left, right).map(|_| !decisive),
        }
    }

    fn contains(&self, left: NodeId, right: NodeId) -> Known<bool> {
        let wanted = self.value(left);
        let Node::List(values) = self.expr.tree.node(right) else {
            return match both(wanted, self.value(right))? {
                (Val::Text(wanted), Val::Words(words)) => {
                    Ok(words.iter().any(|word| *word == wanted))
                }
                _ => mistyped(),
            };
        };
        // One equal value decides, whatever else is in the list.
        let mut missing = Vec::new();
        for value in values {
            match (&wanted, self.value(*value)) {
                (Ok(wanted), Ok(value)) if *wanted == value => return Ok(true),
                (_, Err(more)) => missing = unite(missing, more),
                _ => {}
            }
        }
        match wanted {
            Err(wanted) => Err(unite(wanted, missing)),
            Ok(_) if missing.is_empty() => Ok(false),
            Ok(_) => Err(missing),
        }
    }

    fn extreme(&self, of: &[NodeId], pick: fn(f64, f64) -> f64) -> Known<Val<'e>> {
        let mut best: Known<Option<f64>> = Ok(None);
        for id in of {
            best = both(best, self.number(*id))
                .map(|(best, value)| Some(best.map_or(value, |best| pick(best, value))));
        }
        match best? {
            Some(best) => Ok(Val::Number(best)),
            None => mistyped(),
        }
    }

    fn list(&self, of: &[NodeId]) -> Known<Val<'e>> {
        let mut words = Ok(Vec::with_capacity(of.len()));
        for id in of {
            words = both(words, self.value(*id)).map(|(mut words, word)| {
                if let Val::Text(word) = word {
                    words.push(word.into_owned());
                }
                words
            });
        }
        words.map(Val::Words)
    }

    fn read(&self, read: &Read) -> Known<Val<'e>> {
        let Some(used) = self.expr.uses.get(usize::from(read.fact)) else {
            return mistyped();
        };
        let fact = used.fact.as_str();
        let lookup = match read.how {
            How::Value | How::Has => self.facts.value(fact),
            How::Total => self.facts.total(fact),
            How::Delta | How::Rate => self.facts.delta(fact),
        };
        let value = match lookup {
            Lookup::Value(_) if read.how == How::Has => return Ok(Val::Bool(true)),
            Lookup::Value(value) => value,
            Lookup::Missing(Missing {
                why: Why::Absent, ..
            }) if read.how == How::Has => return Ok(Val::Bool(false)),
            Lookup::Missing(missing) => return Err(vec![missing]),
        };
        let missing = |why| Err(vec![Missing::new(fact, why)]);
        let Some(value) = shape(value, read.field, read.ty) else {
            return missing(Why::Malformed);
        };
        match (read.how, value) {
            (How::Rate, Val::Number(grown)) => match self.facts.window_seconds() {
                Some(seconds) if seconds > 0.0 && (grown / seconds).is_finite() => {
                    Ok(Val::Number(grown / seconds))
                }
                _ => missing(Why::OneSample),
            },
            (_, value) => Ok(value),
        }
    }
}

/// The part of a value that is meant, if the value is of the type that the vocabulary stated.
fn shape<'e>(value: Value, field: Option<Field>, ty: Type) -> Option<Val<'e>> {
    Some(match (value, field, ty) {
        (Value::Int(value), None, Type::Number(_)) => Val::Number(value as f64),
        (Value::Bool(value), None, Type::Bool) => Val::Bool(value),
        (Value::Text(value), None, Type::Text) => Val::Text(Cow::Owned(value)),
        (Value::Words(value), None, Type::Words) => Val::Words(value),
        (Value::Ports(value), None, Type::Ports) => Val::Ports(value),
        (value, Some(field), Type::Number(_)) => Val::Number(part(&value, field)?),
        _ => return None,
    })
}

fn part(value: &Value, field: Field) -> Option<f64> {
    Some(match (value, field) {
        (Value::Triple([min, _, _]), Field::Min) => *min as f64,
        (Value::Triple([_, default, _]), Field::Default) => *default as f64,
        (Value::Triple([_, _, max]), Field::Max) => *max as f64,
        (Value::Range([low, _]), Field::Low) => *low as f64,
        (Value::Range([_, high]), Field::High) => *high as f64,
        (Value::Range([low, high]), Field::Size) => (*high as f64 - *low as f64 + 1.0).max(0.0),
        (Value::Ports(ranges), Field::Count) => ranges
            .iter()
            .map(|(low, high)| (f64::from(*high) - f64::from(*low) + 1.0).max(0.0))
            .sum(),
        _ => return None,
    })
}
