//! Shell, Dockerfiles, units, Markdown, HTML, plain text.
//!
//! One reader goes over all of them, line by line: a line that sets a key as in a configuration is taken at its
//! word, a line that begins with a command is read as the shell would ([`words`], `script`), and of any other
//! line what it says in passing ([`prose`]).

mod call;
mod html;
mod line;
mod manifest;
mod markdown;
mod prose;
mod record;
mod script;
mod sed;
mod sysctl;
mod table;
#[cfg(test)]
mod tests;
mod unit;
mod variables;
mod words;
mod write;

pub(super) use prose::before_sentence;
use script::{Script, Style};

use super::found::{Finds, Found, Source, may_name_a_key};
use super::{Assignment, FileKind};

/// Every assignment of the text.
pub(super) fn find(kind: FileKind, text: &str) -> Vec<Assignment> {
    if !may_name_a_key(text) {
        return Vec::new();
    }
    let source = Source::plain(text, 0);
    let mut finds = Finds::default();
    match kind {
        FileKind::Shell | FileKind::Docker => {
            Script::new(&mut finds, 0).read(&source, Style::Script);
        }
        FileKind::Unit => unit::read(&source, &mut finds, 0),
        FileKind::Markdown => markdown::read(&source, &mut finds),
        FileKind::Html => html::read(&source, &mut finds),
        _ => mixed(&source, &mut finds),
    }
    finds.placed(text)
}

/// Every assignment of a script that stands in so many other texts.
pub(super) fn script(text: &str, depth: usize) -> Vec<Assignment> {
    let mut finds = Finds::default();
    if depth < script::DEEP && may_name_a_key(text) {
        Script::new(&mut finds, depth).read(&Source::plain(text, 0), Style::Script);
    }
    finds.placed(text)
}

/// What the commands of one line set, by places in the file.
pub(super) fn of_commands(source: &Source<'_>) -> Vec<Found> {
    let mut finds = Finds::default();
    Script::new(&mut finds, 0).read(source, Style::Script);
    finds.found
}

/// A text that may hold anything.
fn mixed(source: &Source<'_>, finds: &mut Finds) {
    let style = Style::Mixed {
        prompts: line::has_prompts(&source.text),
        headings: false,
    };
    Script::new(finds, 0).read(source, style);
}
