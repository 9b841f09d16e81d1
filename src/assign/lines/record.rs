//! Records that name a key in one field and its value in the next, in languages without a reader of their own:
//! `sysctl { name = "…" value = "1" }` of HCL, `{ namespace: "…", value: "1" }` of TypeScript, `[[sysctls]]` of TOML.

use super::call::Said;
use super::prose;

/// Fields that hold a key, in small or large letters: `Name` in Go.
const NAMES: [&str; 6] = ["name", "key", "namespace", "sysctl", "param", "parameter"];

/// Fields that hold its value.
const VALUES: [&str; 2] = ["value", "val"];

/// So far behind a key its value is looked for.
const NEAR: usize = 160;

/// The value in the field behind a key, by the text before the key on its line and all that follows it.
pub(super) fn value(before: &str, behind: &str, multiple: bool) -> Option<Said> {
    let mark = before.chars().next_back().filter(|c| is_quote(*c))?;
    let field = before.strip_suffix(mark)?.trim_end();
    let field = field.strip_suffix(['=', ':'])?.trim_end();
    let field = field.trim_end_matches(is_quote);
    let name = field.rsplit(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    let name = name.into_iter().next()?;
    if !NAMES.iter().any(|one| one.eq_ignore_ascii_case(name)) {
        return None;
    }
    let near = (NEAR.min(behind.len())..=behind.len()).find(|end| behind.is_char_boundary(*end))?;
    let window = behind.get(..near)?;
    let next = window
        .strip_prefix(mark)?
        .trim_start_matches([' ', '\t', ',', ';', '\r', '\n']);
    let next = next.trim_start_matches(is_quote);
    let sign = VALUES.iter().find_map(|name| {
        let (own, rest) = next.split_at_checked(name.len())?;
        own.eq_ignore_ascii_case(name).then_some(rest)
    })?;
    let sign = sign.trim_start_matches(is_quote).trim_start();
    let rest = sign
        .strip_prefix(['=', ':'])?
        .trim_start_matches([' ', '\t']);
    let (value, _) = prose::read_value(rest, None, multiple)?;
    Some(Said {
        at: window.len() - rest.len(),
        value,
    })
}

const fn is_quote(c: char) -> bool {
    matches!(c, '"' | '\'' | '`')
}
