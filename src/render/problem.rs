//! Problems in rule files, shown at their place in the way compilers do.
//!
//! Own code rather than a crate: every text here comes from a file somebody else may have written, so
//! each character must pass the same escaping as the rest of the output *before* it is measured, cut
//! and underlined. What remains to be drawn is one line and its underline.

use std::io;
use std::ops::Range;

use anstyle::Style;

use super::escape;
use super::human::HumanOptions;
use super::style::Styles;
use super::wrap::{cells, wrap};

/// Stands for text that was cut off.
const CUT: &str = "...";

/// A problem in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble<'a> {
    /// The file, as the user named it.
    pub file: String,
    /// Where in the file; `None` when the problem is the file as a whole.
    pub place: Option<Place<'a>>,
    /// What is wrong: a lower-case fragment.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place<'a> {
    /// The line, counted from 1.
    pub line: usize,
    /// The column in characters, counted from 1.
    pub column: usize,
    /// The bytes of `source_text` the problem is about. Only the first line of several is underlined;
    /// what lies outside the text, or inside a character, is moved to the nearest place before.
    pub span: Range<usize>,
    /// The whole text of the file.
    pub source_text: &'a str,
}

/// Writes a problem: the message, the place, the line with the place underlined, and the help.
///
/// No line of source is wider than `width` cells: a long one is cut around the place.
pub fn trouble(
    trouble: &Trouble<'_>,
    color: bool,
    width: usize,
    out: &mut impl io::Write,
) -> io::Result<()> {
    let styles = Styles::new(color);
    let width = width.clamp(HumanOptions::NARROWEST, HumanOptions::WIDEST);
    let message = wrap(&escape::line(&trouble.message), width.saturating_sub(7));
    for (at, line) in message.iter().enumerate() {
        let label = if at == 0 { "error: " } else { "       " };
        let label = paint(if at == 0 { styles.high } else { Style::new() }, label);
        writeln!(out, "{label}{}", paint(styles.name, line))?;
    }

    let file = escape::line(&trouble.file);
    let place = trouble.place.as_ref();
    let number = place.map_or_else(String::new, |place| place.line.to_string());
    let gutter = " ".repeat(number.len());
    match place {
        None => writeln!(out, " --> {file}")?,
        Some(Place { line, column, .. }) => writeln!(out, "{gutter}--> {file}:{line}:{column}")?,
    }
    if let Some(place) = place {
        let excerpt = Excerpt::cut(place, width.saturating_sub(number.len() + 3));
        let Excerpt {
            before,
            marked,
            after,
        } = &excerpt;
        let indent = " ".repeat(cells(before));
        let carets = "^".repeat(cells(marked).max(1));
        let source = format!("{before}{marked}{after}");
        writeln!(out, "{gutter} |")?;
        writeln!(out, "{number} | {}", source.trim_end())?;
        writeln!(out, "{gutter} | {indent}{}", paint(styles.high, &carets))?;
    }
    if let Some(help) = &trouble.help {
        let indent = gutter.len() + 9;
        for (at, line) in wrap(&escape::line(help), width.saturating_sub(indent))
            .iter()
            .enumerate()
        {
            if at == 0 {
                writeln!(out, "{gutter} = {} {line}", paint(styles.name, "help:"))?;
            } else {
                writeln!(out, "{:indent$}{line}", "")?;
            }
        }
    }
    Ok(())
}

/// The text in a style; as it is in an empty one.
fn paint(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

/// The part of a source line that is shown, escaped, in three pieces.
pub(super) struct Excerpt {
    /// What leads to the marked part.
    pub(super) before: String,
    /// The marked part.
    pub(super) marked: String,
    /// What follows it.
    pub(super) after: String,
}

impl Excerpt {
    /// Cuts the line of a place down to `room` cells. What is marked comes first, then what leads to
    /// it, then what follows.
    pub(super) fn cut(place: &Place<'_>, room: usize) -> Self {
        let text = place.source_text;
        let start = boundary(text, place.span.start);
        let end = boundary(text, place.span.end).max(start);
        let (head, tail) = text.split_at(start);
        let head = head.rsplit('\n').next().unwrap_or_default();
        let tail = tail.split('\n').next().unwrap_or_default();
        let tail = tail.strip_suffix('\r').unwrap_or(tail);
        let (marked, after) = tail.split_at(boundary(tail, end - start));

        // A little of what follows is worth more than the far end of what leads here.
        let marked = fit(marked.chars(), room.saturating_sub(2 * CUT.len())).concat();
        let room = room.saturating_sub(cells(&marked));
        let glimpse = fit(after.chars(), room / 4).concat();
        let mut before = fit(head.chars().rev(), room.saturating_sub(cells(&glimpse)));
        before.reverse();
        let before = before.concat();
        let after = fit(after.chars(), room.saturating_sub(cells(&before))).concat();
        Self {
            before,
            marked,
            after,
        }
    }
}

/// The last place at or before `at` where the text can be split.
fn boundary(text: &str, at: usize) -> usize {
    let at = at.min(text.len());
    (0..=at)
        .rev()
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or(0)
}

/// As many letters, each escaped, as find room; [`CUT`] behind them if some do not.
fn fit(letters: impl Iterator<Item = char>, room: usize) -> Vec<String> {
    let mut pieces = Vec::new();
    let mut used = 0;
    for letter in letters {
        let mut piece = String::new();
        escape::push(&mut piece, letter);
        used += cells(&piece);
        pieces.push(piece);
        if used > room {
            while used + CUT.len() > room {
                let Some(last) = pieces.pop() else { break };
                used -= cells(&last);
            }
            pieces.push(CUT.to_owned());
            break;
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(source: &str, span: Range<usize>) -> String {
        let before = source.get(..span.start).unwrap_or_default();
        let place = Place {
            line: 1 + before.matches('\n').count(),
            column: 1 + before.rsplit('\n').next().map_or(0, |l| l.chars().count()),
            span,
            source_text: source,
        };
        page(&Trouble {
            file: "rules.d/own.yaml".to_owned(),
            place: Some(place),
            message: "unknown fact `counter.TcpExt.ListenOverflow`".to_owned(),
            help: Some("did you mean `counter.TcpExt.ListenOverflows`?".to_owned()),
        })
    }

    fn page(problem: &Trouble<'_>) -> String {
        let mut out = Vec::new();
        trouble(problem, false, 80, &mut out).expect("a vector takes everything");
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn the_place_is_underlined() {
        let source = "id: own\nwhen: rate(counter.TcpExt.ListenOverflow) > 0\n";
        let expected = "\
error: unknown fact `counter.TcpExt.ListenOverflow`
 --> rules.d/own.yaml:2:12
  |
2 | when: rate(counter.TcpExt.ListenOverflow) > 0
  |            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  = help: did you mean `counter.TcpExt.ListenOverflows`?
";
        assert_eq!(shown(source, 19..48), expected);
    }

    #[test]
    fn tabs_wide_letters_and_escapes_keep_the_underline_in_place() {
        let source = "\t数据\u{9b}bad";
        let at = source.find("bad").expect("it is there");
        let text = shown(source, at..at + 3);
        assert!(
            text.contains("1 |  数据\\x9bbad\n  |          ^^^\n"),
            "{text}"
        );
    }

    #[test]
    fn a_mebibyte_on_one_line_is_cut_around_the_place() {
        let half = "x".repeat(1 << 19);
        let source = format!("{half}HERE{half}");
        for span in [
            1 << 19..(1 << 19) + 4,
            0..4,
            source.len() - 4..source.len(),
            0..source.len(),
        ] {
            let text = shown(&source, span);
            assert!(text.lines().all(|line| cells(line) <= 80), "{text}");
            assert_eq!(text.lines().count(), 6);
        }
        assert!(shown(&source, 1 << 19..(1 << 19) + 4).contains("xHEREx"));
    }

    #[test]
    fn a_span_of_several_lines_is_underlined_on_its_first() {
        let text = shown("when: |\r\n  a\r\n  b\r\n", 6..17);
        assert!(text.contains("1 | when: |\n  |       ^\n"), "{text}");
    }

    #[test]
    fn a_span_outside_the_text_does_no_harm() {
        #[expect(
            clippy::reversed_empty_ranges,
            reason = "what a broken caller might give"
        )]
        let odd = [0..0, 4..4, 3..3, 100..200, 5..2, 1..usize::MAX];
        for span in odd {
            assert!(shown("aü\n", span).contains('^'));
        }
    }

    #[test]
    fn a_problem_without_a_place_names_the_file_only() {
        let text = page(&Trouble {
            file: "/etc/tcptune/rules.d/\u{1b}]0;x.yaml".to_owned(),
            place: None,
            message: "others can write this file".to_owned(),
            help: None,
        });
        let expected =
            "error: others can write this file\n --> /etc/tcptune/rules.d/\\x1b]0;x.yaml\n";
        assert_eq!(text, expected);
    }
}
