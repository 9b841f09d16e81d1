//! Messages with expressions in braces.

use super::error::{ExprError, ExprErrorKind};
use super::facts::{FactUse, Facts, Vocabulary};
use super::format::format_value;
use super::ty::Expected;
use super::{Expr, MAX_BYTES, compile};

/// A compiled message: `"{delta(counter.TcpExt.ListenOverflows)} connections found no room"`.
///
/// `{{` and `}}` stand for braces.
#[derive(Clone, Debug, Default)]
pub struct Template {
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug)]
enum Piece {
    Literal(String),
    Value(Box<Expr>),
}

impl Template {
    /// Compiles a message. All its expressions are checked, and the places of errors count from the
    /// start of `text`.
    pub fn compile(text: &str, vocabulary: &dyn Vocabulary) -> Result<Self, Vec<ExprError>> {
        if text.len() > MAX_BYTES {
            return Err(vec![ExprError {
                span: 0..text.len(),
                kind: ExprErrorKind::TooLong { bytes: text.len() },
            }]);
        }
        let mut pieces = Vec::new();
        let mut literal = String::new();
        let mut errors = Vec::new();
        let mut at = 0;
        while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
            let Some(brace) = rest.find(['{', '}']) else {
                literal.push_str(rest);
                break;
            };
            let (before, from_brace) = rest.split_at(brace);
            literal.push_str(before);
            at += brace;
            if from_brace.starts_with("{{") || from_brace.starts_with("}}") {
                literal.extend(from_brace.chars().next());
                at += 2;
                continue;
            }
            let mut refuse = |length: usize, kind| {
                let span = at..at + length;
                errors.push(ExprError { span, kind });
            };
            if from_brace.starts_with('}') {
                refuse(1, ExprErrorKind::StrayBrace);
                at += 1;
                continue;
            }
            let Some(inner) = from_brace.get(1..).and_then(braced) else {
                refuse(from_brace.len(), ExprErrorKind::UnclosedBrace);
                break;
            };
            match compile(inner, vocabulary, Expected::Any) {
                Ok(expr) => {
                    if !literal.is_empty() {
                        pieces.push(Piece::Literal(std::mem::take(&mut literal)));
                    }
                    pieces.push(Piece::Value(Box::new(expr)));
                }
                Err(found) => errors.extend(found.into_iter().map(|error| error.shifted(at + 1))),
            }
            at += inner.len() + 2;
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        if !literal.is_empty() {
            pieces.push(Piece::Literal(literal));
        }
        Ok(Self { pieces })
    }

    /// The message without its values: an ellipsis stands for each.
    pub fn outline(&self) -> String {
        let pieces = self.pieces.iter().map(|piece| match piece {
            Piece::Literal(text) => text.as_str(),
            Piece::Value(_) => "\u{2026}",
        });
        pieces.collect()
    }

    /// The message with its values, as [`format_value`] writes them; `?` for what is unknown.
    pub fn render(&self, facts: &dyn Facts) -> String {
        let mut message = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Literal(text) => message.push_str(text),
                Piece::Value(expr) => {
                    message.push_str(&format_value(&expr.evaluate(facts), expr.ty()));
                }
            }
        }
        message
    }

    /// The expressions in it, in the order of the text.
    pub fn expressions(&self) -> impl Iterator<Item = &Expr> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Value(expr) => Some(&**expr),
            Piece::Literal(_) => None,
        })
    }

    /// Every fact its expressions need; a fact that two of them need comes twice.
    pub fn facts(&self) -> impl Iterator<Item = &FactUse> {
        self.expressions().flat_map(Expr::facts)
    }
}

/// The text up to the closing brace; a brace in quotes closes nothing.
fn braced(text: &str) -> Option<&str> {
    let mut quote = None;
    let mut escape = false;
    for (at, byte) in text.bytes().enumerate() {
        match (quote, byte) {
            _ if escape => escape = false,
            (Some(_), b'\\') => escape = true,
            (Some(open), byte) if byte == open => quote = None,
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, b'}') => return text.get(..at),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::tests::{Sample, Words};
    use super::*;

    fn rendered(text: &str) -> String {
        Template::compile(text, &Words).unwrap().render(&Sample)
    }

    fn errors(text: &str) -> Vec<(&str, String)> {
        let errors = Template::compile(text, &Words).unwrap_err();
        let place = |error: &ExprError| text.get(error.span.clone()).unwrap();
        errors.iter().map(|e| (place(e), e.to_string())).collect()
    }

    #[test]
    fn values_stand_in_the_message_as_people_read_them() {
        assert_eq!(
            rendered(
                "{delta(counter.a)} of {total(counter.b)}; {percent(delta(counter.a) / (delta(counter.a) + 10))}"
            ),
            "30 of 28,114; 75 %"
        );
        assert_eq!(rendered("queue {rate(counter.a)} é"), "queue 15/s é");
        assert_eq!(rendered("plain"), "plain");
        assert_eq!(rendered(""), "");
    }

    #[test]
    fn doubled_braces_are_braces() {
        assert_eq!(rendered("{{a}} {{{delta(counter.a)}}}"), "{a} {30}");
    }

    #[test]
    fn a_brace_in_quotes_closes_nothing() {
        assert_eq!(rendered(r#"{"}{\""}{'}'}"#), "}{\"}");
    }

    #[test]
    fn the_unknown_is_a_question_mark() {
        assert_eq!(rendered("{gauge.absent} of {gauge.denied}"), "? of ?");
    }

    #[test]
    fn places_of_errors_count_from_the_start_of_the_message() {
        assert_eq!(
            errors("é {nope.x} {{ {counter.a}"),
            [
                ("nope.x", "unknown fact `nope.x`".to_owned()),
                ("counter.a", "counter `counter.a` stands alone".to_owned()),
            ]
        );
        assert_eq!(errors("a } b"), [("}", "`}` closes nothing".to_owned())]);
        assert_eq!(errors("a {b.c"), [("{b.c", "`{` is not closed".to_owned())]);
        assert_eq!(
            errors("a {}"),
            [("", "expected a value, found the end".to_owned())]
        );
    }

    #[test]
    fn its_facts_are_those_of_all_its_expressions() {
        let template = Template::compile("{delta(counter.a)} {gauge.n + gauge.n}", &Words).unwrap();
        let facts: Vec<_> = template.facts().map(|used| used.fact.as_str()).collect();
        assert_eq!(facts, ["counter.a", "gauge.n"]);
    }
}
