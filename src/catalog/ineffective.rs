//! Why a value in a file does not do what the line says.
//!
//! The kernel reads numbers with `proc_get_long` (`kernel/sysctl.c`): blanks, an optional `-`, digits
//! in C spelling, and then a blank or the end. What comes after the numbers it wants is not looked at.
//! Words are taken as they are, comments and quotes included.

use super::{Bounds, KeySpec, Kind, Refused};
use crate::fact::inert;

/// The most characters of a value that are quoted.
const QUOTED: usize = 40;

impl KeySpec {
    /// Why the text, written to the key, does not do what somebody who wrote it must think, as a phrase:
    /// ``"`21k` is refused: the kernel knows no units"``. `None` when it does, and when nothing is known
    /// of the key but its family.
    ///
    /// Of the newest kernels; see [`KeySpec::ineffective_within`] for others.
    pub fn ineffective(&self, written: &str) -> Option<String> {
        self.ineffective_within(written, self.bounds().as_ref())
    }

    /// As [`KeySpec::ineffective`], for a kernel with these bounds. Without bounds nothing is known of what
    /// the kernel takes, nor what an odd number means to it.
    pub fn ineffective_within(&self, written: &str, bounds: Option<&Bounds>) -> Option<String> {
        let text = written.trim();
        if self.unlisted {
            return None;
        }
        match self.kind {
            Kind::Int | Kind::Bool | Kind::Enum | Kind::Bitmask => self.in_numbers(text, 1, bounds),
            Kind::Range => self.in_numbers(text, 2, bounds),
            Kind::Triple => self.in_numbers(text, 3, bounds),
            Kind::Ports => in_ports(text, self.parse(text).is_ok()),
            Kind::Words => in_words(text),
            Kind::Text => in_words(text).or_else(|| {
                let several = text.split_whitespace().nth(1).is_some();
                several.then(|| format!("{} is refused: it takes one word", quoted(text)))
            }),
        }
    }

    /// Why a kernel with these bounds refuses a number of the text, as a phrase; `on` tells of which kernels
    /// that is said: " from Linux 5.13 on".
    pub fn outside(&self, written: &str, bounds: &Bounds, on: &str) -> Option<String> {
        let wanted = match self.kind {
            Kind::Int | Kind::Bool | Kind::Enum | Kind::Bitmask => 1,
            Kind::Range => 2,
            Kind::Triple => 3,
            Kind::Ports | Kind::Words | Kind::Text => return None,
        };
        let words = written.split_ascii_whitespace().take(wanted);
        let numbers: Option<Vec<i64>> = words.map(|word| number(word).ok()).collect();
        let out = numbers?
            .into_iter()
            .find(|number| !takes(bounds, *number))?;
        Some(self.refusal(out, bounds, on))
    }

    fn refusal(&self, number: i64, bounds: &Bounds, on: &str) -> String {
        let Bounds { min, max, .. } = *bounds;
        if let Some(key) = self.max_key.filter(|_| number > max) {
            let default = if self.max == Some(max) {
                " by default"
            } else {
                ""
            };
            return format!("{number} is above {key}, which is {max}{default}: it is refused{on}");
        }
        let refused = Refused::OutOfRange { number, min, max };
        format!("{refused}{on}: it is refused")
    }

    /// A key of so many numbers.
    fn in_numbers(&self, text: &str, wanted: usize, bounds: Option<&Bounds>) -> Option<String> {
        let words: Vec<&str> = text.split_ascii_whitespace().collect();
        if words.is_empty() {
            return Some("an empty value is refused".to_owned());
        }
        let mut numbers = Vec::new();
        for (at, word) in words.iter().take(wanted).enumerate() {
            match number(word) {
                Ok(number) => numbers.push(number),
                Err(why) => return Some(self.refused_at(at, word, why)),
            }
        }
        let few = || {
            let noun = if numbers.len() == 1 {
                "number"
            } else {
                "numbers"
            };
            format!(
                "{} has {} {noun} of {wanted}: the others stay as they are",
                quoted(text),
                numbers.len()
            )
        };
        let out = bounds.and_then(|bounds| {
            let out = numbers.iter().find(|number| !takes(bounds, **number))?;
            Some(self.refusal(*out, bounds, ""))
        });
        let octal = words.iter().zip(&numbers).find(|(word, number)| {
            let digits = word.trim_start_matches('-');
            digits.len() > 1
                && digits.starts_with('0')
                && digits.parse() != Ok(number.abs())
                && digits.bytes().all(|byte| byte.is_ascii_digit())
        });
        let rest = words
            .get(wanted)
            .filter(|word| !word.starts_with(['#', ';']));
        if out.is_some() {
            return out;
        }
        if numbers.len() < wanted {
            return Some(few());
        }
        self.without_sense(text, &numbers, bounds.is_some())
            .or_else(|| {
                octal.map(|(word, number)| {
                    format!("{} is read as octal: it means {number}", quoted(word))
                })
            })
            .or_else(|| {
                rest.map(|word| {
                    let kept = words.get(..wanted).unwrap_or_default().join(" ");
                    format!(
                        "only {} counts: {} and what follows is not read",
                        quoted(&kept),
                        quoted(word)
                    )
                })
            })
    }

    /// Numbers the kernel takes, and that mean nothing. What an odd number means to a kernel of which not even
    /// the bounds are known is not known either.
    fn without_sense(&self, text: &str, numbers: &[i64], is_known: bool) -> Option<String> {
        match (self.kind, numbers) {
            (Kind::Enum, _) if !is_known => None,
            (Kind::Enum, [number]) => {
                let known = self.values.is_empty() || self.meaning(*number).is_some();
                (!known).then(|| format!("{number} is stored, and has no meaning for this key"))
            }
            (Kind::Triple, _) if !numbers.is_sorted() => Some(format!(
                "{} is stored as it is, and does not ascend (min default max)",
                quoted(text)
            )),
            // `1 0` of ping_group_range stands for "no group"; the kernel makes that of any such pair.
            (Kind::Range, _) if !numbers.is_sorted() && self.key.ends_with("port_range") => {
                Some(format!("{} is refused: low is above high", quoted(text)))
            }
            _ => None,
        }
    }

    /// The kernel stops at a word; what it has read of a triple by then it keeps.
    fn refused_at(&self, at: usize, word: &str, why: &str) -> String {
        if at > 0 && word.starts_with(['#', ';']) {
            let noun = if at == 1 { "number" } else { "numbers" };
            return format!("a comment after {at} {noun} makes the write fail half-way");
        }
        let kept = if at > 0 && self.kind == Kind::Triple {
            ", and what stands before it is set all the same"
        } else {
            ""
        };
        format!("{} is refused: {why}{kept}", quoted(word))
    }
}

/// Whether a kernel of these bounds takes a number. Those in clock ticks stand in the catalogue for 1000 Hz,
/// and kernels of 100 Hz take ten times as much.
fn takes(bounds: &Bounds, number: i64) -> bool {
    const TICKS: i64 = (i32::MAX / 1000) as i64;
    let wide = |bound: i64| {
        if bound.abs() == TICKS {
            bound * 10
        } else {
            bound
        }
    };
    (wide(bounds.min)..=wide(bounds.max)).contains(&number)
}

/// One number as `proc_get_long` reads it, or why it does not.
fn number(word: &str) -> Result<i64, &'static str> {
    let negative = word.starts_with('-');
    let digits = word.strip_prefix('-').unwrap_or(word);
    let lower = digits.to_ascii_lowercase();
    let parsed = match (lower.strip_prefix("0x"), digits.strip_prefix('0')) {
        (Some(hex), _) if !hex.is_empty() && hex.bytes().all(|b| b.is_ascii_hexdigit()) => {
            i64::from_str_radix(hex, 16).ok()
        }
        (None, Some(octal))
            if !octal.is_empty() && octal.bytes().all(|b| (b'0'..=b'7').contains(&b)) =>
        {
            i64::from_str_radix(octal, 8).ok()
        }
        (None, _) if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) => {
            if digits.len() > 1 && digits.starts_with('0') {
                return Err("a leading 0 means octal, which has no 8 and no 9");
            }
            digits.parse().ok()
        }
        _ => return Err(no_number(word)),
    };
    let parsed = parsed.ok_or("the number is too large")?;
    Ok(if negative { -parsed } else { parsed })
}

/// What is wrong with a word that is no number.
fn no_number(word: &str) -> &'static str {
    let first = word.trim_start_matches('-').chars().next();
    let lower = word.to_ascii_lowercase();
    if word.contains(['"', '\'', '\u{201c}', '\u{201d}', '\u{201e}']) {
        return "quotes are a part of the value";
    }
    if word.starts_with('+') {
        return "the kernel takes no `+`";
    }
    if ["yes", "no", "on", "off", "true", "false"].contains(&lower.as_str()) {
        return "write 1 or 0";
    }
    if word == "\\" {
        return "a line does not go on on the next one";
    }
    if first.is_some_and(|c| c.is_ascii_digit()) {
        let rest = lower.trim_start_matches(|c: char| c == '-' || c.is_ascii_digit());
        return match rest.chars().next() {
            Some('.') => "it takes whole numbers",
            Some(',') => "numbers are set apart by blanks, and have no decimals",
            Some('#' | ';') => "a comment must not touch the number",
            Some(c) if c.is_ascii_alphabetic() => "the kernel knows no units",
            _ => "it is no number",
        };
    }
    "it is no number"
}

fn in_ports(text: &str, parses: bool) -> Option<String> {
    let shown = quoted(text);
    if text.contains('#') {
        return Some(format!(
            "{shown} is refused: the comment is a part of the value"
        ));
    }
    if text.contains(['"', '\'']) {
        return Some(format!(
            "{shown} is refused: quotes are a part of the value"
        ));
    }
    if text.split_whitespace().nth(1).is_some() {
        return Some(format!("{shown} is refused: a list of ports has no blanks"));
    }
    (!parses).then(|| format!("{shown} is refused: it is no list of ports such as 8080,9148-9150"))
}

fn in_words(text: &str) -> Option<String> {
    if text.is_empty() {
        return None;
    }
    let comment = text
        .split_whitespace()
        .skip(1)
        .any(|word| word.starts_with(['#', ';']));
    if comment {
        let shown = quoted(text);
        return Some(format!(
            "{shown} is refused: the comment is a part of the value"
        ));
    }
    let quotes = text.starts_with(['"', '\'']) || text.ends_with(['"', '\'']);
    quotes.then(|| {
        format!(
            "{} is refused: quotes are a part of the value",
            quoted(text)
        )
    })
}

/// A text from a file between backquotes, spelled out and cut short.
fn quoted(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let text = inert(&text);
    match text.char_indices().nth(QUOTED) {
        Some((at, _)) => format!("`{}…`", text.get(..at).unwrap_or_default()),
        None => format!("`{text}`"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::find;
    use super::*;
    use proptest::prelude::*;

    fn says(key: &str, text: &str) -> String {
        find(key).unwrap().ineffective(text).unwrap_or_default()
    }

    #[test]
    fn a_number_that_does_what_it_says_is_no_finding() {
        for text in [
            "21",
            " 21\t",
            "21 # comment",
            "21 ; comment",
            "0x15",
            "-1",
            "0",
            "00",
        ] {
            assert_eq!(says("net.ipv4.tcp_fin_timeout", text), "", "{text}");
        }
        for text in ["4096 131072 6291456", "4096\t131072  6291456 # c"] {
            assert_eq!(says("net.ipv4.tcp_rmem", text), "", "{text}");
        }
        assert_eq!(says("net.ipv4.ip_local_port_range", "16384 60999"), "");
        assert_eq!(says("net.ipv4.ping_group_range", "1 0"), "");
        assert_eq!(says("net.ipv4.tcp_congestion_control", "bbr"), "");
        assert_eq!(says("net.ipv4.ip_local_reserved_ports", ""), "");
        assert_eq!(
            says("net.ipv4.ip_local_reserved_ports", "8080,9148-9150"),
            ""
        );
        assert_eq!(says("net.ipv4.conf.all.send_redirects", "0"), "");
        // Of the family only the name is known.
        assert_eq!(says("net.ipv4.conf.eth0.made_up", "21k"), "");
    }

    #[test]
    fn what_the_kernel_refuses_is_told_with_the_reason() {
        let fin = "net.ipv4.tcp_fin_timeout";
        for (key, text, phrase) in [
            (
                fin,
                "\"21\"",
                "`\"21\"` is refused: quotes are a part of the value",
            ),
            (fin, "21k", "`21k` is refused: the kernel knows no units"),
            (fin, "5s", "`5s` is refused: the kernel knows no units"),
            (fin, "+21", "`+21` is refused: the kernel takes no `+`"),
            (fin, "21.5", "`21.5` is refused: it takes whole numbers"),
            (
                fin,
                "1,5",
                "`1,5` is refused: numbers are set apart by blanks, and have no decimals",
            ),
            (
                fin,
                "21;comment",
                "`21;comment` is refused: a comment must not touch the number",
            ),
            (
                fin,
                "99999999999999999999",
                "`99999999999999999999` is refused: the number is too large",
            ),
            (fin, "", "an empty value is refused"),
            (fin, "sixty", "`sixty` is refused: it is no number"),
            ("net.ipv4.tcp_sack", "yes", "`yes` is refused: write 1 or 0"),
            (
                "net.ipv4.tcp_retries2",
                "300",
                "300 is outside 0 to 255, which is what the kernel accepts: it is refused",
            ),
            (
                "net.ipv4.ip_local_port_range",
                "60000 1024",
                "`60000 1024` is refused: low is above high",
            ),
            (
                "net.ipv4.tcp_congestion_control",
                "bbr # fair",
                "`bbr # fair` is refused: the comment is a part of the value",
            ),
            (
                "net.ipv4.tcp_congestion_control",
                "\"bbr\"",
                "`\"bbr\"` is refused: quotes are a part of the value",
            ),
            (
                "net.ipv4.tcp_congestion_control",
                "reno cubic",
                "`reno cubic` is refused: it takes one word",
            ),
            (
                "net.ipv4.ip_local_reserved_ports",
                "80, 90",
                "`80, 90` is refused: a list of ports has no blanks",
            ),
            (
                "net.ipv4.tcp_rmem",
                "4096 131072 \\",
                "`\\` is refused: a line does not go on on the next one, and what stands before it is set all the same",
            ),
            (
                "net.ipv4.tcp_rmem",
                "5000 abc 600000",
                "`abc` is refused: it is no number, and what stands before it is set all the same",
            ),
            (
                "net.ipv4.tcp_rmem",
                "5000,140000,600000",
                "`5000,140000,600000` is refused: numbers are set apart by blanks, and have no decimals",
            ),
        ] {
            assert_eq!(says(key, text), phrase);
        }
    }

    #[test]
    fn what_is_stored_and_is_not_what_was_meant_is_told() {
        let fin = "net.ipv4.tcp_fin_timeout";
        assert_eq!(
            says(fin, "10 20"),
            "only `10` counts: `20` and what follows is not read"
        );
        assert_eq!(says(fin, "025"), "`025` is read as octal: it means 21");
        let rmem = "net.ipv4.tcp_rmem";
        assert_eq!(
            says(rmem, "5000"),
            "`5000` has 1 number of 3: the others stay as they are"
        );
        assert!(says(rmem, "6291000 131072 4096").contains("does not ascend"));
        assert!(says(rmem, "1 2 3 4").starts_with("only `1 2 3` counts"));
        assert!(says("net.ipv4.tcp_syncookies", "7").contains("no meaning"));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_fall_over_or_speak_in_controls(text in any::<String>()) {
            for spec in super::super::keys() {
                if let Some(phrase) = spec.ineffective(&text) {
                    prop_assert!(!phrase.contains(char::is_control));
                    prop_assert!(phrase.chars().count() < 4 * QUOTED + 200);
                }
            }
        }

        #[test]
        fn what_it_passes_is_a_value_of_the_type(text in "[ 0-9a-fx,#;\"+.-]{0,12}") {
            for key in ["net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_rmem", "net.ipv4.tcp_sack"] {
                let spec = find(key).unwrap();
                let cut = text.split('#').next().unwrap_or_default();
                let cut = cut.split(';').next().unwrap_or_default();
                if spec.ineffective(&text).is_none() && !cut.contains(['x', 'X']) && !cut.contains("00") {
                    prop_assert!(spec.parse(cut).is_ok(), "{text:?}");
                }
            }
        }
    }
}
