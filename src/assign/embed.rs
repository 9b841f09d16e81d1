//! A text within a text: a script in YAML, a sysctl.conf in a string.

use super::spot::{Lines, Spot};
use super::written::{self, key_at_start};
use super::{Flaw, conf, lines, yaml};

/// How deep texts within texts are followed.
pub(super) const DEPTH: usize = 4;

/// A text that was taken out of another one, and where each piece of it stood.
#[derive(Clone, Debug, Default)]
pub(super) struct Passage {
    pub(super) text: String,
    /// Offset here, offset there; between two entries both run alike.
    pieces: Vec<(usize, usize)>,
}

/// How a passage is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hint {
    /// It goes into a sysctl.conf.
    Conf,
    /// It may be anything.
    Any,
}

impl Passage {
    /// Adds a piece that stood at an offset of the outer text.
    pub(super) fn push(&mut self, piece: &str, source: usize) {
        let follows = self
            .pieces
            .last()
            .is_some_and(|(here, there)| there + (self.text.len() - here) == source);
        if !follows {
            self.pieces.push((self.text.len(), source));
        }
        self.text.push_str(piece);
    }

    /// Where a byte of the passage stands in the outer text.
    pub(super) fn source(&self, at: usize) -> usize {
        let next = self.pieces.partition_point(|(here, _)| *here <= at);
        let piece = next.checked_sub(1).and_then(|index| self.pieces.get(index));
        let (here, there) = piece.copied().unwrap_or_default();
        let limit = self.pieces.get(next).map(|(here, _)| *here);
        let limit = limit.unwrap_or(self.text.len());
        (there + at.min(limit)).saturating_sub(here)
    }
}

/// The assignments of a passage, at their places in the outer text.
pub(super) fn find(passage: &Passage, hint: Hint, depth: usize) -> Vec<Spot> {
    if depth >= DEPTH || !written::may_hold_key(&passage.text) {
        return Vec::new();
    }
    let mut spots = match kind(&passage.text, hint) {
        Kind::Yaml => yaml::spots(&passage.text, depth + 1),
        Kind::Conf => placed(&passage.text, conf::find(&passage.text)),
        Kind::Shell => placed(&passage.text, lines::script(&passage.text, depth)),
    };
    for spot in &mut spots {
        spot.dynamic |= written::is_dynamic(&spot.value);
        // A text that goes into no file may explain: `net.ipv4.tcp_sack = 1   the default`.
        if hint == Hint::Any
            && spot.flaw.is_none()
            && !spot.dynamic
            && let Some(value) = lines::before_sentence(&spot.value)
        {
            spot.value = value;
        }
        // What looks like a comment is an expression of the outer text.
        if spot.flaw == Some(Flaw::TrailingComment) && spot.value.contains("#{") {
            spot.flaw = None;
            spot.trail = None;
        }
        spot.key_at = passage.source(spot.key_at);
        spot.value_at = passage.source(spot.value_at);
    }
    spots
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Yaml,
    Conf,
    Shell,
}

/// What a passage is, by the first line of it that holds a key.
fn kind(text: &str, hint: Hint) -> Kind {
    let trimmed = text.trim_start();
    if trimmed.starts_with("#!") {
        return Kind::Shell;
    }
    if trimmed.starts_with(['{', '[']) && text.contains('"') && text.contains(':') {
        return Kind::Yaml;
    }
    let mut is_listing = true;
    for line in text.lines() {
        let line = line.trim();
        if line.is_empty() || line.starts_with(['#', ';', '[', '{', '%']) {
            continue;
        }
        let entry = line.trim_start_matches('-').trim_start();
        let bare = entry.trim_start_matches(['"', '\'']);
        if let Some(named) = key_at_start(bare) {
            let rest = bare.get(named.len..).unwrap_or_default();
            let rest = rest.trim_start_matches(['"', '\'', ' ', '\t']);
            return match rest.chars().next() {
                Some(':') => Kind::Yaml,
                Some('=') if is_listing && !text.contains("<<") => Kind::Conf,
                _ if hint == Hint::Conf => Kind::Conf,
                _ => Kind::Shell,
            };
        }
        let field = entry.split_once(": ").map(|(_, value)| value);
        let value = field.map(|value| value.trim().trim_matches(['"', '\'']));
        if value.is_some_and(|value| written::whole_key(value).is_some()) {
            return Kind::Yaml;
        }
        let is_setting = line
            .split_once('=')
            .is_some_and(|(name, _)| !name.trim_end().contains([' ', '(', '"', '\'', '|']));
        is_listing &= is_setting && !line.starts_with("export ");
    }
    if hint == Hint::Conf {
        Kind::Conf
    } else {
        Kind::Shell
    }
}

/// Lines and columns of a passage as offsets in it.
fn placed(text: &str, mut found: Vec<super::Assignment>) -> Vec<Spot> {
    let lines = Lines::of(text);
    found.sort_by_key(|one| (one.line, one.column));
    let mut last = (0, 1, 0);
    let mut spots = Vec::with_capacity(found.len());
    for one in found {
        let line = one.line.saturating_sub(1);
        if last.0 != one.line || last.1 > one.column {
            last = (one.line, 1, lines.start(line));
        }
        let rest = text.get(last.2..).unwrap_or_default();
        let step = one.column.saturating_sub(last.1);
        let bytes: usize = rest.chars().take(step).map(char::len_utf8).sum();
        last = (one.line, one.column, last.2 + bytes);
        let value_at = if one.value_line == one.line || one.value_line > lines.count() {
            last.2
        } else {
            lines.start(one.value_line.saturating_sub(1))
        };
        spots.push(Spot {
            key_at: last.2,
            value_at,
            key: one.key,
            value: one.value,
            trail: one.trail,
            commented: one.commented,
            dynamic: one.dynamic,
            syntax: one.syntax,
            flaw: one.flaw,
        });
    }
    spots
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_passage_knows_where_its_pieces_stood() {
        let mut passage = Passage::default();
        passage.push("ab", 10);
        passage.push("c", 12);
        passage.push("\n", 20);
        passage.push("de", 31);
        let sources: Vec<_> = (0..=6).map(|at| passage.source(at)).collect();
        assert_eq!(sources, [10, 11, 12, 20, 31, 32, 33]);
        assert_eq!(Passage::default().source(3), 0);
    }

    #[test]
    fn a_passage_is_told_by_its_first_key() {
        for (text, is) in [
            ("# tuned\nvm.x = 1\nnet.core.somaxconn = 1\n", Kind::Conf),
            ("cat <<EOF >x\nnet.core.somaxconn = 1\nEOF\n", Kind::Shell),
            ("sysctl -w net.core.somaxconn=1", Kind::Shell),
            ("{\"sysctl\": {\"net.core.somaxconn\": \"1\"}}", Kind::Yaml),
            ("kernel:\n  net.core.somaxconn: 1\n", Kind::Yaml),
            ("- name: net.core.somaxconn\n  value: 1\n", Kind::Yaml),
        ] {
            assert_eq!(kind(text, Hint::Any), is, "{text}");
        }
    }
}
