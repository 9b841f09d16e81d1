//! Styles: the one table of colours. Every style repeats what a word already says.

use anstyle::{AnsiColor, Style};

/// The styles of a report; all empty when colour is off.
#[derive(Clone, Copy)]
pub(super) struct Styles {
    /// The label of a finding that needs a person now, and of an error.
    pub(super) high: Style,
    /// The label of a finding that needs a person soon, and of a blocked change.
    pub(super) medium: Style,
    /// The label of a finding that can wait.
    pub(super) low: Style,
    /// Names: the host, rules, headings; labels of everything else that is counted.
    pub(super) name: Style,
    /// Text to copy into a shell.
    pub(super) command: Style,
}

impl Styles {
    /// The table, or an empty one.
    pub(super) const fn new(color: bool) -> Self {
        if !color {
            let plain = Style::new();
            return Self {
                high: plain,
                medium: plain,
                low: plain,
                name: plain,
                command: plain,
            };
        }
        Self {
            high: AnsiColor::Red.on_default().bold(),
            medium: AnsiColor::Yellow.on_default().bold(),
            // Not blue: on many dark terminals it cannot be read.
            low: AnsiColor::Cyan.on_default().bold(),
            name: Style::new().bold(),
            command: AnsiColor::Green.on_default(),
        }
    }
}
