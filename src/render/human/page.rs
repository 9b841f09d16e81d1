//! The page: rows of escaped, styled text in two columns.

use std::fmt::Write as _;

use anstyle::Style;

use super::HumanOptions;
use crate::render::escape;
use crate::render::style::Styles;
use crate::render::wrap::{cells, pad, wrap};

/// Where the text beside a label in the margin begins.
pub(super) const MARGIN: usize = 9;
/// Where the text beside a label inside a finding begins: two blanks deeper.
pub(super) const BODY: usize = 11;

/// A page under construction. Nothing reaches it unescaped.
pub(super) struct Page {
    text: String,
    width: usize,
    /// The styles in force.
    pub(super) styles: Styles,
    /// What leads a command to where the report was made: nothing for here; `None` when nothing does.
    pub(super) through: Option<String>,
    /// The command that makes the changes of a report; `None` when there is none to offer.
    pub(super) apply: Option<String>,
}

impl Page {
    /// An empty page.
    pub(super) fn new(options: &HumanOptions<'_>) -> Self {
        Self {
            text: String::new(),
            width: options
                .width
                .clamp(HumanOptions::NARROWEST, HumanOptions::WIDEST),
            styles: Styles::new(options.color),
            through: options.reach.through(),
            apply: options.apply.map(escape::line),
        }
    }

    /// The page so far.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The cells between a column and the right edge.
    pub(super) const fn room(&self, column: usize) -> usize {
        self.width.saturating_sub(column)
    }

    /// One row of pieces, each in its style.
    pub(super) fn row(&mut self, pieces: &[(Style, &str)]) {
        for (style, piece) in pieces {
            let piece = escape::line(piece);
            if style.is_plain() {
                self.text.push_str(&piece);
            } else {
                // Writing into a `String` does not fail.
                let _ = write!(self.text, "{style}{piece}{style:#}");
            }
        }
        self.text.truncate(self.text.trim_end_matches(' ').len());
        self.text.push('\n');
    }

    /// An empty row; never two in succession, none on top.
    pub(super) fn gap(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    /// Text from a column on, wrapped.
    pub(super) fn paragraph(&mut self, column: usize, text: &str) {
        for line in wrap(&escape::line(text), self.room(column)) {
            self.row(&[(Style::new(), &format!("{:column$}{line}", ""))]);
        }
    }

    /// A bold label in the margin and wrapped text beside it.
    pub(super) fn margin(&mut self, label: &str, text: &str) {
        let lines = wrap(&escape::line(text), self.room(MARGIN));
        self.margin_lines(label, &lines);
    }

    /// A bold label in the margin and finished lines beside it.
    pub(super) fn margin_lines(&mut self, label: &str, lines: &[String]) {
        let name = self.styles.name;
        for (at, line) in lines.iter().enumerate() {
            let label = pad(if at == 0 { label } else { "" }, MARGIN);
            self.row(&[
                (if at == 0 { name } else { Style::new() }, &label),
                (Style::new(), line),
            ]);
        }
    }

    /// A label inside a finding and wrapped text beside it.
    pub(super) fn field(&mut self, label: &str, text: &str) {
        let lines = wrap(&escape::line(text), self.room(BODY));
        self.field_lines(label, &lines, Style::new());
    }

    /// A label inside a finding and finished lines beside it, in one style.
    pub(super) fn field_lines(&mut self, label: &str, lines: &[String], style: Style) {
        for (at, line) in lines.iter().enumerate() {
            let label = pad(if at == 0 { label } else { "" }, BODY - 2);
            self.row(&[(Style::new(), "  "), (Style::new(), &label), (style, line)]);
        }
    }

    /// A command in two parts from a column on: on one line if it fits, else continued as a shell
    /// takes it, so that it can be copied either way.
    pub(super) fn command(&self, column: usize, [verb, object]: &[String; 2]) -> Vec<String> {
        if cells(verb) + 1 + cells(object) <= self.room(column) {
            vec![format!("{verb} {object}")]
        } else {
            vec![format!("{verb} \\"), format!("  {object}")]
        }
    }
}
