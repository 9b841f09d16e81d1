//! A small vocabulary with facts to it, and what compiling and judging come to together.

use super::*;
use crate::fact::{Unit, Value};

/// Names of one segment and another; the second says what the fact is like.
pub(super) struct Words;

fn known(path: &str) -> Option<FactType> {
    let (fact, field) = match path.rsplit_once('.') {
        Some(("sysctl.rmem", "min")) => ("sysctl.rmem", Some(Field::Min)),
        Some(("sysctl.rmem", "default")) => ("sysctl.rmem", Some(Field::Default)),
        Some(("sysctl.rmem", "max")) => ("sysctl.rmem", Some(Field::Max)),
        Some(("sysctl.range", "low")) => ("sysctl.range", Some(Field::Low)),
        Some(("sysctl.range", "high")) => ("sysctl.range", Some(Field::High)),
        Some(("sysctl.range", "size")) => ("sysctl.range", Some(Field::Size)),
        Some(("sysctl.reserved", "count")) => ("sysctl.reserved", Some(Field::Count)),
        _ => (path, None),
    };
    let ty = match path {
        "gauge.bytes" | "counter.bytes" => Type::Number(Unit::Bytes),
        "gauge.pages" => Type::Number(Unit::Pages),
        "gauge.ms" => Type::Number(Unit::Milliseconds),
        "gauge.s" | "window.seconds" => Type::Number(Unit::Seconds),
        "gauge.plain" => Type::Number(Unit::Number),
        "switch.on" | "switch.off" | "switch.absent" | "switch.denied" => Type::Bool,
        "text.cc" | "text.denied" => Type::Text,
        "words.cc" | "words.absent" => Type::Words,
        _ if field.is_some() => match fact {
            "sysctl.rmem" => Type::Number(Unit::Bytes),
            _ => Type::Number(Unit::Count),
        },
        "counter.a" | "counter.b" | "counter.one" | "counter.absent" | "gauge.n" | "gauge.zero"
        | "gauge.absent" | "gauge.denied" | "gauge.malformed" | "sysctl.net.a/1.b" => {
            Type::Number(Unit::Count)
        }
        _ => return None,
    };
    Some(FactType {
        fact: fact.to_owned(),
        field,
        ty,
        monotone: fact.starts_with("counter."),
    })
}

impl Vocabulary for Words {
    fn resolve(&self, path: &str) -> Result<FactType, Option<String>> {
        known(path).ok_or_else(|| (path == "gauge.m").then(|| "gauge.n".to_owned()))
    }
}

/// Facts to [`Words`], over a window of two seconds.
pub(super) struct Sample;

fn missing(fact: &str, why: Why) -> Lookup {
    Lookup::Missing(Missing::new(fact, why))
}

impl Facts for Sample {
    fn value(&self, fact: &str) -> Lookup {
        Lookup::Value(match fact {
            "gauge.n" => Value::Int(12),
            "gauge.zero" => Value::Int(0),
            "gauge.bytes" => Value::Int(4096),
            "gauge.pages" | "gauge.plain" => Value::Int(2),
            "gauge.s" => Value::Int(60),
            "gauge.ms" => Value::Int(200),
            "counter.a" | "counter.b" | "counter.one" | "counter.bytes" | "sysctl.net.a/1.b" => {
                Value::Int(1)
            }
            "switch.on" => Value::Bool(true),
            "switch.off" => Value::Bool(false),
            "text.cc" => Value::Text("cubic".to_owned()),
            "words.cc" => Value::Words(vec!["reno".to_owned(), "cubic".to_owned()]),
            "sysctl.rmem" => Value::Triple([4096, 131_072, 6_291_456]),
            "sysctl.range" => Value::Range([32768, 60999]),
            "sysctl.reserved" => Value::Ports(vec![(80, 80), (8080, 8089)]),
            "gauge.malformed" => Value::Text("what".to_owned()),
            _ if fact.ends_with(".denied") => {
                return missing(fact, Why::Denied("EACCES".to_owned()));
            }
            _ => return missing(fact, Why::Absent),
        })
    }

    fn delta(&self, fact: &str) -> Lookup {
        match fact {
            "counter.a" => Lookup::Value(Value::Int(30)),
            "counter.b" => Lookup::Value(Value::Int(0)),
            "counter.bytes" => Lookup::Value(Value::Int(2048)),
            "counter.one" => missing(fact, Why::OneSample),
            _ => missing(fact, Why::Absent),
        }
    }

    fn total(&self, fact: &str) -> Lookup {
        match fact {
            "counter.absent" => missing(fact, Why::Absent),
            _ => Lookup::Value(Value::Int(28_114)),
        }
    }

    fn window_seconds(&self) -> Option<f64> {
        Some(2.0)
    }
}

pub(super) fn compiled(text: &str) -> Expr {
    compile(text, &Words, Expected::Any)
        .unwrap_or_else(|errors| panic!("{text}: {}", joined(&errors)))
}

pub(super) fn first_error(text: &str) -> ExprError {
    compile(text, &Words, Expected::Any).unwrap_err().remove(0)
}

fn joined(errors: &[ExprError]) -> String {
    let lines: Vec<_> = errors.iter().map(ToString::to_string).collect();
    lines.join("; ")
}

fn refused(text: &str, expected: Expected) -> String {
    joined(&compile(text, &Words, expected).unwrap_err())
}

fn judged(text: &str) -> Outcome {
    compiled(text).evaluate(&Sample)
}

/// The missing facts of an unknown outcome, as a report names them.
fn unknown(text: &str) -> Vec<String> {
    match judged(text) {
        Outcome::Unknown(missing) => missing.iter().map(ToString::to_string).collect(),
        known => panic!("{text} is {known:?}"),
    }
}

fn number(value: f64) -> Outcome {
    Outcome::Number(value)
}

#[test]
fn every_problem_is_reported_at_once_in_order() {
    let text = "gauge.m > 1 && nope.x || gauge.s < gauge.ms || gauge.n && counter.a > flor(1)";
    let errors = compile(text, &Words, Expected::Bool).unwrap_err();
    let places: Vec<_> = errors.iter().map(|e| &text[e.span.clone()]).collect();
    assert_eq!(
        places,
        [
            "gauge.m",
            "nope.x",
            "gauge.s < gauge.ms",
            "gauge.n",
            "counter.a",
            "flor"
        ]
    );
}

#[test]
fn a_boolean_is_not_compared_with_a_number() {
    for (text, help) in [
        ("switch.on == 0", "write `!switch.on`, it is a boolean"),
        ("switch.on == 1", "write `switch.on`, it is a boolean"),
        ("0 != switch.on", "write `switch.on`, it is a boolean"),
        ("switch.on != 1", "write `!switch.on`, it is a boolean"),
        (
            "(switch.on || switch.off) == 0",
            "write `!(switch.on || switch.off)`, it is a boolean",
        ),
        (
            "switch.on && switch.off || (switch.on == 0)",
            "write `!switch.on`, it is a boolean",
        ),
        ("switch.on == gauge.n", "compare it with `true` or `false`"),
    ] {
        assert_eq!(first_error(text).help().as_deref(), Some(help), "{text}");
    }
}

#[test]
fn a_counter_does_not_stand_alone() {
    let error = first_error("counter.a > 1");
    assert_eq!(error.to_string(), "counter `counter.a` stands alone");
    let help = "use `rate(counter.a)`, `delta(counter.a)` or `total(counter.a)`";
    assert_eq!(error.help().as_deref(), Some(help));
    let error = first_error("rate(gauge.n) > 1");
    assert_eq!(
        error.to_string(),
        "`rate` takes a counter, and `gauge.n` may fall"
    );
}

#[test]
fn units_must_agree() {
    for (text, message) in [
        (
            "gauge.s < gauge.ms",
            "units differ at `<`: left is s, right is ms",
        ),
        (
            "rate(counter.a) > delta(counter.b)",
            "units differ at `>`: left is count/s, right is count",
        ),
        (
            "gauge.n + gauge.bytes",
            "units differ at `+`: left is count, right is bytes",
        ),
        (
            "gauge.n * gauge.bytes",
            "no unit for this product at `*`: left is count, right is bytes",
        ),
        (
            "gauge.n / gauge.bytes",
            "no unit for this ratio at `/`: left is count, right is bytes",
        ),
        (
            "max(1, gauge.n, gauge.s)",
            "units differ at `max`: left is count, right is s",
        ),
        (
            "switch.on ? gauge.n : gauge.s",
            "units differ at `? :`: left is count, right is s",
        ),
        (
            "gauge.n in [1, gauge.s]",
            "units differ at `in`: left is count, right is s",
        ),
        (
            "percent(gauge.n)",
            "`percent` takes a plain number, found a number in count",
        ),
    ] {
        assert_eq!(refused(text, Expected::Any), message, "{text}");
    }
}

#[test]
fn types_must_agree() {
    for (text, message) in [
        (
            "gauge.n && true",
            "`&&` takes a boolean, found a number in count",
        ),
        ("!gauge.n", "`!` takes a boolean, found a number in count"),
        ("-switch.on", "`-` takes a number, found a boolean"),
        ("text.cc < 'a'", "`<` takes numbers, found text"),
        (
            "text.cc == 1",
            "`==` takes two of one type, left is text, right is a number",
        ),
        (
            "1 < 2 < 3",
            "`<` takes two of one type, left is a boolean, right is a number",
        ),
        (
            "text.cc in text.cc",
            "`in` takes a list on the right, found text",
        ),
        (
            "gauge.n in ['a']",
            "`in` takes two of one type, left is a number in count, right is a list of text",
        ),
        (
            "words.cc == words.cc",
            "`==` takes two of one type, left is a list of text, right is a list of text",
        ),
        (
            "switch.on ? 'a' : 1",
            "`? :` takes two of one type, left is text, right is a number",
        ),
        (
            "'a' in ['a', 1]",
            "list is neither all text nor all numbers of one unit",
        ),
        ("[]", "list is neither all text nor all numbers of one unit"),
        (
            "[1, 2]",
            "list is neither all text nor all numbers of one unit",
        ),
        ("bbr == text.cc", "unknown fact `bbr`"),
    ] {
        assert_eq!(refused(text, Expected::Any), message, "{text}");
    }
}

#[test]
fn the_place_decides_what_may_stand_there() {
    assert_eq!(
        refused("gauge.n", Expected::Bool),
        "expected a boolean, found a number in count"
    );
    let seconds = Expected::Number(Some(Unit::Seconds));
    assert_eq!(
        refused("gauge.ms", seconds),
        "expected a number in s, found a number in ms"
    );
    assert_eq!(
        refused("rate(counter.a)", seconds),
        "expected a number in s, found a rate in count/s"
    );
    assert!(compile("60", &Words, seconds).is_ok());
    assert!(compile("duration('1m')", &Words, seconds).is_ok());
    let pages = Expected::Setting(Type::Number(Unit::Pages));
    assert!(compile("gauge.bytes / 4096", &Words, pages).is_err());
    assert!(compile("floor(gauge.bytes / gauge.bytes)", &Words, pages).is_ok());
    let switch = Expected::Setting(Type::Bool);
    let error = compile("1", &Words, switch).unwrap_err().remove(0);
    assert_eq!(
        error.help().as_deref(),
        Some("write `true` or `false`, the key is a switch")
    );
    assert!(compile("['a', text.cc]", &Words, Expected::Setting(Type::Words)).is_ok());
}

#[test]
fn the_type_of_an_expression_carries_its_unit() {
    for (text, shown) in [
        ("rate(counter.bytes)", "a rate in bytes/s"),
        ("rate(counter.a) * window.seconds", "a number in count"),
        ("delta(counter.a) / gauge.s", "a rate in count/s"),
        ("delta(counter.a) / delta(counter.b)", "a number"),
        ("percent(0.5)", "a number in %"),
        ("0.75 * sysctl.rmem.max", "a number in bytes"),
        ("max(4096, sysctl.range.size)", "a number in count"),
        ("switch.on ? 1 : gauge.s", "a number in s"),
        ("has(counter.a)", "a boolean"),
        ("gauge.n / rate(counter.a)", "a number in s"),
    ] {
        assert_eq!(compiled(text).ty().to_string(), shown, "{text}");
    }
}

#[test]
fn exactly_the_facts_it_reads_are_known() {
    let text = "rate(counter.a) > 1 && rate(counter.a) < 9 && total(counter.a) > 3 \
                && sysctl.rmem.min < sysctl.rmem.max && has(text.cc)";
    let expr = compiled(text);
    let facts: Vec<_> = expr
        .facts()
        .map(|used| (used.fact.as_str(), used.how))
        .collect();
    assert_eq!(
        facts,
        [
            ("counter.a", How::Rate),
            ("counter.a", How::Total),
            ("sysctl.rmem", How::Value),
            ("text.cc", How::Has),
        ]
    );
    assert!(expr.uses_window());
    let window = compiled("window.seconds > 1");
    assert!(window.uses_window());
    assert!(window.facts().any(|used| used.fact == "window.seconds"));
    assert!(!compiled("total(counter.a) > gauge.n").uses_window());
    assert_eq!(expr.text(), text);
}

#[test]
fn arithmetic_is_that_of_numbers() {
    for (text, value) in [
        ("1 + 2 * 3 - 4 / 8", 6.5),
        ("7 % 4 + -1", 2.0),
        ("floor(1.5) + ceil(1.5) + round(2.5)", 6.0),
        ("min(3, 1, 2) + max(gauge.n, 4)", 13.0),
        ("rate(counter.a)", 15.0),
        ("rate(counter.a) * window.seconds", 30.0),
        ("delta(counter.a) + total(counter.a)", 28_144.0),
        ("percent(3 / 4)", 75.0),
        ("duration('1m30s')", 90.0),
        ("sysctl.range.size", 28_232.0),
        ("sysctl.range.high - sysctl.range.low", 28_231.0),
        ("sysctl.reserved.count", 11.0),
        ("sysctl.rmem.default / sysctl.rmem.min", 32.0),
        ("sysctl['net.a/1.b']", 1.0),
        ("switch.off ? 1 : switch.on ? 2 : 3", 2.0),
    ] {
        assert_eq!(judged(text), number(value), "{text}");
    }
}

#[test]
fn conditions_come_to_a_boolean() {
    for (text, value) in [
        ("gauge.n == 12 && gauge.n != 11", true),
        ("gauge.n < 12 || gauge.n > 12", false),
        ("gauge.n <= 12 && gauge.n >= 12", true),
        ("text.cc == \"cubic\"", true),
        ("text.cc != 'cubic'", false),
        ("'reno' in words.cc && !('bbr' in words.cc)", true),
        ("text.cc in ['bbr', 'cubic'] && text.cc in words.cc", true),
        ("gauge.n in [1, 6 + 6]", true),
        ("gauge.n in [1, 2]", false),
        ("switch.on == !switch.off", true),
        ("has(text.cc) && !has(switch.absent)", true),
    ] {
        assert_eq!(judged(text), Outcome::Bool(value), "{text}");
    }
}

#[test]
fn what_decides_alone_needs_no_other_side() {
    for (text, value) in [
        ("switch.off && switch.denied", false),
        ("switch.denied && switch.off", false),
        ("switch.on || switch.denied", true),
        ("switch.denied || switch.on", true),
        ("gauge.denied in [1, 2] && false", false),
        ("gauge.n in [gauge.denied, 12]", true),
        ("(switch.denied ? 'a' : 'a') == 'a'", true),
    ] {
        assert_eq!(judged(text), Outcome::Bool(value), "{text}");
    }
}

#[test]
fn an_unknown_outcome_names_every_missing_fact_once() {
    let denied = "`switch.denied`: denied (EACCES)";
    let absent = "`switch.absent`: absent";
    for text in [
        "switch.denied && switch.absent",
        "switch.denied || switch.absent || !switch.denied",
        "switch.denied == switch.absent",
        "switch.denied ? switch.absent : switch.on",
    ] {
        assert_eq!(unknown(text), [denied, absent], "{text}");
    }
    assert_eq!(unknown("switch.denied && switch.on"), [denied]);
    assert_eq!(unknown("switch.denied ? 1 : 2"), [denied]);
    let both = ["`gauge.denied`: denied (EACCES)", "`gauge.absent`: absent"];
    for text in [
        "gauge.denied + gauge.absent",
        "max(gauge.denied, 1, gauge.absent) > 1",
        "gauge.denied in [1, gauge.absent]",
    ] {
        assert_eq!(unknown(text), both, "{text}");
    }
}

#[test]
fn a_refused_fact_is_unknown_to_has_and_an_absent_one_is_not() {
    assert_eq!(judged("has(gauge.absent)"), Outcome::Bool(false));
    assert_eq!(judged("has(counter.absent)"), Outcome::Bool(false));
    assert_eq!(
        unknown("has(gauge.denied)"),
        ["`gauge.denied`: denied (EACCES)"]
    );
}

#[test]
fn arithmetic_without_a_result_is_unknown() {
    assert_eq!(
        unknown("gauge.n / // none\n(1 - 1)"),
        ["`gauge.n / (1 - 1)`: division by zero"]
    );
    assert_eq!(
        unknown("1 + gauge.n / gauge.zero"),
        ["`gauge.n / gauge.zero`: division by zero"]
    );
    assert_eq!(unknown("gauge.n % 0"), ["`gauge.n % 0`: division by zero"]);
    assert_eq!(unknown("1e308 * 10"), ["`1e308 * 10`: result out of range"]);
    assert_eq!(
        unknown("percent(1e308)"),
        ["`percent(1e308)`: result out of range"]
    );
}

#[test]
fn a_value_of_the_wrong_shape_is_malformed() {
    assert_eq!(unknown("gauge.malformed"), ["`gauge.malformed`: malformed"]);
}

#[test]
fn one_sample_has_no_rate() {
    struct Single;
    impl Facts for Single {
        fn value(&self, fact: &str) -> Lookup {
            Sample.value(fact)
        }
        fn delta(&self, fact: &str) -> Lookup {
            Sample.delta(fact)
        }
        fn total(&self, fact: &str) -> Lookup {
            Sample.total(fact)
        }
        fn window_seconds(&self) -> Option<f64> {
            None
        }
    }
    let one = |fact: &str| Outcome::Unknown(vec![Missing::new(fact, Why::OneSample)]);
    assert_eq!(
        compiled("rate(counter.a)").evaluate(&Single),
        one("counter.a")
    );
    assert_eq!(
        compiled("window.seconds").evaluate(&Single),
        one("window.seconds")
    );
    assert_eq!(
        unknown("delta(counter.one) > 0"),
        ["`counter.one`: needs two samples"]
    );
}

#[test]
fn the_largest_expressions_fit_a_small_stack() {
    let run = || {
        let chain = format!("true{}", "&&true".repeat(MAX_NODES / 2 - 1));
        assert_eq!(judged(&chain), Outcome::Bool(true));
        assert!(compiled(&chain).to_string().ends_with("true"));
        let deep = format!("{}1{}", "(1+(2*min(1,".repeat(21), ")))".repeat(21));
        assert!(matches!(judged(&deep), Outcome::Number(_)));
        let bottom = format!("{}1", "(1>0||true&&1==1+1*".repeat(200));
        assert_eq!(first_error(&bottom).kind, ExprErrorKind::TooDeep);
    };
    let thread = std::thread::Builder::new().stack_size(1 << 20).spawn(run);
    thread.unwrap().join().unwrap();
}

#[test]
fn what_was_never_compiled_is_unknown() {
    assert!(matches!(
        Expr::default().evaluate(&Sample),
        Outcome::Unknown(missing) if missing.is_empty()
    ));
}
