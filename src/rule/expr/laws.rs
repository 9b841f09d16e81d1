//! Laws that hold for every expression.

use proptest::prelude::*;

use super::tests::{Sample, Words, compiled};
use super::*;

/// What a condition comes to, with the missing facts in an order of their own.
fn truth(text: &str) -> Result<Outcome, Vec<String>> {
    match compiled(text).evaluate(&Sample) {
        Outcome::Unknown(missing) => {
            let mut names: Vec<_> = missing.iter().map(ToString::to_string).collect();
            names.sort();
            Err(names)
        }
        known => Ok(known),
    }
}

/// Numbers in counts: literals, facts, calls, arithmetic, choices.
fn counts() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        (0_u32..2000).prop_map(|n| n.to_string()),
        (1_u32..9, 1_u32..9).prop_map(|(a, b)| format!("{a}.{b}")),
        Just("1e-9".to_owned()),
        Just("12e20".to_owned()),
        Just("gauge.n".to_owned()),
        Just("gauge.zero".to_owned()),
        Just("gauge.absent".to_owned()),
        Just("gauge.denied".to_owned()),
        Just("gauge.malformed".to_owned()),
        Just("delta( counter.a )".to_owned()),
        Just("delta(counter.one)".to_owned()),
        Just("sysctl['range'].size".to_owned()),
        Just("rate(counter.a)*window.seconds".to_owned()),
    ];
    leaf.prop_recursive(4, 24, 3, |inner| {
        prop_oneof![
            (inner.clone(), "[-+]", inner.clone()).prop_map(|(a, op, b)| format!("({a}){op}{b}")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{a} - ({b})")),
            (inner.clone(), "[*/%]", 1_u32..9).prop_map(|(a, op, b)| format!("({a}) {op} {b}")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a})%({b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("max({a},{b}) // larger\n")),
            inner.clone().prop_map(|a| format!("-floor({a})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("(switch.denied?{a}:{b})")),
        ]
    })
}

fn conditions() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("true".to_owned()),
        Just("false".to_owned()),
        Just("switch.on".to_owned()),
        Just("switch.off".to_owned()),
        Just("switch.denied".to_owned()),
        Just("switch.absent".to_owned()),
        Just("has(gauge.absent)".to_owned()),
        Just("has(gauge.denied)".to_owned()),
        Just("text.denied == 'a\\n'".to_owned()),
        Just("text.cc in [\"cubic\", text.denied]".to_owned()),
        Just("'bbr' in words.absent".to_owned()),
        (counts(), "<|<=|>|>=|==|!=", counts()).prop_map(|(a, op, b)| format!("{a} {op} {b}")),
        (counts(), counts()).prop_map(|(a, b)| format!("{a} in [1, {b}]")),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a}) && ({b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a})||({b})")),
            inner.clone().prop_map(|a| format!("!({a})")),
            (inner.clone(), inner.clone(), inner)
                .prop_map(|(c, a, b)| format!("(({c}) ? ({a}) : ({b}))")),
        ]
    })
}

/// Tokens of the language in any order.
fn soup() -> impl Strategy<Value = String> {
    let token = prop_oneof![
        "[-+*/%!<>=?:(),&|.{}]",
        "[0-9]{1,4}",
        Just("\"".to_owned()),
        Just("\\u00".to_owned()),
        Just("é".to_owned()),
        Just("//".to_owned()),
        Just("\n".to_owned()),
        Just(" ".to_owned()),
        Just("[".to_owned()),
        Just("]".to_owned()),
        Just("['a']".to_owned()),
        Just("in".to_owned()),
        Just("&&".to_owned()),
        Just("==".to_owned()),
        Just("gauge.n".to_owned()),
        Just("counter.a".to_owned()),
        Just("switch.denied".to_owned()),
        Just("rate(".to_owned()),
        Just("has(".to_owned()),
        Just("min(".to_owned()),
        Just("duration('1h')".to_owned()),
    ];
    proptest::collection::vec(token, 0..24).prop_map(|tokens| tokens.concat())
}

/// Compiles and judges whatever `text` is; every error stands inside it and has words.
fn survive(text: &str) {
    let check = |errors: &[ExprError]| {
        assert!(!errors.is_empty());
        for error in errors {
            assert!(text.get(error.span.clone()).is_some(), "{:?}", error.span);
            assert!(!error.to_string().is_empty());
            assert_ne!(error.help().as_deref(), Some(""));
        }
    };
    match compile(text, &Words, Expected::Any) {
        Ok(expr) => {
            let outcome = expr.evaluate(&Sample);
            if let Outcome::Unknown(missing) = &outcome {
                assert!(!missing.is_empty(), "{text} is unknown for no reason");
            }
            assert!(!expr.to_string().is_empty());
            format_value(&outcome, expr.ty());
        }
        Err(errors) => check(&errors),
    }
    match Template::compile(text, &Words) {
        Ok(template) => {
            template.render(&Sample);
        }
        Err(errors) => check(&errors),
    }
}

proptest! {
    #[test]
    fn arbitrary_text_never_panics(text in any::<String>()) {
        survive(&text);
    }

    #[test]
    fn arbitrary_tokens_never_panic(text in soup()) {
        survive(&text);
        survive(&format!("a {{{text}}} b"));
    }

    #[test]
    fn well_typed_conditions_are_judged(text in conditions()) {
        survive(&text);
        let outcome = compiled(&text).evaluate(&Sample);
        prop_assert!(matches!(outcome, Outcome::Bool(_) | Outcome::Unknown(_)));
    }

    #[test]
    fn what_is_printed_compiles_to_the_same(text in prop_oneof![counts(), conditions()]) {
        let expr = compiled(&text);
        let printed = expr.to_string();
        let again = compiled(&printed);
        prop_assert_eq!(again.to_string(), printed);
        // Names keep their spans, which differ; everything else is the same node for node.
        let bones = |expr: &Expr| {
            let mut nodes = expr.tree.nodes.clone();
            for node in &mut nodes {
                if let ast::Node::Fact(read) = node {
                    read.name = lex::Span { start: 0, end: 0 };
                }
            }
            nodes
        };
        prop_assert_eq!(bones(&again), bones(&expr));
        prop_assert_eq!(again.ty(), expr.ty());
        prop_assert!(again.facts().eq(expr.facts()));
    }

    #[test]
    fn and_and_or_do_not_mind_the_order(a in conditions(), b in conditions()) {
        prop_assert_eq!(truth(&format!("({a}) && ({b})")), truth(&format!("({b}) && ({a})")));
        prop_assert_eq!(truth(&format!("({a}) || ({b})")), truth(&format!("({b}) || ({a})")));
    }

    #[test]
    fn de_morgan_holds(a in conditions(), b in conditions()) {
        prop_assert_eq!(truth(&format!("!(({a}) && ({b}))")), truth(&format!("!({a}) || !({b})")));
        prop_assert_eq!(truth(&format!("!!({a})")), truth(&a));
    }
}
