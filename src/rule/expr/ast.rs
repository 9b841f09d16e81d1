//! The syntax tree, kept flat: children stand before their parents, so a pass over the nodes in
//! order needs no recursion.

use std::fmt;

use super::facts::{Field, How};
use super::lex::Span;
use super::ty::Type;

/// The place of a node in its tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NodeId(pub(super) u16);

/// Operators with one operand; the last four are written as functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unary {
    Not,
    Negate,
    Floor,
    Ceil,
    Round,
    Percent,
}

impl Unary {
    pub(super) const fn spelling(self) -> &'static str {
        match self {
            Self::Not => "!",
            Self::Negate => "-",
            Self::Floor => "floor",
            Self::Ceil => "ceil",
            Self::Round => "round",
            Self::Percent => "percent",
        }
    }
}

/// Operators with two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Binary {
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    In,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

impl Binary {
    pub(super) const fn spelling(self) -> &'static str {
        match self {
            Self::Or => "||",
            Self::And => "&&",
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessEqual => "<=",
            Self::Greater => ">",
            Self::GreaterEqual => ">=",
            Self::In => "in",
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Remainder => "%",
        }
    }

    pub(super) fn from_spelling(mark: &str) -> Option<Self> {
        Some(match mark {
            "||" => Self::Or,
            "&&" => Self::And,
            "==" => Self::Equal,
            "!=" => Self::NotEqual,
            "<" => Self::Less,
            "<=" => Self::LessEqual,
            ">" => Self::Greater,
            ">=" => Self::GreaterEqual,
            "in" => Self::In,
            "+" => Self::Add,
            "-" => Self::Subtract,
            "*" => Self::Multiply,
            "/" => Self::Divide,
            "%" => Self::Remainder,
            _ => return None,
        })
    }

    /// How tightly it binds; the order of CEL. All of them group to the left.
    pub(super) const fn binding(self) -> u8 {
        match self {
            Self::Or => OR,
            Self::And => OR + 1,
            Self::Equal
            | Self::NotEqual
            | Self::Less
            | Self::LessEqual
            | Self::Greater
            | Self::GreaterEqual
            | Self::In => OR + 2,
            Self::Add | Self::Subtract => OR + 3,
            Self::Multiply | Self::Divide | Self::Remainder => OR + 4,
        }
    }
}

/// The binding of `||`, the loosest operator with two operands; `? :` binds looser still.
pub(super) const OR: u8 = 1;
const UNARY: u8 = OR + 5;

/// A name in the text, and what the checker found it to mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Read {
    pub(super) how: How,
    /// The name as written.
    pub(super) name: Span,
    /// The place of its `FactUse` in the expression's list.
    pub(super) fact: u16,
    pub(super) field: Option<Field>,
    pub(super) ty: Type,
}

/// One node. A child has a smaller id than its parent, and exactly one parent.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    /// Stands where an error has been reported already.
    Poison,
    Number(f64),
    Bool(bool),
    Text(Box<str>),
    /// Seconds; the second is the text it was written as.
    Duration(f64, Box<str>),
    Fact(Read),
    /// `window.seconds`, which is no whole number and so no fact of the samples.
    Window,
    Unary(Unary, NodeId),
    Binary(Binary, NodeId, NodeId),
    Min(Box<[NodeId]>),
    Max(Box<[NodeId]>),
    List(Box<[NodeId]>),
    Choose(NodeId, NodeId, NodeId),
}

/// An expression's nodes, the root last.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tree {
    pub(super) nodes: Vec<Node>,
    /// Where each node stands in the text.
    pub(super) spans: Vec<Span>,
    pub(super) root: NodeId,
}

impl Tree {
    pub(super) fn node(&self, id: NodeId) -> &Node {
        self.nodes.get(usize::from(id.0)).unwrap_or(&Node::Poison)
    }

    pub(super) fn span(&self, id: NodeId) -> Span {
        let nowhere = Span { start: 0, end: 0 };
        self.spans
            .get(usize::from(id.0))
            .copied()
            .unwrap_or(nowhere)
    }
}

/// Writes a tree, from a node down, on one line with the parentheses it needs.
pub(super) struct Printer<'e> {
    pub(super) tree: &'e Tree,
    pub(super) text: &'e str,
    pub(super) from: NodeId,
}

impl fmt::Display for Printer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.print(f, self.from, 0)
    }
}

impl Printer<'_> {
    /// Writes one node; in parentheses when it binds looser than `floor`.
    fn print(&self, f: &mut fmt::Formatter<'_>, id: NodeId, floor: u8) -> fmt::Result {
        let binding = match self.tree.node(id) {
            Node::Choose(..) => 0,
            Node::Binary(operator, ..) => operator.binding(),
            Node::Unary(Unary::Not | Unary::Negate, _) => UNARY,
            _ => UNARY + 1,
        };
        if binding < floor {
            f.write_str("(")?;
            self.print_bare(f, id)?;
            f.write_str(")")
        } else {
            self.print_bare(f, id)
        }
    }

    fn print_bare(&self, f: &mut fmt::Formatter<'_>, id: NodeId) -> fmt::Result {
        match self.tree.node(id) {
            Node::Poison => f.write_str("?"),
            Node::Number(number) => print_number(f, *number),
            Node::Bool(value) => write!(f, "{value}"),
            Node::Text(text) => print_text(f, text),
            Node::Duration(_, text) => {
                f.write_str("duration(")?;
                print_text(f, text)?;
                f.write_str(")")
            }
            Node::Window => f.write_str(self.tree.span(id).of(self.text)),
            Node::Fact(read) => match read.how.function() {
                None => f.write_str(read.name.of(self.text)),
                Some(function) => write!(f, "{function}({})", read.name.of(self.text)),
            },
            Node::Unary(operator @ (Unary::Not | Unary::Negate), operand) => {
                f.write_str(operator.spelling())?;
                self.print(f, *operand, UNARY)
            }
            Node::Unary(function, operand) => {
                self.print_call(f, function.spelling(), "(", &[*operand], ")")
            }
            Node::Binary(operator, left, right) => {
                self.print(f, *left, operator.binding())?;
                write!(f, " {} ", operator.spelling())?;
                self.print(f, *right, operator.binding() + 1)
            }
            Node::Min(of) => self.print_call(f, "min", "(", of, ")"),
            Node::Max(of) => self.print_call(f, "max", "(", of, ")"),
            Node::List(of) => self.print_call(f, "", "[", of, "]"),
            Node::Choose(condition, yes, no) => {
                self.print(f, *condition, OR)?;
                f.write_str(" ? ")?;
                self.print(f, *yes, OR)?;
                f.write_str(" : ")?;
                self.print(f, *no, 0)
            }
        }
    }

    fn print_call(
        &self,
        f: &mut fmt::Formatter<'_>,
        name: &str,
        open: &str,
        of: &[NodeId],
        close: &str,
    ) -> fmt::Result {
        f.write_str(name)?;
        f.write_str(open)?;
        for (at, id) in of.iter().enumerate() {
            f.write_str(if at == 0 { "" } else { ", " })?;
            self.print(f, *id, 0)?;
        }
        f.write_str(close)
    }
}

/// The shortest digits that read back as the same number, without 300 zeroes.
fn print_number(f: &mut fmt::Formatter<'_>, number: f64) -> fmt::Result {
    if number != 0.0 && !(1e-5..1e16).contains(&number) {
        write!(f, "{number:e}")
    } else {
        write!(f, "{number}")
    }
}

fn print_text(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    f.write_str("\"")?;
    for c in text.chars() {
        match c {
            '"' | '\\' => write!(f, "\\{c}")?,
            c if c.is_control() => write!(f, "\\u{:04x}", u32::from(c))?,
            c => write!(f, "{c}")?,
        }
    }
    f.write_str("\"")
}

#[cfg(test)]
mod tests {
    use super::super::tests::compiled;

    #[test]
    fn only_needed_parentheses_are_printed() {
        for (text, printed) in [
            ("((1)+(2*3))>4", "1 + 2 * 3 > 4"),
            ("(1+2)*3>4", "(1 + 2) * 3 > 4"),
            ("1-(2-3)>0", "1 - (2 - 3) > 0"),
            ("!(true&&false)", "!(true && false)"),
            ("(!true)||(false)", "!true || false"),
            ("- -1 < 0", "--1 < 0"),
            ("(true?1:2)>(true ? 3:4)", "(true ? 1 : 2) > (true ? 3 : 4)"),
            (
                "true ? (true ? 1 : 2) : (true ? 3 : 4)",
                "true ? (true ? 1 : 2) : true ? 3 : 4",
            ),
            ("'a\\n\\'' in ['b', \"c\"]", r#""a\u000a'" in ["b", "c"]"#),
            ("rate( counter.a // yes\n) > 1", "rate(counter.a) > 1"),
            ("duration('1h') > 1e300", "duration(\"1h\") > 1e300"),
        ] {
            assert_eq!(compiled(text).to_string(), printed, "{text}");
        }
    }
}
