//! A rule's explanation: the little Markdown that rules use, as indented text.

use anstyle::Style;

use super::page::Page;

/// Where a heading begins; text is two blanks deeper.
const COLUMN: usize = 2;

/// Writes an explanation: headings, paragraphs, lists, and code as it stands.
pub(super) fn explanation(page: &mut Page, text: &str) {
    let mut paragraph = String::new();
    let mut fenced = false;
    for line in text.lines() {
        let line = line.trim_end();
        let fence = line.trim_start().starts_with("```");
        let code = line.starts_with("    ");
        if fence || code || line.is_empty() || line.starts_with('#') || line.starts_with("- ") {
            flush(page, &mut paragraph);
        }
        if fence {
            fenced = !fenced;
        } else if line.is_empty() {
            page.gap();
        } else if fenced || code {
            let code = line.strip_prefix("    ").unwrap_or(line);
            page.row(&[(page.styles.command, &format!("{:1$}{code}", "", COLUMN + 4))]);
        } else if line.starts_with('#') {
            page.gap();
            let heading = line.trim_start_matches('#').trim_start();
            page.row(&[(Style::new(), "  "), (page.styles.name, heading)]);
        } else {
            paragraph.push_str(line);
            paragraph.push(' ');
        }
    }
    flush(page, &mut paragraph);
}

/// Ends a paragraph or an item of a list.
fn flush(page: &mut Page, paragraph: &mut String) {
    if !paragraph.is_empty() {
        page.paragraph(COLUMN + 2, paragraph);
        paragraph.clear();
    }
}
