//! Ansible's one-line form: `sysctl: name=net.core.somaxconn value=1024 state=present`.

/// A word `name=value`, by offsets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::assign) struct Word<'t> {
    pub(in crate::assign) name: &'t str,
    pub(in crate::assign) value: &'t str,
    /// Where the value begins, behind its quote.
    pub(in crate::assign) at: usize,
}

/// The words of a line that are `name=value`; quotes and templates hold blanks together.
pub(in crate::assign) fn words(text: &str) -> Vec<Word<'_>> {
    let mut words = Vec::new();
    let mut at = 0;
    while let Some(rest) = text.get(at..) {
        let lead = rest.len() - rest.trim_start().len();
        let start = at + lead;
        let body = rest.trim_start();
        if body.is_empty() {
            break;
        }
        let size = word(body);
        let whole = body.get(..size).unwrap_or_default();
        at = start + size;
        let Some((name, value)) = whole.split_once('=') else {
            continue;
        };
        let is_name = name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if !is_name || name.is_empty() {
            continue;
        }
        let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
        let bare = quote.and_then(|quote| {
            let inner = value.get(1..)?;
            inner.strip_suffix(quote)
        });
        words.push(Word {
            name,
            value: bare.unwrap_or(value),
            at: start + name.len() + 1 + usize::from(bare.is_some()),
        });
    }
    words
}

/// How long the first word is.
fn word(body: &str) -> usize {
    let mut quote = None;
    let mut braces = 0_usize;
    for (at, letter) in body.char_indices() {
        match (quote, letter) {
            (None, '"' | '\'') => quote = Some(letter),
            (Some(open), _) if open == letter => quote = None,
            (_, '{') => braces += 1,
            (_, '}') => braces = braces.saturating_sub(1),
            (None, _) if letter.is_whitespace() && braces == 0 => return at,
            _ => {}
        }
    }
    body.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_hold_quotes_and_templates_together() {
        let text = "name={{ item.k }} value=\"1 2\" x state='present' a b=";
        let found: Vec<_> = words(text)
            .iter()
            .map(|word| (word.name, word.value, word.at))
            .collect();
        assert_eq!(
            found,
            [
                ("name", "{{ item.k }}", 5),
                ("value", "1 2", 25),
                ("state", "present", 39),
                ("b", "", 52),
            ]
        );
    }
}
