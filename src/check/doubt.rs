//! How far a number may be off that rests on a sample of the sockets.

use crate::fact::socket::Margin;
use crate::fact::{Unit, Value};
use crate::rule::expr::{Expr, ExprType, Facts as _, Lookup, Outcome, Quantity, format_value};

use super::view::View;

/// Of how many sockets a result was worked out, and how far it may be off.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Doubt {
    looked_at: u64,
    of: u64,
    /// In the unit of the result; `None` where it is no number.
    pub(super) error: Option<f64>,
}

/// The doubt about a result; `None` where it was counted, and where there is none.
///
/// Each fact of a sample is moved to both ends of its margin, one after the other. What that does to the
/// result is added up as independent errors are.
pub(super) fn doubt(expr: &Expr, view: &View<'_>, value: &Outcome) -> Option<Doubt> {
    if matches!(value, Outcome::Unknown(_)) {
        return None;
    }
    let sampled = &view.snapshot().now.sampled;
    let mut facts: Vec<(&str, Margin)> = expr
        .facts()
        .filter_map(|used| Some((used.fact.as_str(), *sampled.get(&used.fact)?)))
        .collect();
    facts.sort_by_key(|(fact, margin)| (margin.looked_at, *fact));
    facts.dedup();
    let (_, smallest) = facts.first()?;
    let squares = facts
        .iter()
        .map(|(fact, margin)| moved(expr, view, value, fact, *margin).map(|by| by * by));
    let sum: Option<f64> = squares.sum();
    Some(Doubt {
        looked_at: smallest.looked_at,
        of: smallest.of,
        error: sum.map(f64::sqrt),
    })
}

/// How far the result moves when a fact moves by its margin; `None` if it is no number.
fn moved(expr: &Expr, view: &View<'_>, value: &Outcome, fact: &str, margin: Margin) -> Option<f64> {
    let Outcome::Number(here) = value else {
        return None;
    };
    let Lookup::Value(Value::Int(count)) = view.value(fact) else {
        return None;
    };
    let error = i64::try_from(margin.error).unwrap_or(i64::MAX);
    let ends = [
        count.saturating_sub(error).max(0),
        count.saturating_add(error),
    ];
    let away = ends.map(
        |end| match expr.evaluate(&view.trying(fact, Value::Int(end))) {
            Outcome::Number(there) => Some((there - here).abs()),
            _ => None,
        },
    );
    // At one end there may be no result, as where it divides by zero.
    let [low, high] = away;
    Some(low.unwrap_or(0.0).max(high?))
}

impl Doubt {
    /// The result as people read it, with the doubt beside it.
    pub(super) fn beside(&self, shown: &str, ty: ExprType) -> String {
        let count = |number: u64| {
            let count = ExprType::Number(Quantity::of(Unit::Count));
            format_value(&Outcome::Number(number as f64), count)
        };
        let (looked_at, of) = (count(self.looked_at), count(self.of));
        let error = self.error.map_or_else(String::new, |error| {
            format!(", ±{}", format_value(&Outcome::Number(error), ty))
        });
        format!("~{shown} (sampled {looked_at} of {of}{error})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fact::{Reading, Sample, Snapshot};
    use crate::rule::Names;
    use crate::rule::expr::{Expected, compile};

    /// 100,000 of 500,000 connections have the timer, by a sample of 20,000.
    fn snapshot() -> Snapshot {
        let mut now = Sample::default();
        for (fact, count) in [
            ("socket.established_keepalive", 100_000),
            ("socket.established", 500_000),
        ] {
            let reading = Reading::Known(Value::Int(count));
            now.readings.insert(fact.to_owned(), reading);
        }
        let margin = Margin {
            looked_at: 20_000,
            of: 500_000,
            error: 2_700,
        };
        let fact = "socket.established_keepalive".to_owned();
        now.sampled.insert(fact, margin);
        Snapshot::new(None, now)
    }

    fn shown(text: &str) -> Option<String> {
        let expr = compile(text, &Names::default(), Expected::Any).unwrap();
        let snapshot = snapshot();
        let view = View::new(&snapshot);
        let value = expr.evaluate(&view);
        let doubt = doubt(&expr, &view, &value)?;
        Some(doubt.beside(&format_value(&value, expr.ty()), expr.ty()))
    }

    #[test]
    fn a_fact_of_a_sample_comes_with_its_margin() {
        let expected = "~100,000 (sampled 20,000 of 500,000, ±2,700)";
        assert_eq!(shown("socket.established_keepalive").unwrap(), expected);
    }

    #[test]
    fn what_is_worked_out_from_it_comes_with_its_own() {
        let text = "percent(socket.established_keepalive / socket.established)";
        let expected = "~20 % (sampled 20,000 of 500,000, ±0.5 %)";
        assert_eq!(shown(text).unwrap(), expected);
        let text = "socket.established - 2 * socket.established_keepalive";
        let expected = "~300,000 (sampled 20,000 of 500,000, ±5,400)";
        assert_eq!(shown(text).unwrap(), expected);
    }

    #[test]
    fn what_is_no_number_has_no_error() {
        let text = "socket.established_keepalive > 5";
        let expected = "~on (sampled 20,000 of 500,000)";
        assert_eq!(shown(text).unwrap(), expected);
    }

    #[test]
    fn what_was_counted_is_beyond_doubt() {
        assert_eq!(shown("socket.established"), None);
        assert_eq!(shown("socket.time_wait"), None, "it is unknown");
    }
}
