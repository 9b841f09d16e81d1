//! Names, types and units: one pass over the nodes, which reports everything it finds.

use super::ast::{Binary, Node, NodeId, Read, Tree, Unary};
use super::error::{ExprError, ExprErrorKind};
use super::facts::{FactUse, How, Vocabulary};
use super::lex::{Span, path};
use super::ty::{Expected, ExprType, Quantity, Type};
use crate::fact::Unit;

/// The fact whose value is the length of the window.
const WINDOW: &str = "window.seconds";

/// What the checker knows of a node.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Found {
    /// Its type.
    Is(ExprType),
    /// A list of numbers, which may stand only right of `in`.
    Numbers(Quantity),
    /// An error has been reported; nothing more is said about it.
    Poison,
}

const BOOL: Found = Found::Is(ExprType::Bool);

const fn number(quantity: Quantity) -> Found {
    Found::Is(ExprType::Number(quantity))
}

impl Found {
    fn name(self) -> String {
        match self {
            Self::Is(ty) => ty.to_string(),
            Self::Numbers(_) => "a list of numbers".to_owned(),
            Self::Poison => "nothing".to_owned(),
        }
    }
}

/// Resolves the names of `tree` in place; gives its type and the facts it needs.
pub(super) fn check(
    text: &str,
    tree: &mut Tree,
    vocabulary: &dyn Vocabulary,
    expected: Expected,
    errors: &mut Vec<ExprError>,
) -> Option<(ExprType, Vec<FactUse>)> {
    let mut checker = Checker {
        text,
        tree,
        found: Vec::new(),
        uses: Vec::new(),
        errors,
    };
    checker.found.reserve(checker.tree.nodes.len());
    for at in 0..checker.tree.nodes.len() {
        let found = match u16::try_from(at) {
            Ok(at) => checker.node(NodeId(at), vocabulary),
            Err(_) => Found::Poison,
        };
        checker.found.push(found);
    }
    let root = checker.tree.root;
    let ty = match checker.of(root) {
        Found::Is(ty) if expected.admits(ty) => Some(ty),
        Found::Is(found) => {
            let wanted = expected;
            checker.report(root, ExprErrorKind::Misplaced { wanted, found });
            None
        }
        Found::Numbers(_) => {
            checker.report(root, ExprErrorKind::BadList);
            None
        }
        Found::Poison => None,
    };
    let uses = checker.uses;
    ty.map(|ty| (ty, uses))
}

struct Checker<'c> {
    text: &'c str,
    tree: &'c mut Tree,
    found: Vec<Found>,
    uses: Vec<FactUse>,
    errors: &'c mut Vec<ExprError>,
}

impl Checker<'_> {
    fn of(&self, id: NodeId) -> Found {
        let found = self.found.get(usize::from(id.0));
        found.copied().unwrap_or(Found::Poison)
    }

    fn report(&mut self, id: NodeId, kind: ExprErrorKind) -> Found {
        self.report_at(self.tree.span(id), kind)
    }

    fn report_at(&mut self, span: Span, kind: ExprErrorKind) -> Found {
        let span = span.range();
        self.errors.push(ExprError { span, kind });
        Found::Poison
    }

    fn node(&mut self, id: NodeId, vocabulary: &dyn Vocabulary) -> Found {
        match *self.tree.node(id) {
            Node::Poison => Found::Poison,
            Node::Number(_) => number(Quantity::LITERAL),
            Node::Bool(_) => BOOL,
            Node::Text(_) => Found::Is(ExprType::Text),
            Node::Duration(..) | Node::Window => number(Quantity::of(Unit::Seconds)),
            Node::Fact(read) => self.fact(id, read, vocabulary),
            Node::Unary(operator, operand) => self.unary(operator, operand),
            Node::Binary(operator, left, right) => self.binary(id, operator, left, right),
            // The three below hold their operands in a box; a copy frees the tree for reports.
            Node::Min(ref of) => {
                let of = of.clone();
                self.extreme("min", &of)
            }
            Node::Max(ref of) => {
                let of = of.clone();
                self.extreme("max", &of)
            }
            Node::List(ref of) => {
                let of = of.clone();
                self.list(id, &of)
            }
            Node::Choose(condition, yes, no) => self.choose(id, condition, yes, no),
        }
    }

    fn fact(&mut self, id: NodeId, read: Read, vocabulary: &dyn Vocabulary) -> Found {
        let written = read.name.of(self.text);
        let name = path(written);
        let known = match vocabulary.resolve(&name) {
            Ok(known) => known,
            Err(nearest) => {
                let name = name.into_owned();
                return self.report_at(read.name, ExprErrorKind::UnknownFact { name, nearest });
            }
        };
        let rising = known.monotone && matches!(known.ty, Type::Number(_));
        match read.how {
            How::Value if known.monotone => {
                let name = written.to_owned();
                return self.report(id, ExprErrorKind::BareCounter { name });
            }
            How::Delta | How::Total | How::Rate if !rising => {
                let function = read.how.function().unwrap_or_default();
                let name = written.to_owned();
                return self.report(id, ExprErrorKind::NotMonotone { function, name });
            }
            _ => {}
        }
        let is_window = read.how == How::Value && known.fact == WINDOW;
        let place = self.place(known.fact, read.how);
        if let Some(node) = self.tree.nodes.get_mut(usize::from(id.0)) {
            *node = if is_window {
                Node::Window
            } else {
                Node::Fact(Read {
                    fact: place,
                    field: known.field,
                    ty: known.ty,
                    ..read
                })
            };
        }
        match (read.how, known.ty) {
            (How::Has, _) => BOOL,
            (How::Rate, Type::Number(unit)) => number(Quantity::rate_of(unit)),
            (_, ty) => Found::Is(ty.into()),
        }
    }

    /// The place of a fact in the list of facts needed; added if it is new.
    fn place(&mut self, fact: String, how: How) -> u16 {
        let known = self
            .uses
            .iter()
            .position(|used| used.how == how && used.fact == fact);
        let place = known.unwrap_or_else(|| {
            self.uses.push(FactUse { fact, how });
            self.uses.len() - 1
        });
        // At most as many as nodes.
        u16::try_from(place).unwrap_or(u16::MAX)
    }

    fn wrong(&mut self, id: NodeId, at: &'static str, wanted: &'static str) -> Found {
        let found = self.of(id).name();
        self.report(id, ExprErrorKind::WrongType { at, wanted, found })
    }

    /// The quantity of a number; `None`, and a report unless there is one, for anything else.
    fn quantity(&mut self, id: NodeId, at: &'static str) -> Option<Quantity> {
        match self.of(id) {
            Found::Is(ExprType::Number(quantity)) => return Some(quantity),
            Found::Poison => {}
            _ => {
                self.wrong(id, at, "a number");
            }
        }
        None
    }

    /// Whether it is a boolean; reports if it is not.
    fn condition(&mut self, id: NodeId, at: &'static str) -> bool {
        match self.of(id) {
            BOOL => return true,
            Found::Poison => {}
            _ => {
                self.wrong(id, at, "a boolean");
            }
        }
        false
    }

    fn unary(&mut self, operator: Unary, operand: NodeId) -> Found {
        let at = operator.spelling();
        if operator == Unary::Not {
            // What `!` gives is a boolean whatever it was given, and so is what `&&` gives.
            self.condition(operand, at);
            return BOOL;
        }
        let Some(quantity) = self.quantity(operand, at) else {
            return Found::Poison;
        };
        match operator {
            Unary::Percent if quantity.is_scalar() => number(Quantity::of(Unit::Percent)),
            Unary::Percent => self.wrong(operand, at, "a plain number"),
            _ => number(quantity),
        }
    }

    fn binary(&mut self, id: NodeId, operator: Binary, left: NodeId, right: NodeId) -> Found {
        let at = operator.spelling();
        match operator {
            Binary::Or | Binary::And => {
                self.condition(left, at);
                self.condition(right, at);
                BOOL
            }
            Binary::In => {
                self.membership(id, left, right);
                BOOL
            }
            Binary::Equal
            | Binary::NotEqual
            | Binary::Less
            | Binary::LessEqual
            | Binary::Greater
            | Binary::GreaterEqual => {
                self.comparison(id, operator, left, right);
                BOOL
            }
            Binary::Add
            | Binary::Subtract
            | Binary::Multiply
            | Binary::Divide
            | Binary::Remainder => {
                let sides = (self.quantity(left, at), self.quantity(right, at));
                let (Some(left), Some(right)) = sides else {
                    return Found::Poison;
                };
                let result = match operator {
                    Binary::Multiply => left.times(right),
                    Binary::Divide => left.per(right),
                    _ => left.unify(right),
                };
                match result {
                    Some(quantity) => number(quantity),
                    None => self.report(id, ExprErrorKind::UnitClash { at, left, right }),
                }
            }
        }
    }

    fn comparison(&mut self, id: NodeId, operator: Binary, left: NodeId, right: NodeId) {
        use ExprType::{Bool, Number, Text};
        let at = operator.spelling();
        let equality = matches!(operator, Binary::Equal | Binary::NotEqual);
        match (self.of(left), self.of(right)) {
            (Found::Poison, _) | (_, Found::Poison) => {}
            (Found::Is(Number(of)), Found::Is(Number(with))) => {
                if of.unify(with).is_none() {
                    let (left, right) = (of, with);
                    self.report(id, ExprErrorKind::UnitClash { at, left, right });
                }
            }
            (Found::Is(Bool), Found::Is(Bool)) | (Found::Is(Text), Found::Is(Text)) if equality => {
            }
            (Found::Is(Bool), Found::Is(Number(_))) if equality => {
                let write = self.instead(operator, left, right);
                self.report(id, ExprErrorKind::BoolAgainstNumber { write });
            }
            (Found::Is(Number(_)), Found::Is(Bool)) if equality => {
                let write = self.instead(operator, right, left);
                self.report(id, ExprErrorKind::BoolAgainstNumber { write });
            }
            (Found::Is(Text), Found::Is(Text)) => {
                self.wrong(left, at, "numbers");
            }
            (of, with) => {
                let (left, right) = (of.name(), with.name());
                self.report(id, ExprErrorKind::Clash { at, left, right });
            }
        }
    }

    /// What the author of `switch == 0` meant.
    fn instead(&self, operator: Binary, switch: NodeId, number: NodeId) -> Option<String> {
        let Node::Number(number) = *self.tree.node(number) else {
            return None;
        };
        let on = if number.total_cmp(&1.0).is_eq() {
            operator == Binary::Equal
        } else if number.total_cmp(&0.0).is_eq() {
            operator == Binary::NotEqual
        } else {
            return None;
        };
        let written = self.tree.span(switch).of(self.text);
        let compound = matches!(self.tree.node(switch), Node::Binary(..) | Node::Choose(..));
        Some(match (on, compound && !written.starts_with('(')) {
            (true, _) => written.to_owned(),
            (false, false) => format!("!{written}"),
            (false, true) => format!("!({written})"),
        })
    }

    fn membership(&mut self, id: NodeId, left: NodeId, right: NodeId) {
        let at = "in";
        match (self.of(left), self.of(right)) {
            (Found::Poison, _)
            | (_, Found::Poison)
            | (Found::Is(ExprType::Text), Found::Is(ExprType::Words)) => {}
            (Found::Is(ExprType::Number(of)), Found::Numbers(with)) => {
                if of.unify(with).is_none() {
                    let (left, right) = (of, with);
                    self.report(id, ExprErrorKind::UnitClash { at, left, right });
                }
            }
            (of, with @ (Found::Numbers(_) | Found::Is(ExprType::Words))) => {
                let (left, right) = (of.name(), with.name());
                self.report(id, ExprErrorKind::Clash { at, left, right });
            }
            _ => {
                self.wrong(right, at, "a list on the right");
            }
        }
    }

    fn extreme(&mut self, at: &'static str, of: &[NodeId]) -> Found {
        let mut all: Option<Quantity> = None;
        let mut clean = true;
        for &id in of {
            let Some(right) = self.quantity(id, at) else {
                clean = false;
                continue;
            };
            let left = all.unwrap_or(Quantity::LITERAL);
            if let Some(both) = left.unify(right) {
                all = Some(both);
            } else {
                self.report(id, ExprErrorKind::UnitClash { at, left, right });
                clean = false;
            }
        }
        match all {
            Some(quantity) if clean => number(quantity),
            _ => Found::Poison,
        }
    }

    fn list(&mut self, id: NodeId, of: &[NodeId]) -> Found {
        let mut all: Option<Found> = None;
        for &value in of {
            let found = match (all, self.of(value)) {
                (_, Found::Poison) => return Found::Poison,
                (None | Some(Found::Is(_)), Found::Is(ExprType::Text)) => {
                    Some(Found::Is(ExprType::Words))
                }
                (None, Found::Is(ExprType::Number(quantity))) => Some(Found::Numbers(quantity)),
                (Some(Found::Numbers(so_far)), Found::Is(ExprType::Number(quantity))) => {
                    so_far.unify(quantity).map(Found::Numbers)
                }
                _ => None,
            };
            if found.is_none() {
                return self.report(id, ExprErrorKind::BadList);
            }
            all = found;
        }
        all.unwrap_or(Found::Poison)
    }

    fn choose(&mut self, id: NodeId, condition: NodeId, yes: NodeId, no: NodeId) -> Found {
        let at = "? :";
        if self.of(condition) != BOOL {
            self.condition(condition, "?");
        }
        match (self.of(yes), self.of(no)) {
            (Found::Poison, _) | (_, Found::Poison) => Found::Poison,
            (Found::Is(ExprType::Number(left)), Found::Is(ExprType::Number(right))) => {
                match left.unify(right) {
                    Some(both) => number(both),
                    None => self.report(id, ExprErrorKind::UnitClash { at, left, right }),
                }
            }
            (Found::Is(left), Found::Is(right)) if left == right => Found::Is(left),
            (of, with) => {
                let (left, right) = (of.name(), with.name());
                self.report(id, ExprErrorKind::Clash { at, left, right })
            }
        }
    }
}
