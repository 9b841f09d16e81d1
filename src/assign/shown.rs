//! Assignments as tests compare them.

use super::Assignment;

/// One line each: place, key and value, then what is special.
pub(super) fn shown(found: &[Assignment]) -> Vec<String> {
    let line = |one: &Assignment| {
        let mut line = format!("{}:{} {}={}", one.line, one.column, one.key, one.value);
        if one.value_line != one.line {
            line += " @";
            line += &one.value_line.to_string();
        }
        if one.commented {
            line.push_str(" commented");
        }
        if one.dynamic {
            line.push_str(" dynamic");
        }
        if let Some(flaw) = one.flaw {
            line.push(' ');
            line.push_str(flaw.word());
        }
        if let Some(trail) = &one.trail {
            line.push_str(" | ");
            line.push_str(trail);
        }
        line
    };
    found.iter().map(line).collect()
}
