//! `--format markdown`: an explanation for a ticket or a wiki.

use std::io;

use super::escape;
use super::explain::{Block, Explanation, TopicName};

/// Writes an explanation as Markdown (`CommonMark`).
pub fn markdown(answer: &Explanation, out: &mut impl io::Write) -> io::Result<()> {
    writeln!(out, "# {}", text(&answer.topic.name))?;
    writeln!(out, "\n{}", text(&answer.title))?;
    for note in &answer.notes {
        writeln!(out, "\n> {}", text(note))?;
    }
    for section in &answer.sections {
        if !section.heading.is_empty() {
            writeln!(out, "\n## {}", text(&section.heading))?;
        }
        for block in &section.blocks {
            writeln!(out)?;
            match block {
                Block::Text(paragraph) => writeln!(out, "{}", text(paragraph))?,
                Block::List(items) => {
                    for item in items {
                        writeln!(out, "- {}", text(item))?;
                    }
                }
                Block::Code(lines) => {
                    for line in lines {
                        // Indented, so that nothing inside can end it.
                        writeln!(out, "    {}", escape::line(line))?;
                    }
                }
                Block::Rows(rows) => {
                    for row in rows {
                        writeln!(out, "- **{}**: {}", text(&row.label), text(&row.text))?;
                    }
                }
            }
        }
    }
    if !answer.rules.is_empty() {
        writeln!(out, "\n## Rules\n")?;
        for one in &answer.rules {
            writeln!(out, "- **{}**: {}", text(&one.rule), text(&one.told()))?;
        }
    }
    names("Read on", &answer.see, out)?;
    if !answer.sources.is_empty() {
        writeln!(out, "\n## Sources\n")?;
        for source in &answer.sources {
            let title = text(&source.title);
            match &source.url {
                Some(url) => writeln!(out, "- {title} <{}>", escape::line(url))?,
                None => writeln!(out, "- {title}")?,
            }
        }
    }
    if let Some(word) = &answer.confidence {
        writeln!(out, "\nConfidence: {word}.")?;
    }
    names("Other topics of this name", &answer.also, out)
}

fn names(heading: &str, topics: &[TopicName], out: &mut impl io::Write) -> io::Result<()> {
    if topics.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n## {heading}\n")?;
    for one in topics {
        writeln!(out, "- {} ({})", text(&one.name), one.kind)?;
    }
    Ok(())
}

/// A text in which nothing is Markdown: what the syntax would take is escaped.
pub(super) fn text(text: &str) -> String {
    let shown = escape::line(text);
    // A number with a dot or a parenthesis behind it begins a list.
    let rest = shown.trim_start_matches(|c: char| c.is_ascii_digit());
    let number = shown.len() - rest.len();
    let mut behind = rest.chars();
    let ends =
        matches!(behind.next(), Some('.' | ')')) && matches!(behind.next(), None | Some(' '));
    let mut escaped = String::with_capacity(shown.len());
    for (at, letter) in shown.char_indices() {
        let syntax = matches!(
            letter,
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '&' | '~'
        );
        let marker = at == 0 && matches!(letter, '#' | '-' | '+' | '=');
        let marker = marker || ends && at == number && at > 0;
        if syntax || marker {
            escaped.push('\\');
        }
        escaped.push(letter);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_markdown_would_take_for_its_own_is_escaped() {
        assert_eq!(text("tcp_mem *x* <b>"), "tcp\\_mem \\*x\\* \\<b\\>");
        assert_eq!(text("- x - y"), "\\- x - y");
        assert_eq!(text("12. x 3. y"), "12\\. x 3. y");
        assert_eq!(text("10.0.3.9"), "10.0.3.9");
        assert_eq!(text("&lt; ~~x~~"), "\\&lt; \\~\\~x\\~\\~");
        assert_eq!(text("a\u{1b}[2J"), "a\\\\x1b\\[2J");
    }
}
