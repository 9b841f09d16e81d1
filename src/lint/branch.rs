//! The branches of a template: of the lines in them, those of one only may end up in the file.

/// What opens a tag, and the words behind it that neither begin nor end a branch.
const TAGS: [(&str, &[&str]); 3] = [
    (
        "{%",
        &["set", "include", "import", "from", "raw", "endraw", "do"],
    ),
    ("<%", &["=", "#", "%"]),
    ("%{", &[]),
];

/// The words behind `{{` that begin or end a branch, in the templates of Go and of Handlebars.
const WORDS: [&str; 9] = [
    "if", "else", "end", "range", "with", "define", "block", "#", "/",
];

/// How many tags stand before each line of a text.
#[derive(Debug, Default)]
pub(super) struct Branches(Vec<u32>);

impl Branches {
    /// Of the lines of a text.
    pub(super) fn of(lines: &[&str]) -> Self {
        let before = lines.iter().scan(0_u32, |before, line| {
            let own = *before;
            *before = before.saturating_add(tags(line));
            Some(own)
        });
        Self(before.collect())
    }

    /// How many tags stand before a place of the text, both numbers from 1; `None` for none.
    pub(super) fn at(&self, lines: &[&str], line: usize, column: usize) -> Option<u32> {
        let at = line.checked_sub(1)?;
        let own = lines.get(at)?;
        let end = own.char_indices().nth(column.checked_sub(1)?)?.0;
        let before = *self.0.get(at)?;
        let tags = before.saturating_add(tags(own.get(..end)?));
        (tags > 0).then_some(tags)
    }
}

/// The tags on a line that begin or end a branch.
fn tags(line: &str) -> u32 {
    let mut count = 0_u32;
    let mut rest = line;
    while let Some(at) = rest.find(['{', '<', '%']) {
        rest = rest.get(at..).unwrap_or_default();
        let behind = |open: &str| {
            let behind = rest.strip_prefix(open)?;
            Some(behind.trim_start_matches(['-', '+', '~', ' ', '\t']))
        };
        let is_tag = TAGS.iter().any(|(open, others)| {
            behind(open).is_some_and(|behind| !others.iter().any(|word| begins(behind, word)))
        });
        let is_word = behind("{{").is_some_and(|behind| {
            !behind.starts_with("/*") && WORDS.iter().any(|word| begins(behind, word))
        });
        count = count.saturating_add(u32::from(is_tag || is_word));
        let mut skipped = 1;
        if is_tag || is_word {
            skipped = 2;
        }
        rest = rest.get(skipped..).unwrap_or_default();
    }
    count
}

/// Whether a text begins with a word, or a mark.
fn begins(text: &str, word: &str) -> bool {
    let is_word = word.starts_with(|c: char| c.is_ascii_alphanumeric());
    text.strip_prefix(word).is_some_and(|rest| {
        !is_word || !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tags_of_branches_are_told_from_others() {
        for line in [
            "{% if x %}",
            "{%- else -%}",
            "{% endfor %}",
            "<% if @x %>",
            "<%- end -%>",
            "{{ if .X }}",
            "{{- else }}",
            "{{end}}",
            "{{#if x}}",
            "{{/if}}",
            "%{ if x }",
            "%{~ else ~}",
        ] {
            assert_eq!(tags(line), 1, "{line}");
        }
        for line in [
            "{{ x }}",
            "{{ ending }}",
            "{{/* end */}}",
            "{# if #}",
            "{% set x = 1 %}",
            "<%= x %>",
            "${x}",
            "net.ipv4.tcp_sack = 1",
            "100 % {",
        ] {
            assert_eq!(tags(line), 0, "{line}");
        }
    }

    #[test]
    fn a_place_is_counted_by_the_tags_before_it() {
        let lines = ["a = 1", "{% if x %}b = 1{% else %}", "c", "{% endif %}"];
        let branches = Branches::of(&lines);
        assert_eq!(branches.at(&lines, 1, 1), None);
        assert_eq!(branches.at(&lines, 2, 11), Some(1));
        assert_eq!(branches.at(&lines, 3, 1), Some(2));
        for (line, column) in [(0, 1), (1, 0), (9, 1), (1, 99)] {
            assert_eq!(branches.at(&lines, line, column), None);
        }
    }
}
