//! `ansible HOSTS -m sysctl -a "name=KEY value=VALUE"`: Ansible at the prompt.

use memchr::memmem;

use super::found;
use crate::assign::found::Found;
use crate::assign::yaml::{field, oneline};
use crate::assign::{Syntax, written};

/// Commands are looked at so far behind the name of the module.
const NEAR: usize = 600;

/// What the commands of the text set.
pub(super) fn find(text: &str, finds: &mut Vec<Found>) {
    for mark in memmem::find_iter(text.as_bytes(), "-m ") {
        let behind = mark + "-m ".len();
        let rest = text.get(behind..).unwrap_or_default();
        let name = rest.split_whitespace().next().unwrap_or_default();
        if !field::is_module(name.trim_matches(['"', '\''])) {
            continue;
        }
        let window = command(rest);
        let Some((from, to)) = arguments(window) else {
            continue;
        };
        let words = oneline::words(window.get(from..to).unwrap_or_default());
        let named = |names: [&str; 2]| words.iter().find(|word| names.contains(&word.name));
        let is_gone = words
            .iter()
            .any(|word| field::is_state(word.name) && field::is_gone(word.value));
        if let (Some(name), Some(value)) = (named(["name", "key"]), named(["value", "val"]))
            && written::whole_key(name.value).is_some()
            && !is_gone
        {
            let at = behind + from;
            let range = |word: &oneline::Word<'_>| (at + word.at, at + word.at + word.value.len());
            let mut one = found(text, range(name), range(value), Syntax::Command);
            if let Some(written) = field::switch(&one.value) {
                written.clone_into(&mut one.value);
            }
            finds.push(one);
        }
    }
}

/// The rest of a command, over lines that end in `\`.
fn command(rest: &str) -> &str {
    let near = (NEAR.min(rest.len())..=rest.len()).find(|end| rest.is_char_boundary(*end));
    let near = near.and_then(|end| rest.get(..end)).unwrap_or(rest);
    let mut end = 0;
    for line in near.split_inclusive('\n') {
        end += line.len();
        if !line.trim_end().ends_with('\\') {
            break;
        }
    }
    near.get(..end).unwrap_or(near)
}

/// The text in quotes behind `-a`.
fn arguments(command: &str) -> Option<(usize, usize)> {
    let option = ["-a", "--args"].iter().find_map(|option| {
        let at = command.find(&format!(" {option}"))?;
        Some(at + 1 + option.len())
    })?;
    let rest = command.get(option..)?;
    let quote = rest.find(['"', '\''])?;
    if !rest
        .get(..quote)?
        .trim_matches([' ', '=', '\\', '\n'])
        .is_empty()
    {
        return None;
    }
    let mark = rest.get(quote..)?.chars().next()?;
    let begin = option + quote + 1;
    let size = command.get(begin..)?.find(mark)?;
    Some((begin, begin + size))
}
