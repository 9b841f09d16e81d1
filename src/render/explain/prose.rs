//! The little Markdown of rules and concepts, as sections and blocks.

use super::{Block, Section};

/// Splits a text at its headings; what stands before the first has none.
pub(super) fn sections(text: &str) -> Vec<Section> {
    let mut sections = Vec::new();
    let mut heading = String::new();
    let mut lines: Vec<&str> = Vec::new();
    for line in text.lines() {
        if line.starts_with('#') {
            push(&mut sections, &heading, &lines);
            line.trim_start_matches('#').trim().clone_into(&mut heading);
            lines.clear();
        } else {
            lines.push(line.trim_end());
        }
    }
    push(&mut sections, &heading, &lines);
    sections
}

fn push(sections: &mut Vec<Section>, heading: &str, lines: &[&str]) {
    let blocks = blocks(lines);
    if !blocks.is_empty() {
        sections.push(Section {
            heading: heading.to_owned(),
            blocks,
        });
    }
}

/// Paragraphs, items that begin with `- `, and code: fenced or indented by four.
fn blocks(lines: &[&str]) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut fenced = false;
    let mut open = false;
    for line in lines {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
            open = false;
            continue;
        }
        let indented = line.strip_prefix("    ");
        if fenced
            || indented.is_some_and(|_| !open || !matches!(blocks.last(), Some(Block::List(_))))
        {
            let code = indented.unwrap_or(line).to_owned();
            match blocks.last_mut() {
                Some(Block::Code(lines)) => lines.push(code),
                _ => blocks.push(Block::Code(vec![code])),
            }
            open = false;
        } else if line.trim().is_empty() {
            // An empty line within code is part of it; at its end it is taken away below.
            if let (false, Some(Block::Code(lines))) = (open, blocks.last_mut()) {
                lines.push(String::new());
            }
            open = false;
        } else if let Some(item) = line.trim_start().strip_prefix("- ") {
            match blocks.last_mut() {
                Some(Block::List(items)) => items.push(item.to_owned()),
                _ => blocks.push(Block::List(vec![item.to_owned()])),
            }
            open = true;
        } else {
            let more = line.trim();
            match (open, blocks.last_mut()) {
                (true, Some(Block::Text(text))) => extend(text, more),
                (true, Some(Block::List(items))) => {
                    if let Some(item) = items.last_mut() {
                        extend(item, more);
                    }
                }
                _ => blocks.push(Block::Text(more.to_owned())),
            }
            open = true;
        }
    }
    for block in &mut blocks {
        if let Block::Code(lines) = block {
            while lines.last().is_some_and(String::is_empty) {
                lines.pop();
            }
        }
    }
    blocks
}

fn extend(text: &mut String, more: &str) {
    text.push(' ');
    text.push_str(more);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_paragraphs_items_and_code_are_told_apart() {
        let text = "before\n## One\nfirst line\nsecond line\n\nanother\n- item\n  goes on\n- next\n\n    ss -tan\n\n    ip a\n\n## Two\n## Three\n```\ncode\n```\n";
        let sections = sections(text);
        let headings: Vec<_> = sections.iter().map(|one| one.heading.as_str()).collect();
        assert_eq!(headings, ["", "One", "Three"], "an empty section is none");
        assert_eq!(
            sections[1].blocks,
            [
                Block::Text("first line second line".to_owned()),
                Block::Text("another".to_owned()),
                Block::List(vec!["item goes on".to_owned(), "next".to_owned()]),
                Block::Code(vec!["ss -tan".to_owned(), String::new(), "ip a".to_owned()]),
            ]
        );
        assert_eq!(sections[2].blocks, [Block::Code(vec!["code".to_owned()])]);
    }
}
