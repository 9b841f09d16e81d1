//! Times that follow from settings, with the values they rest on.

use super::{Now, Row, Section, Told};
use crate::render::quantity;
use crate::timing::{self, Answer, Timing};
use crate::topic::{self, Kind, Text, TimingText};

/// What is said where no time ends something.
const NEVER: &str = "for ever: it is never dropped for its age";

/// The section of the times a topic names.
pub(super) fn section(ids: &[String], now: &Now<'_>, values: &mut Vec<Told>) -> Option<Section> {
    let rows = ids.iter().filter_map(|id| row(id, now, values)).collect();
    Section::rows("What follows from the settings", rows)
}

/// One time: what it is, how long, from which values.
fn row(id: &str, now: &Now<'_>, values: &mut Vec<Told>) -> Option<Row> {
    let timing = now.with_settings(|settings| timing::timing(id, settings))?;
    values.push(told(&timing));
    let title = described(id).map_or_else(String::new, |text| format!("{}: ", text.title));
    let text = format!("{title}{}. {}", answer(&timing), inputs(&timing));
    Some(Row::new(id, text.trim_end()))
}

/// A time in full.
pub(super) fn sections(
    id: &str,
    text: &TimingText,
    now: &Now<'_>,
    values: &mut Vec<Told>,
) -> Vec<Section> {
    let Some(timing) = now.with_settings(|settings| timing::timing(id, settings)) else {
        return Vec::new();
    };
    values.push(told(&timing));
    let mut rows = vec![Row::new("answer", answer(&timing))];
    for input in &timing.inputs {
        let mut row = now.row(input.key, values);
        short(input.key).clone_into(&mut row.label);
        if let Some(instead) = input.instead {
            row.text = format!("this kernel does not have it: {instead}");
        }
        rows.push(row);
    }
    if let Some(sent) = again(&timing) {
        rows.push(Row::new("sent again", sent));
    }
    if let Some(armed) = armed(id, now, values) {
        rows.push(Row::new("armed", armed));
    }
    let remark = timing.remark.map(str::to_owned);
    [
        Section::rows(&now.place(), rows),
        Section::text("", remark.as_deref()),
        Section::text("How it is worked out", Some(&text.formula)),
        Section::text("What ends then", Some(&text.means)),
        Section::text("What the number does not tell", Some(&text.beware)),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Every time on one page.
pub(super) fn every(now: &Now<'_>, values: &mut Vec<Told>) -> Vec<Section> {
    let mut sections = Vec::new();
    for timing in now.with_settings(timing::all) {
        values.push(told(&timing));
        let Some(text) = described(timing.id) else {
            continue;
        };
        let mut rows = vec![
            Row::new("answer", answer(&timing)),
            Row::new("from", given(&timing)),
            Row::new("formula", text.formula.trim()),
        ];
        if let Some(sent) = again(&timing) {
            rows.push(Row::new("sent again", sent));
        }
        if let Some(armed) = armed(timing.id, now, values) {
            rows.push(Row::new("armed", armed));
        }
        if let Some(remark) = timing.remark {
            rows.push(Row::new("but", remark));
        }
        rows.retain(|row| !row.text.is_empty());
        sections.extend(Section::rows(
            &format!("{}: {}", timing.id, text.title),
            rows,
        ));
    }
    sections
}

/// The answer in words.
pub(super) fn answer(timing: &Timing) -> String {
    match &timing.answer {
        Answer::Seconds(seconds) => length(*seconds),
        Answer::AtLeast(seconds) => format!("at least {}", length(*seconds)),
        Answer::Never => NEVER.to_owned(),
        Answer::PerSecond(rate) => format!("at most {} a second", number(*rate)),
        Answer::Unknown(why) => format!("unknown: {}", why.join("; ")),
    }
}

/// `131 s (2 min 11 s)`.
fn length(seconds: f64) -> String {
    let plain = format!("{} s", number(seconds));
    let words = quantity::duration(seconds);
    if seconds < 60.0 || words == plain {
        plain
    } else {
        format!("{plain} ({words})")
    }
}

/// A number with at most one decimal, and commas between thousands.
fn number(number: f64) -> String {
    let tenths = (number * 10.0).round();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a time or rate of a host: far below 2^64, and never negative"
    )]
    let tenths = tenths.clamp(0.0, 1e15) as u64;
    let whole = quantity::count(tenths / 10);
    match tenths % 10 {
        0 => whole,
        rest => format!("{whole}.{rest}"),
    }
}

/// As a sentence: `From tcp_syn_retries 6, tcp_rto_max_ms 120000.`
fn inputs(timing: &Timing) -> String {
    match given(timing) {
        given if given.is_empty() => given,
        given => format!("From {given}."),
    }
}

/// `tcp_syn_retries 6, tcp_rto_max_ms 120000`.
fn given(timing: &Timing) -> String {
    let named = timing.inputs.iter().filter_map(|input| {
        let value = input.reading.value()?.to_string();
        let value = if value.is_empty() {
            "none".to_owned()
        } else {
            value
        };
        Some(format!("{} {value}", short(input.key)))
    });
    let named: Vec<String> = named.collect();
    named.join(", ")
}

/// The last part of a key.
pub(super) fn short(key: &str) -> &str {
    key.rsplit('.').next().unwrap_or(key)
}

/// When segments are sent again.
fn again(timing: &Timing) -> Option<String> {
    const SHOWN: usize = 10;
    if timing.again.is_empty() {
        return None;
    }
    let shown: Vec<String> = timing
        .again
        .iter()
        .take(SHOWN)
        .map(|at| number(*at))
        .collect();
    let rest = timing.again.len().saturating_sub(SHOWN);
    let more = if rest > 0 {
        format!(" and {rest} more")
    } else {
        String::new()
    };
    Some(format!("after {}{more} s", shown.join(", ")))
}

/// How many connections have the keepalive timer at all.
fn armed(id: &str, now: &Now<'_>, values: &mut Vec<Told>) -> Option<String> {
    if id != "dead-idle-peer" {
        return None;
    }
    let all = now.count("socket.established")?;
    let name = "socket.established_keepalive";
    let armed = now.count(name)?;
    values.push(Told::known(name.to_owned(), armed.to_string(), None));
    Some(format!(
        "{} of {} open connections here show the timer (it is hidden while data waits to be acknowledged); the others are never asked",
        quantity::count(armed),
        quantity::count(all)
    ))
}

fn told(timing: &Timing) -> Told {
    let name = format!("timing.{}", timing.id);
    let (number, unit, bound) = match &timing.answer {
        Answer::Seconds(seconds) => (*seconds, "seconds", "exact"),
        Answer::AtLeast(seconds) => (*seconds, "seconds", "at_least"),
        Answer::PerSecond(rate) => (*rate, "per second", "at_most"),
        Answer::Never => return Told::unknown(name, NEVER.to_owned()),
        Answer::Unknown(why) => return Told::unknown(name, why.join("; ")),
    };
    // What binary fractions add is no part of the answer.
    let number = (number * 1e6).round() / 1e6;
    Told {
        name,
        value: Some(number.to_string()),
        number: Some(number),
        unit: Some(unit.to_owned()),
        bound: bound.to_owned(),
        why: None,
    }
}

fn described(id: &str) -> Option<TimingText> {
    let topic = topic::named(Kind::Timing, id)?;
    match topic::text(&topic) {
        Ok(Some(Text::Timing(text))) => Some(text),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_times_are_told_twice_and_short_ones_once() {
        assert_eq!(length(131.0), "131 s (2 min 11 s)");
        assert_eq!(length(924.6), "924.6 s (15 min 25 s)");
        assert_eq!(length(7875.0), "7,875 s (2 h 11 min)");
        assert_eq!(length(3.0), "3 s");
        assert_eq!(length(60.0), "60 s (1 min)");
        assert_eq!(number(470.533), "470.5");
    }
}
