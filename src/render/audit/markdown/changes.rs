//! The changes of a finding or of a profile: what stands there, what is to, and the way there and back.

use std::fmt::Write as _;

use crate::render::escape;
use crate::render::finding::{Change, Scope, SetBy};
use crate::render::markdown::text;
use crate::render::shell;

/// The table of changes, what blocks them, and the commands that make them and take them back.
pub(super) fn changes(changes: &[Change], through: Option<&str>, page: &mut String) {
    page.push_str("\n| key | live | recommended | next boot | set by |\n|---|---|---|---|---|\n");
    for change in changes {
        let next = match (&change.next_boot, &change.next_boot_by) {
            (Some(value), Some(by)) => format!("{} ({})", code(value), place(by)),
            (Some(value), None) => code(value),
            (None, _) => "not known".to_owned(),
        };
        let set_by = match (&change.set_by, &change.origin) {
            (Some(by), _) => place(by),
            (None, Some(origin)) => text(origin),
            (None, None) => "not known".to_owned(),
        };
        let live = change.live.as_deref().map(code);
        let _ = writeln!(
            page,
            "| {} | {} | {} | {next} | {set_by} |",
            code(&change.key),
            live.as_deref().unwrap_or("cannot be read"),
            code(&change.recommended),
        );
    }
    let remarks = changes.iter().filter_map(|change| {
        let key = code(&change.key);
        match &change.blocked {
            Some(why) => Some(format!("{key} **must not be changed**: {}", text(why))),
            None if change.live.is_none() => Some(format!(
                "{key} **must not be changed**: the value in force cannot be read, so it could not be put back"
            )),
            None if change.scope == Scope::Host => {
                Some(format!("{key} is host-wide: every container and namespace is affected"))
            }
            None => None,
        }
    });
    let remarks: Vec<String> = remarks.collect();
    if !remarks.is_empty() {
        page.push('\n');
    }
    for remark in remarks {
        let _ = writeln!(page, "- {remark}");
    }
    // What is in force already, and only has to last, is no command's business.
    let differs =
        |change: &&Change| change.live.as_deref().map(code) != Some(code(&change.recommended));
    let mut open = changes
        .iter()
        .filter(|change| change.is_open())
        .filter(differs)
        .peekable();
    let Some(through) = through else {
        if open.peek().is_some() {
            page.push_str(
                "\nThe report was made from a file: the commands have to run on the host itself.\n",
            );
        }
        return;
    };
    let (mut make, mut undo) = (Vec::new(), Vec::new());
    for change in open {
        let command = |value| shell::set(through, &change.key, value).map(|parts| parts.join(" "));
        let live = change.live.as_deref();
        if let (Some(there), Some(back)) = (command(&change.recommended), live.and_then(command)) {
            make.push(there);
            undo.push(back);
        }
    }
    block("Make", &make, page);
    block("Undo", &undo, page);
}

/// Commands. Indented, so that nothing inside can end the block.
fn block(label: &str, commands: &[String], page: &mut String) {
    if commands.is_empty() {
        return;
    }
    let _ = writeln!(page, "\n**{label}**\n");
    for command in commands {
        let _ = writeln!(page, "    {}", escape::line(command));
    }
}

fn place(by: &SetBy) -> String {
    text(&format!("{}:{}", by.file, by.line))
}

/// A name or value as code; one that holds more than such consist of is escaped instead.
pub(super) fn code(name: &str) -> String {
    let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
    let tame = |letter: char| letter.is_ascii_alphanumeric() || " ._-/,:()%".contains(letter);
    if name.is_empty() {
        "(empty)".to_owned()
    } else if name.chars().all(tame) {
        format!("`{name}`")
    } else {
        text(&name)
    }
}
