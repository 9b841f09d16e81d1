//! The value that an expression of Nix, Ruby or Puppet has.

use super::token::{Kind, Token, Tongue};
use super::written;

/// A value as an expression says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) value: String,
    pub(super) dynamic: bool,
    /// Where it begins.
    pub(super) at: usize,
    /// Where its last token ends.
    pub(super) end: usize,
}

/// Wrappers of Nix that give the value they hold another rank.
const RANKS: [&str; 9] = [
    "mkDefault",
    "mkForce",
    "mkOverride",
    "mkOptionDefault",
    "mkVMOverride",
    "mkBefore",
    "mkAfter",
    "mkIf",
    "toString",
];

/// The value of an expression; `None` for none at all and for the word that says so.
pub(super) fn value(text: &str, tokens: &[Token], tongue: Tongue) -> Option<Said> {
    let tokens: Vec<Token> = tokens
        .iter()
        .filter(|token| !matches!(token.kind, Kind::Comment | Kind::Line))
        .copied()
        .collect();
    let (first, last) = tokens.first().zip(tokens.last())?;
    let (at, end) = (first.start, last.end);
    let bare = unwrapped(text, &tokens, tongue);
    if let [only] = bare
        && only.kind == Kind::Word
        && matches!(only.raw(text), "nil" | "null" | "undef")
    {
        return None;
    }
    let literal = literal(text, bare, tongue);
    Some(match literal {
        Some(value) => Said {
            dynamic: false,
            at: bare.first().map_or(at, |token| token.start),
            end,
            value,
        },
        None => Said {
            dynamic: true,
            value: match bare {
                [only] if only.is_text() => written::collapse(&only.said(text).text),
                _ => written::collapse(text.get(at..end).unwrap_or_default()),
            },
            at,
            end,
        },
    })
}

/// The tokens without wrappers, brackets around the whole, and conversions behind it.
fn unwrapped<'k>(text: &str, tokens: &'k [Token], tongue: Tongue) -> &'k [Token] {
    let mut rest = tokens;
    loop {
        rest = match rest {
            [open, inner @ .., close] if open.is(text, "(") && close.is(text, ")") => inner,
            [inner @ .., dot, word]
                if dot.is(text, ".")
                    && ["to_s", "to_i", "freeze", "to_f"].contains(&word.raw(text)) =>
            {
                inner
            }
            [inner @ .., dot, join, open, _, close]
                if dot.is(text, ".")
                    && join.is(text, "join")
                    && open.is(text, "(")
                    && close.is(text, ")") =>
            {
                inner
            }
            _ if tongue == Tongue::Nix => {
                let rank = rest
                    .iter()
                    .take(4)
                    .position(|token| RANKS.contains(&token.raw(text)));
                match rank {
                    Some(rank) => last_of(text, rest.get(rank + 1..).unwrap_or_default()),
                    None => return rest,
                }
            }
            _ => return rest,
        };
    }
}

/// The last operand: a token, or what is in the brackets at the end.
fn last_of<'k>(text: &str, tokens: &'k [Token]) -> &'k [Token] {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate().rev() {
        if token.is(text, ")") || token.is(text, "]") {
            depth += 1;
        } else if token.is(text, "(") || token.is(text, "[") {
            depth = depth.saturating_sub(1);
        }
        if depth == 0 {
            return tokens.get(at..).unwrap_or_default();
        }
    }
    tokens
}

/// The value of a literal.
fn literal(text: &str, tokens: &[Token], tongue: Tongue) -> Option<String> {
    match tokens {
        [only] => atom(text, only, tongue),
        [sign, number] if sign.is(text, "-") => {
            let number = atom(text, number, tongue)?;
            Some(format!("-{number}"))
        }
        [colon, word] if colon.is(text, ":") => atom(text, word, tongue),
        [open, inner @ .., close]
            if (open.is(text, "[") && close.is(text, "]")) || open.raw(text).starts_with("%w") =>
        {
            let atoms = inner.iter().filter(|token| !token.is(text, ","));
            let values: Option<Vec<_>> = atoms.map(|token| atom(text, token, tongue)).collect();
            values.map(|values| values.join(" "))
        }
        _ => None,
    }
}

fn atom(text: &str, token: &Token, tongue: Tongue) -> Option<String> {
    let raw = token.raw(text);
    match token.kind {
        Kind::Word if raw.starts_with(|c: char| c.is_ascii_digit()) => Some(raw.replace('_', "")),
        // NixOS writes 0 and 1 into the file (nixos/modules/config/sysctl.nix).
        Kind::Word if tongue == Tongue::Nix && raw == "true" => Some("1".to_owned()),
        Kind::Word if tongue == Tongue::Nix && raw == "false" => Some("0".to_owned()),
        Kind::Word => {
            let is_bare = tongue == Tongue::Puppet && !raw.contains(['$', ':']);
            (is_bare || matches!(raw, "true" | "false")).then(|| raw.to_owned())
        }
        Kind::Double | Kind::Single | Kind::Long => {
            let marks: &[&str] = match (tongue, token.kind) {
                (Tongue::Nix, _) => &["${"],
                (Tongue::Ruby, Kind::Double) => &["#{"],
                (Tongue::Puppet, Kind::Double) => &["$"],
                _ => &["<%", "{{"],
            };
            let is_literal = !marks.iter().any(|mark| raw.contains(mark));
            is_literal.then(|| written::collapse(&token.said(text).text))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assign::token::tokens;

    fn valued(text: &str, tongue: Tongue) -> Option<(String, bool)> {
        let tokens = tokens(text, tongue);
        value(text, &tokens, tongue).map(|said| (said.value, said.dynamic))
    }

    #[test]
    fn literals_are_values_and_expressions_stay_as_written() {
        use Tongue::{Nix, Puppet, Ruby};
        for (text, tongue, value, dynamic) in [
            ("40_000", Ruby, "40000", false),
            ("[4096, 87_380, '1']", Ruby, "4096 87380 1", false),
            ("%w(4096 1).join(' ')", Ruby, "4096 1", false),
            ("16 * 1024", Ruby, "16 * 1024", true),
            ("\"#{x} 1\"", Ruby, "#{x} 1", true),
            ("-1", Ruby, "-1", false),
            ("lib.mkDefault 1", Nix, "1", false),
            ("false", Nix, "0", false),
            ("lib.mkForce true", Nix, "1", false),
            ("\"false\"", Nix, "false", false),
            ("false", Ruby, "false", false),
            ("mkOverride 90 \"a\tb\"", Nix, "a b", false),
            ("lib.mkForce (toString 5)", Nix, "5", false),
            ("[ 1 \"2\" ]", Nix, "1 2", false),
            ("if a then 1 else 2", Nix, "if a then 1 else 2", true),
            ("$x", Puppet, "$x", true),
            ("present", Puppet, "present", false),
        ] {
            assert_eq!(
                valued(text, tongue),
                Some((value.to_owned(), dynamic)),
                "{text}"
            );
        }
        assert_eq!(valued("null", Nix), None);
        assert_eq!(valued("", Ruby), None);
    }
}
