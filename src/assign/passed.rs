//! Keys that another program's words pass on: the kernel's command line and containers ([`argument`]), Augeas
//! ([`augeas`]), Ansible at the prompt ([`adhoc`]), Ignition ([`ignition`]), systemd-tmpfiles ([`tmpfiles`]).
//!
//! Such words look alike in scripts, configurations, playbooks and prose, so they are looked for in the text as a
//! whole, whatever it is.

mod adhoc;
mod argument;
mod augeas;
mod ignition;
#[cfg(test)]
mod tests;
mod tmpfiles;

use std::collections::HashSet;

use super::found::{Finds, Found, may_name_a_key};
use super::{Assignment, Syntax, value};
use crate::catalog;

/// What the text passes on, except what is already known of its lines.
pub(super) fn find(text: &str, known: &[Assignment]) -> Vec<Assignment> {
    if !may_name_a_key(text) {
        return Vec::new();
    }
    let mut finds = Finds::default();
    argument::find(text, &mut finds.found);
    augeas::find(text, &mut finds.found);
    adhoc::find(text, &mut finds.found);
    ignition::find(text, &mut finds.found);
    tmpfiles::find(text, &mut finds.found);
    let mut found = finds.placed(text);
    if !found.is_empty() {
        let known: HashSet<_> = known.iter().map(|one| (one.line, &one.key)).collect();
        found.retain(|one| !known.contains(&(one.line, &one.key)));
    }
    found
}

/// An assignment by the places of its key and its value.
fn found(text: &str, key: (usize, usize), written: (usize, usize), syntax: Syntax) -> Found {
    let name = text.get(key.0..key.1).unwrap_or_default();
    let value = value::plain(text.get(written.0..written.1).unwrap_or_default());
    Found {
        at: key.0,
        value_at: written.0,
        key: catalog::canonical(name).into_owned(),
        dynamic: value::is_dynamic(name) || value::is_dynamic(&value),
        value,
        trail: None,
        commented: line_before(text, key.0)
            .trim_start()
            .starts_with(['#', ';'])
            || line_before(text, key.0).trim_start().starts_with("//"),
        syntax,
        flaw: None,
    }
}

/// So far a line is looked at, back or ahead: no value is longer.
const NEAR: usize = 400;

/// As much of a text as a value may take.
fn near(rest: &str) -> &str {
    let end = (0..=NEAR.min(rest.len())).rfind(|end| rest.is_char_boundary(*end));
    end.and_then(|end| rest.get(..end)).unwrap_or_default()
}

/// What stands before a place on its line.
fn line_before(text: &str, at: usize) -> &str {
    let near = (at.saturating_sub(NEAR)..=at).find(|near| text.is_char_boundary(*near));
    let before = near.and_then(|near| text.get(near..at)).unwrap_or_default();
    before.rsplit('\n').next().unwrap_or_default()
}

/// Where a text in quotes ends that begins here, and how long its first quote is; without quotes at a blank.
fn quoted(rest: &str) -> (usize, usize) {
    let rest = near(rest);
    for mark in ["\\\"", "\\'", "\"", "'"] {
        if let Some(inner) = rest.strip_prefix(mark) {
            let line = inner.split('\n').next().unwrap_or_default();
            if let Some(end) = line.find(mark) {
                return (mark.len(), mark.len() + end);
            }
        }
    }
    let ends = |c: char| c.is_whitespace() || "\"'`)]<\\;,".contains(c);
    let mut at = 0;
    while let Some(tail) = rest.get(at..).filter(|tail| !tail.is_empty()) {
        let template = value::template(tail);
        if template > 0 {
            at += template;
        } else if tail.starts_with(ends) {
            // A list of ports holds commas.
            let goes_on = tail
                .strip_prefix(',')
                .is_some_and(|tail| tail.starts_with(|c: char| c.is_ascii_digit()));
            if !goes_on {
                break;
            }
            at += 1;
        } else {
            at += tail.chars().next().map_or(1, char::len_utf8);
        }
    }
    (0, at)
}
