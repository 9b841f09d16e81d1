//! Tables: `| key | value |`.

use super::prose;
use crate::assign::found::{Finds, Found, Source};
use crate::assign::{Syntax, key, value};

/// What the rows before tell.
#[derive(Debug, Default)]
pub(super) struct Table {
    /// The cells of the row before.
    before: Vec<String>,
    /// The cells of the heading.
    heading: Vec<String>,
}

/// A table of more columns is none.
const COLUMNS: usize = 40;

impl Table {
    /// Takes a line if it is a row with a key in a cell of its own.
    pub(super) fn row(
        &mut self,
        source: &Source<'_>,
        begin: usize,
        line: &str,
        finds: &mut Finds,
    ) -> bool {
        if !line.contains('|') || line.matches('|').nth(COLUMNS).is_some() {
            return false;
        }
        let cells = cells(line);
        let is_rule = |cell: &(usize, &str)| {
            cell.1.contains('-') && cell.1.trim_matches(['-', ':', ' ']).is_empty()
        };
        if !cells.is_empty() && cells.iter().all(is_rule) {
            self.heading = std::mem::take(&mut self.before);
            return true;
        }
        let named = cells.iter().enumerate().find_map(|(column, (at, cell))| {
            let named = key::next(cell, 0)?;
            (named.start == 0 && named.end == cell.len()).then_some((column, *at, named))
        });
        let Some((column, at, named)) = named else {
            self.before = cells.iter().map(|(_, cell)| cell.to_lowercase()).collect();
            return false;
        };
        if !line.trim_start().starts_with('|') && self.heading.is_empty() {
            return false;
        }
        let chosen = self.value_column(column, cells.len());
        if let Some((value_at, written)) = chosen.and_then(|chosen| cells.get(chosen))
            && prose::is_value(written)
            && !written.contains('`')
        {
            finds.found.push(Found {
                at: source.at(begin + at),
                value_at: source.at(begin + value_at),
                key: named.key,
                value: value::plain(written),
                trail: None,
                commented: false,
                dynamic: value::is_dynamic(written),
                syntax: Syntax::Prose,
                flaw: None,
            });
        }
        true
    }

    /// The column of the values: the one whose heading says so, else the next.
    fn value_column(&self, key: usize, columns: usize) -> Option<usize> {
        let says = |words: &[&str]| {
            (0..columns).filter(|column| *column != key).find(|column| {
                self.heading
                    .get(*column)
                    .is_some_and(|cell| words.iter().any(|word| cell.contains(word)))
            })
        };
        let wanted = says(&[
            "recommend",
            "suggest",
            "tuned",
            "new",
            "optimal",
            "target",
            "set to",
            "推荐",
            "建议",
            "优化",
            "рекоменд",
            "empfohlen",
        ]);
        if wanted.is_some() {
            return wanted;
        }
        let plain = says(&[
            "value",
            "setting",
            "值",
            "wert",
            "значение",
            "valeur",
            "valor",
        ]);
        let is_default = |column: usize| {
            self.heading.get(column).is_some_and(|cell| {
                ["default", "默认", "kernel", "descr", "since", "range"]
                    .iter()
                    .any(|word| cell.contains(word))
            })
        };
        plain
            .filter(|column| !is_default(*column))
            .or_else(|| Some(key + 1).filter(|next| !is_default(*next)))
    }
}

/// The cells of a row, without blanks and marks around them, and where each begins.
fn cells(line: &str) -> Vec<(usize, &str)> {
    let mut at = 0;
    let mut cells = Vec::new();
    for piece in line.split_inclusive('|') {
        let cell = piece.strip_suffix('|').unwrap_or(piece);
        let marks = |c: char| value::is_blank(c) || matches!(c, '`' | '*' | '"' | '\'');
        let bare = cell.trim_start_matches(marks);
        let begin = at + cell.len() - bare.len();
        cells.push((begin, bare.trim_end_matches(marks)));
        at += piece.len();
    }
    if cells.first().is_some_and(|(_, cell)| cell.is_empty()) {
        cells.remove(0);
    }
    if cells.last().is_some_and(|(_, cell)| cell.is_empty()) {
        cells.pop();
    }
    cells
}
