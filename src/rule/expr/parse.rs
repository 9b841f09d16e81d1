//! From tokens to the tree: precedence climbing with every bound counted on the way.

use crate::fact::nearest;

use super::ast::{Binary, Node, NodeId, OR, Read, Tree, Unary};
use super::error::{ExprError, ExprErrorKind};
use super::facts::How;
use super::lex::{Lexer, Span, Token, unquote};
use super::ty::Type;
use super::{MAX_BYTES, MAX_DEPTH, MAX_NODES};

/// Every function of the language.
pub(super) const FUNCTIONS: [&str; 11] = [
    "rate", "delta", "total", "has", "min", "max", "floor", "ceil", "round", "percent", "duration",
];

type Parsed<T> = Result<T, ExprError>;

/// Reads a whole text. The first syntax error ends it; what is wrong with well-formed calls is
/// collected, with a poison node in its place, so that the checker can report its own beside.
pub(super) fn parse(text: &str) -> Parsed<(Tree, Vec<ExprError>)> {
    if text.len() > MAX_BYTES {
        let mut end = MAX_BYTES;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        return Err(ExprError {
            span: end..text.len(),
            kind: ExprErrorKind::TooLong { bytes: text.len() },
        });
    }
    let mut lexer = Lexer::new(text);
    let (token, span) = lexer.next_token()?;
    let mut parser = Parser {
        text,
        lexer,
        token,
        span,
        depth: 0,
        tree: Tree {
            nodes: Vec::with_capacity(text.len() / 8),
            spans: Vec::with_capacity(text.len() / 8),
            root: NodeId(0),
        },
        errors: Vec::new(),
    };
    parser.tree.root = parser.expression()?;
    if parser.token != Token::End {
        return Err(parser.unexpected("an operator"));
    }
    Ok((parser.tree, parser.errors))
}

struct Parser<'t> {
    text: &'t str,
    lexer: Lexer<'t>,
    token: Token,
    span: Span,
    depth: usize,
    tree: Tree,
    errors: Vec<ExprError>,
}

impl<'t> Parser<'t> {
    fn advance(&mut self) -> Parsed<Span> {
        let passed = self.span;
        (self.token, self.span) = self.lexer.next_token()?;
        Ok(passed)
    }

    fn at(&self, mark: &str) -> bool {
        matches!(self.token, Token::Mark(found) if found == mark)
    }

    fn close(&mut self, mark: &str, wanted: &'static str) -> Parsed<Span> {
        if self.at(mark) {
            self.advance()
        } else {
            Err(self.unexpected(wanted))
        }
    }

    fn found(&self) -> &'t str {
        self.span.of(self.text)
    }

    fn error(span: Span, kind: ExprErrorKind) -> ExprError {
        ExprError {
            span: span.range(),
            kind,
        }
    }

    /// The error for a token that may not stand here; words and marks of other languages are known.
    fn unexpected(&self, wanted: &'static str) -> ExprError {
        let found = self.found();
        let written = match found {
            "and" => "&&",
            "or" => "||",
            "not" => "!",
            "=" => "==",
            _ => {
                let found = found.to_owned();
                return Self::error(self.span, ExprErrorKind::Unexpected { wanted, found });
            }
        };
        let found = found.to_owned();
        Self::error(self.span, ExprErrorKind::Spelling { found, written })
    }

    fn push(&mut self, node: Node, span: Span) -> Parsed<NodeId> {
        let id = self.tree.nodes.len();
        match u16::try_from(id) {
            Ok(narrow) if id < MAX_NODES => {
                self.tree.nodes.push(node);
                self.tree.spans.push(span);
                Ok(NodeId(narrow))
            }
            _ => Err(Self::error(span, ExprErrorKind::TooManyParts)),
        }
    }

    /// Reports an error that does not end the parse.
    fn poison(&mut self, span: Span, kind: ExprErrorKind) -> Parsed<NodeId> {
        self.errors.push(Self::error(span, kind));
        self.push(Node::Poison, span)
    }

    /// One level further down: parentheses, arguments, lists, operands of `!` and `-`, and the last
    /// branch of `? :`. Nothing else recurses without end.
    fn deeper<T>(&mut self, parse: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth == MAX_DEPTH {
            return Err(Self::error(self.span, ExprErrorKind::TooDeep));
        }
        self.depth += 1;
        let parsed = parse(self)?;
        self.depth -= 1;
        Ok(parsed)
    }

    fn expression(&mut self) -> Parsed<NodeId> {
        let condition = self.operators(OR)?;
        if !self.at("?") {
            return Ok(condition);
        }
        self.advance()?;
        let yes = self.operators(OR)?;
        self.close(":", "`:` and the other branch")?;
        let no = self.deeper(Self::expression)?;
        let span = self.tree.span(condition).to(self.tree.span(no));
        self.push(Node::Choose(condition, yes, no), span)
    }

    /// Operands joined by operators that bind at least as tightly as `floor`. A chain of one level is
    /// a loop, so its length costs no stack here.
    fn operators(&mut self, floor: u8) -> Parsed<NodeId> {
        let mut left = self.operand()?;
        loop {
            let operator = match self.token {
                Token::Mark(mark) => Binary::from_spelling(mark),
                _ => None,
            };
            let Some(operator) = operator.filter(|operator| operator.binding() >= floor) else {
                return Ok(left);
            };
            self.advance()?;
            let right = self.operators(operator.binding() + 1)?;
            let span = self.tree.span(left).to(self.tree.span(right));
            left = self.push(Node::Binary(operator, left, right), span)?;
        }
    }

    fn operand(&mut self) -> Parsed<NodeId> {
        let span = self.span;
        match self.token {
            Token::Number(number) => self.leaf(Node::Number(number)),
            Token::True => self.leaf(Node::Bool(true)),
            Token::False => self.leaf(Node::Bool(false)),
            Token::Text => self.leaf(Node::Text(unquote(self.found()).into())),
            Token::Name => self.name(),
            Token::Mark("!") => self.prefixed(Unary::Not),
            Token::Mark("-") => self.prefixed(Unary::Negate),
            Token::Mark("(") => {
                self.advance()?;
                let inner = self.deeper(Self::expression)?;
                let end = self.close(")", "an operator or `)`")?;
                // The span takes the parentheses in, as an error about the whole should.
                if let Some(place) = self.tree.spans.get_mut(usize::from(inner.0)) {
                    *place = span.to(end);
                }
                Ok(inner)
            }
            Token::Mark("[") => {
                self.advance()?;
                let (values, end) = self.values("]", "`,` or `]`")?;
                if values.is_empty() {
                    return self.poison(span.to(end), ExprErrorKind::BadList);
                }
                self.push(Node::List(values.into()), span.to(end))
            }
            Token::Mark(_) | Token::End => Err(self.unexpected("a value")),
        }
    }

    fn leaf(&mut self, node: Node) -> Parsed<NodeId> {
        let span = self.advance()?;
        self.push(node, span)
    }

    fn prefixed(&mut self, operator: Unary) -> Parsed<NodeId> {
        let start = self.advance()?;
        let operand = self.deeper(Self::operand)?;
        let span = start.to(self.tree.span(operand));
        self.push(Node::Unary(operator, operand), span)
    }

    /// Values with commas between them, to the closing mark.
    fn values(&mut self, close: &str, wanted: &'static str) -> Parsed<(Vec<NodeId>, Span)> {
        let mut values = Vec::new();
        if !self.at(close) {
            loop {
                values.push(self.deeper(Self::expression)?);
                if !self.at(",") {
                    break;
                }
                self.advance()?;
            }
        }
        let end = self.close(close, wanted)?;
        Ok((values, end))
    }

    fn name(&mut self) -> Parsed<NodeId> {
        let written = self.found();
        if written == "not" {
            return Err(self.unexpected("a value"));
        }
        let name = self.advance()?;
        if self.at("(") {
            return self.call(name, written);
        }
        let read = Read {
            how: How::Value,
            name,
            fact: 0,
            field: None,
            ty: Type::Bool,
        };
        self.push(Node::Fact(read), name)
    }

    fn call(&mut self, name: Span, written: &str) -> Parsed<NodeId> {
        self.advance()?;
        let (values, end) = self.values(")", "`,` or `)`")?;
        let span = name.to(end);
        let Some(function) = FUNCTIONS.into_iter().find(|known| *known == written) else {
            let nearest = nearest(&written.to_ascii_lowercase(), FUNCTIONS.into_iter());
            let name_text = written.to_owned();
            let kind = ExprErrorKind::UnknownFunction {
                name: name_text,
                nearest,
            };
            return self.poison(name, kind);
        };
        let many = matches!(function, "min" | "max");
        if (many && values.len() >= 2) || (!many && values.len() == 1) {
            return self.apply(function, values, span);
        }
        let kind = ExprErrorKind::Arguments {
            function,
            wanted: if many {
                "two values or more"
            } else {
                "one value"
            },
            found: values.len(),
        };
        self.poison(span, kind)
    }

    fn apply(&mut self, function: &'static str, of: Vec<NodeId>, span: Span) -> Parsed<NodeId> {
        let Some(first) = of.first().copied() else {
            return self.push(Node::Poison, span);
        };
        match function {
            "min" => self.push(Node::Min(of.into()), span),
            "max" => self.push(Node::Max(of.into()), span),
            "floor" => self.push(Node::Unary(Unary::Floor, first), span),
            "ceil" => self.push(Node::Unary(Unary::Ceil, first), span),
            "round" => self.push(Node::Unary(Unary::Round, first), span),
            "percent" => self.push(Node::Unary(Unary::Percent, first), span),
            "duration" => match self.tree.node(first) {
                Node::Text(text) => match seconds(text) {
                    Some(seconds) => {
                        let node = Node::Duration(seconds, text.clone());
                        Ok(self.replace(first, node, span))
                    }
                    None => self.refuse(first, ExprErrorKind::BadDuration),
                },
                _ => self.refuse(first, ExprErrorKind::BadDuration),
            },
            reading => {
                let how = match reading {
                    "rate" => How::Rate,
                    "delta" => How::Delta,
                    "total" => How::Total,
                    _ => How::Has,
                };
                match *self.tree.node(first) {
                    Node::Fact(
                        read @ Read {
                            how: How::Value, ..
                        },
                    ) => Ok(self.replace(first, Node::Fact(Read { how, ..read }), span)),
                    _ => self.refuse(first, ExprErrorKind::NotAFact { function }),
                }
            }
        }
    }

    /// Turns an argument into the call around it.
    fn replace(&mut self, id: NodeId, node: Node, span: Span) -> NodeId {
        let at = usize::from(id.0);
        if let (Some(old), Some(place)) = (self.tree.nodes.get_mut(at), self.tree.spans.get_mut(at))
        {
            *old = node;
            *place = span;
        }
        id
    }

    /// Reports the argument as none the function can take.
    fn refuse(&mut self, argument: NodeId, kind: ExprErrorKind) -> Parsed<NodeId> {
        let span = self.tree.span(argument);
        self.poison(span, kind)
    }
}

/// The seconds of "1h30m", "60s", "500ms", "1.5h".
fn seconds(text: &str) -> Option<f64> {
    let mut total = 0.0;
    let mut rest = text;
    loop {
        let unit_at = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, tail) = rest.split_at(unit_at);
        // `f64` would take ".5" and "5." too; CEL takes neither here.
        if !number.starts_with(|c: char| c.is_ascii_digit()) || number.ends_with('.') {
            return None;
        }
        let end = tail
            .find(|c: char| !c.is_ascii_alphabetic())
            .unwrap_or(tail.len());
        let (unit, next) = tail.split_at(end);
        let scale = match unit {
            "ms" => 0.001,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return None,
        };
        total += number.parse::<f64>().ok()? * scale;
        if next.is_empty() {
            return Some(total).filter(|total| total.is_finite());
        }
        rest = next;
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{compiled, first_error};
    use super::*;

    /// Where compiling `text` fails first, and how.
    fn failure(text: &str) -> (&str, String) {
        let error = first_error(text);
        (text.get(error.span.clone()).unwrap(), error.to_string())
    }

    #[test]
    fn operators_bind_as_in_cel() {
        for (text, same) in [
            ("true || false && false", "true || (false && false)"),
            ("1 + 2 * 3 == 7", "(1 + (2 * 3)) == 7"),
            ("10 - 4 - 3 == 3", "((10 - 4) - 3) == 3"),
            ("8 / 4 / 2 == 1", "((8 / 4) / 2) == 1"),
            ("!true == false", "(!true) == false"),
            ("-1 + 2 == 1", "((-1) + 2) == 1"),
            ("1 < 2 == true", "(1 < 2) == true"),
            ("true ? 1 : false ? 2 : 3", "true ? 1 : (false ? 2 : 3)"),
        ] {
            assert_eq!(
                compiled(text).to_string(),
                compiled(same).to_string(),
                "{text}"
            );
        }
    }

    #[test]
    fn spellings_of_other_languages_are_named() {
        for (text, found, message) in [
            ("true and false", "and", "`and` is written `&&`"),
            ("true or false", "or", "`or` is written `||`"),
            ("not true", "not", "`not` is written `!`"),
            ("1 = 1", "=", "`=` is written `==`"),
            ("true & false", "&", "`&` is written `&&`"),
            ("true | false", "|", "`|` is written `||`"),
            ("1 => 2", "=>", "`=>` is written `>=`"),
            ("1 <> 2", "<>", "`<>` is written `!=`"),
            ("1 === 2", "===", "`===` is written `==`"),
        ] {
            assert_eq!(failure(text), (found, message.to_owned()), "{text}");
        }
    }

    #[test]
    fn a_syntax_error_names_what_was_expected_and_found() {
        for (text, found, message) in [
            ("", "", "expected a value, found the end"),
            ("1 +", "", "expected a value, found the end"),
            ("(1", "", "expected an operator or `)`, found the end"),
            ("1 2", "2", "expected an operator, found `2`"),
            (
                "true ? 1",
                "",
                "expected `:` and the other branch, found the end",
            ),
            (
                "true ? true ? 1 : 2 : 3",
                "?",
                "expected `:` and the other branch, found `?`",
            ),
            ("min(1, )", ")", "expected a value, found `)`"),
            ("1 @ 2", "@", "unexpected character `@`"),
            ("é", "é", "unexpected character `é`"),
        ] {
            assert_eq!(failure(text), (found, message.to_owned()), "{text}");
        }
    }

    #[test]
    fn calls_are_held_to_their_arguments() {
        for (text, found, message) in [
            (
                "min(1)",
                "min(1)",
                "`min` takes two values or more, found 1",
            ),
            ("floor()", "floor()", "`floor` takes one value, found 0"),
            ("rate(1)", "1", "`rate` takes the name of a fact"),
            (
                "has(rate(counter.a))",
                "rate(counter.a)",
                "`has` takes the name of a fact",
            ),
            ("flor(1)", "flor", "unknown function `flor`"),
            (
                "duration(60)",
                "60",
                "`duration` takes a text such as `\"60s\"`",
            ),
            ("a.b(1)", "a.b", "unknown function `a.b`"),
        ] {
            assert_eq!(failure(text), (found, message.to_owned()), "{text}");
        }
        let help = first_error("Flor(1)").help();
        assert_eq!(
            help.as_deref(),
            Some("write `floor`, the nearest known function")
        );
    }

    #[test]
    fn a_duration_combines_its_parts() {
        for (text, value) in [
            ("60s", Some(60.0)),
            ("1h30m", Some(5400.0)),
            ("1m500ms", Some(60.5)),
            ("1.5h", Some(5400.0)),
            ("", None),
            ("60", None),
            ("s", None),
            ("1d", None),
            ("1.s", None),
            ("1..5s", None),
            ("-1s", None),
            ("1s ", None),
        ] {
            assert_eq!(seconds(text), value, "{text}");
        }
    }

    #[test]
    fn every_bound_is_an_error_with_a_position() {
        let long = " ".repeat(1 << 20);
        assert_eq!(
            first_error(&long).kind,
            ExprErrorKind::TooLong { bytes: 1 << 20 }
        );
        for open in ["(", "!", "-", "[", "min(", "true ? 1 : ", "has("] {
            let error = first_error(&open.repeat(MAX_BYTES / open.len()));
            assert_eq!(error.kind, ExprErrorKind::TooDeep, "{open}");
            assert!(error.span.end <= MAX_BYTES);
        }
        let chain = format!("true{}", "&&true".repeat(600));
        assert_eq!(first_error(&chain).kind, ExprErrorKind::TooManyParts);
        let chain = format!("a{}", ".b".repeat(2000));
        assert!(matches!(
            first_error(&chain).kind,
            ExprErrorKind::UnknownFact { .. }
        ));
    }

    #[test]
    fn what_is_at_the_bound_is_accepted() {
        let nested = format!("{}true{}", "(".repeat(MAX_DEPTH), ")".repeat(MAX_DEPTH));
        assert_eq!(compiled(&nested).to_string(), "true");
        let chain = format!("true{}", "&&true".repeat(MAX_NODES / 2 - 1));
        assert_eq!(
            compiled(&chain).to_string().matches("&&").count(),
            MAX_NODES / 2 - 1
        );
    }
}
