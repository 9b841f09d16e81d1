//! The expression language of rules: a strict subset of CEL's syntax, statically typed with units,
//! evaluated with three values of truth.
//!
//! [`compile`] reads a text against a [`Vocabulary`] and reports everything that is wrong with it, each
//! with its place and a way out; [`Expr::evaluate`] judges it on [`Facts`], and what cannot be known is
//! [`Outcome::Unknown`] with the facts that are missing. [`Template`] is a message with expressions
//! in braces. Nothing here loops, reads or waits, and every input is bounded.

mod ast;
mod check;
mod error;
mod eval;
mod facts;
mod format;
mod growth;
mod lex;
mod parse;
mod template;
mod ty;

#[cfg(test)]
mod laws;
#[cfg(test)]
mod tests;

use std::fmt;

use self::ast::{NodeId, Printer, Tree};

pub use self::error::{ExprError, ExprErrorKind};
pub use self::eval::Outcome;
pub use self::facts::{FactType, FactUse, Facts, Field, How, Lookup, Missing, Vocabulary, Why};
pub use self::format::format_value;
pub use self::template::Template;
pub use self::ty::{Expected, ExprType, Quantity, Type};

/// The longest text of an expression or a template, in bytes.
pub const MAX_BYTES: usize = 4096;
/// How deep parentheses, arguments, prefix operators and the last branches of `? :` may be nested.
pub const MAX_DEPTH: usize = 64;
/// How many operators, names, literals and calls an expression may have.
pub const MAX_NODES: usize = 512;

/// A compiled expression: names resolved, types and units checked.
#[derive(Clone, Debug)]
pub struct Expr {
    text: Box<str>,
    tree: Tree,
    ty: ExprType,
    uses: Vec<FactUse>,
}

/// Compiles `text` for a place that takes `expected`.
///
/// A syntax error is reported alone; otherwise every unknown name, wrong type and unit clash is, in
/// the order of their places.
pub fn compile(
    text: &str,
    vocabulary: &dyn Vocabulary,
    expected: Expected,
) -> Result<Expr, Vec<ExprError>> {
    let (mut tree, mut errors) = parse::parse(text).map_err(|error| vec![error])?;
    match check::check(text, &mut tree, vocabulary, expected, &mut errors) {
        Some((ty, uses)) if errors.is_empty() => Ok(Expr {
            text: text.into(),
            tree,
            ty,
            uses,
        }),
        _ => {
            errors.sort_by_key(|error| (error.span.start, error.span.end));
            Err(errors)
        }
    }
}

impl Default for Expr {
    /// A condition that nobody could compile: unknown, whatever the facts are.
    fn default() -> Self {
        Self {
            text: Box::default(),
            tree: Tree {
                nodes: Vec::new(),
                spans: Vec::new(),
                root: NodeId(0),
            },
            ty: ExprType::Bool,
            uses: Vec::new(),
        }
    }
}

impl Expr {
    /// The text it was compiled from.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Its type, with the unit of a number.
    pub fn ty(&self) -> ExprType {
        self.ty
    }

    /// Every fact it needs, each way of reading it once, in the order of the text.
    pub fn facts(&self) -> impl Iterator<Item = &FactUse> {
        self.uses.iter()
    }

    /// Whether it needs two samples: a rate, a delta, or the length of the window.
    pub fn uses_window(&self) -> bool {
        let window = |node: &ast::Node| matches!(node, ast::Node::Window);
        self.uses.iter().any(|used| used.how.uses_window()) || self.tree.nodes.iter().any(window)
    }
}

impl Expr {
    fn printed(&self, from: NodeId) -> Printer<'_> {
        Printer {
            tree: &self.tree,
            text: &self.text,
            from,
        }
    }
}

impl fmt::Display for Expr {
    /// Writes it on one line: no comments, single blanks, only the parentheses it needs. The result
    /// compiles to the same expression.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.printed(self.tree.root).fmt(f)
    }
}
