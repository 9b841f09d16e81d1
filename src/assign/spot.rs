//! What the readers of structured texts find, by byte offset, until the whole text is read.

use super::{Assignment, Flaw, Syntax};

/// An assignment whose place is still a byte offset.
#[derive(Clone, Debug)]
pub(super) struct Spot {
    /// Where the key begins.
    pub(super) key_at: usize,
    /// Where the value begins.
    pub(super) value_at: usize,
    pub(super) key: String,
    pub(super) value: String,
    pub(super) trail: Option<String>,
    pub(super) commented: bool,
    pub(super) dynamic: bool,
    pub(super) syntax: Syntax,
    pub(super) flaw: Option<Flaw>,
}

/// Where the lines of a text begin.
pub(super) struct Lines {
    starts: Vec<usize>,
}

impl Lines {
    /// The lines of a text.
    pub(super) fn of(text: &str) -> Self {
        let ends = text.match_indices('\n').map(|(at, _)| at + 1);
        Self {
            starts: std::iter::once(0).chain(ends).collect(),
        }
    }

    /// The line that holds an offset, from 0.
    pub(super) fn line(&self, at: usize) -> usize {
        self.starts
            .partition_point(|start| *start <= at)
            .saturating_sub(1)
    }

    /// Where a line begins, from 0; of a line behind the last one the start of the last.
    pub(super) fn start(&self, line: usize) -> usize {
        let start = self.starts.get(line).or_else(|| self.starts.last());
        start.copied().unwrap_or_default()
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.starts.len()
    }
}

/// Offsets to lines and columns, in one walk over the text; what was found twice counts once.
pub(super) fn settle(text: &str, mut spots: Vec<Spot>) -> Vec<Assignment> {
    spots.sort_by_key(|spot| spot.key_at);
    spots.dedup_by(|later, first| {
        later.key_at == first.key_at && later.key == first.key && later.value == first.value
    });
    let lines = Lines::of(text);
    let mut last = (0, 0, 1);
    let mut settled = Vec::with_capacity(spots.len());
    for spot in spots {
        let line = lines.line(spot.key_at);
        let (from, column) = match last {
            (at, of, column) if of == line && at <= spot.key_at => (at, column),
            _ => (lines.start(line), 1),
        };
        let between = text.get(from..spot.key_at).unwrap_or_default();
        let column = column + between.chars().count();
        last = (spot.key_at, line, column);
        settled.push(Assignment {
            line: line + 1,
            column,
            value_line: lines.line(spot.value_at) + 1,
            key: spot.key,
            value: spot.value,
            trail: spot.trail,
            commented: spot.commented,
            dynamic: spot.dynamic,
            syntax: spot.syntax,
            flaw: spot.flaw,
        });
    }
    settled
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spot(key_at: usize, value_at: usize) -> Spot {
        Spot {
            key_at,
            value_at,
            key: format!("net.core.k{key_at}"),
            value: "1".to_owned(),
            trail: None,
            commented: false,
            dynamic: false,
            syntax: Syntax::Yaml,
            flaw: None,
        }
    }

    #[test]
    fn columns_count_characters_and_values_have_their_own_line() {
        let text = "é net a\n  ü b\n";
        let found = settle(
            text,
            vec![spot(11, 14), spot(3, 14), spot(7, 7), spot(3, 14)],
        );
        let places: Vec<_> = found
            .iter()
            .map(|one| (one.line, one.column, one.value_line))
            .collect();
        assert_eq!(places, [(1, 3, 2), (1, 7, 1), (2, 3, 2)]);
    }
}
