//! Values as people read them.

use super::eval::Outcome;
use super::ty::{ExprType, Quantity};
use crate::fact::{Unit, inert};

/// Formats a value for a sentence or a table.
///
/// | value | shown as |
/// |---|---|
/// | a count | `28,114`; a fraction below 100 with up to two decimals |
/// | anything per second | `312/s`, `1.5 MiB/s`; one decimal below 10, `<0.1/s` where that would be 0 |
/// | percent | `97 %`; one decimal below 10 and just below 100 |
/// | bytes | `256 KiB`, `1.5 MiB` |
/// | seconds | `60 s`, `2 h 11 min`, `41 days 3 h` |
/// | a boolean | `on`, `off` |
/// | text | itself, control and direction characters escaped; a list joined by blanks |
/// | unknown | `?` |
pub fn format_value(outcome: &Outcome, ty: ExprType) -> String {
    match outcome {
        Outcome::Unknown(_) => "?".to_owned(),
        Outcome::Bool(on) => if *on { "on" } else { "off" }.to_owned(),
        Outcome::Text(text) => inert(text).into_owned(),
        Outcome::Words(words) => inert(&words.join(" ")).into_owned(),
        Outcome::Ports(ranges) => crate::fact::Value::Ports(ranges.clone()).to_string(),
        Outcome::Number(value) => match ty {
            ExprType::Number(quantity) => number(*value, quantity),
            _ => number(*value, Quantity::PLAIN),
        },
    }
}

fn number(value: f64, quantity: Quantity) -> String {
    if value.is_sign_negative() {
        let text = number(-value, quantity);
        // What rounds to nothing has no sign.
        let sign = if text.contains(|c: char| ('1'..='9').contains(&c)) {
            "-"
        } else {
            ""
        };
        return format!("{sign}{text}");
    }
    let unit = quantity.unit.unwrap_or(Unit::Number);
    if quantity.per_second {
        return match unit {
            Unit::Number | Unit::Count => format!("{}/s", short(value)),
            Unit::Percent => format!("{} %/s", short(value)),
            Unit::Bytes => format!("{}/s", bytes(value)),
            _ => format!("{} {}/s", short(value), unit.name()),
        };
    }
    match unit {
        Unit::Number => decimals(value, 2),
        Unit::Count => grouped(value),
        Unit::Percent => format!("{} %", percent(value)),
        Unit::Bytes => bytes(value),
        Unit::Seconds => seconds(value),
        Unit::Pages | Unit::Milliseconds | Unit::Microseconds | Unit::Nanoseconds => {
            format!("{} {}", grouped(value), unit.name())
        }
    }
}

/// Up to so many decimals, without trailing zeroes.
fn decimals(value: f64, places: usize) -> String {
    let text = format!("{value:.places$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

/// One decimal below 10, none above; something is never shown as nothing.
fn short(value: f64) -> String {
    if value > 0.0 && value < 0.05 {
        "<0.1".to_owned()
    } else if value < 9.95 {
        decimals(value, 1)
    } else {
        with_commas(&format!("{value:.0}"))
    }
}

/// Like [`short`]; and what is below 100 is never shown as 100.
fn percent(value: f64) -> String {
    if (99.5..100.0).contains(&value) {
        decimals((value * 10.0).floor() / 10.0, 1)
    } else {
        short(value)
    }
}

fn grouped(value: f64) -> String {
    if value < 100.0 {
        decimals(value, 2)
    } else {
        with_commas(&format!("{value:.0}"))
    }
}

/// Digits in groups of three.
fn with_commas(digits: &str) -> String {
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn bytes(value: f64) -> String {
    const UNITS: [&str; 6] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
    let mut value = value;
    let mut unit = UNITS[0];
    for larger in &UNITS[1..] {
        // What would be rounded up to 1024 belongs to the larger unit already.
        if value < 1023.95 {
            break;
        }
        value /= 1024.0;
        unit = larger;
    }
    let digits = decimals(value, 1);
    match digits.split_once('.') {
        Some(_) => format!("{digits} {unit}"),
        None => format!("{} {unit}", with_commas(&digits)),
    }
}

fn seconds(value: f64) -> String {
    const MINUTE: f64 = 60.0;
    const HOUR: f64 = 3600.0;
    const DAY: f64 = 86400.0;
    if value > 0.0 && value < 1.0 {
        return format!("{} ms", decimals(value * 1000.0, 2));
    }
    if value < 2.0 * MINUTE {
        return format!("{} s", decimals(value, 1));
    }
    let (whole, large, small) = if value < HOUR {
        (MINUTE, "min", "s")
    } else if value < 2.0 * DAY {
        (HOUR, "h", "min")
    } else {
        (DAY, "days", "h")
    };
    let step = match small {
        "s" => 1.0,
        "min" => MINUTE,
        _ => HOUR,
    };
    // Rounded in the smaller unit first, so that 59.9 min become an hour and not 60 min.
    let rounded = (value / step).round() * step;
    let larger = (rounded / whole).floor();
    let smaller = ((rounded - larger * whole) / step).round();
    let larger_text = with_commas(&format!("{larger:.0}"));
    if smaller == 0.0 {
        format!("{larger_text} {large}")
    } else {
        format!("{larger_text} {large} {smaller:.0} {small}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(value: f64, quantity: Quantity) -> String {
        format_value(&Outcome::Number(value), ExprType::Number(quantity))
    }

    #[test]
    fn counts_are_grouped() {
        for (value, text) in [
            (0.0, "0"),
            (7.5, "7.5"),
            (999.0, "999"),
            (28_114.0, "28,114"),
            (1_234_567.4, "1,234,567"),
            (-1000.0, "-1,000"),
        ] {
            assert_eq!(shown(value, Quantity::of(Unit::Count)), text);
        }
    }

    #[test]
    fn rates_have_one_decimal_below_ten() {
        for (value, text) in [
            (0.0, "0/s"),
            (0.01, "<0.1/s"),
            (0.25, "0.2/s"),
            (2.0, "2/s"),
            (9.96, "10/s"),
            (312.4, "312/s"),
            (12_345.6, "12,346/s"),
        ] {
            assert_eq!(shown(value, Quantity::rate_of(Unit::Count)), text);
        }
        let rate = Quantity::rate_of(Unit::Bytes);
        assert_eq!(shown(1_572_864.0, rate), "1.5 MiB/s");
        assert_eq!(shown(20.0, Quantity::rate_of(Unit::Pages)), "20 pages/s");
    }

    #[test]
    fn nearly_all_is_not_all() {
        for (value, text) in [
            (97.2, "97 %"),
            (99.97, "99.9 %"),
            (100.0, "100 %"),
            (0.4, "0.4 %"),
            (0.001, "<0.1 %"),
            (150.0, "150 %"),
        ] {
            assert_eq!(shown(value, Quantity::of(Unit::Percent)), text);
        }
    }

    #[test]
    fn bytes_take_the_unit_that_fits() {
        for (value, text) in [
            (0.0, "0 B"),
            (1000.0, "1,000 B"),
            (1024.0, "1 KiB"),
            (262_144.0, "256 KiB"),
            (1_572_864.0, "1.5 MiB"),
            (1_048_575.0, "1 MiB"),
            (6_291_456.0, "6 MiB"),
        ] {
            assert_eq!(shown(value, Quantity::of(Unit::Bytes)), text);
        }
    }

    #[test]
    fn seconds_are_split_where_that_reads_better() {
        for (value, text) in [
            (0.0, "0 s"),
            (0.5, "500 ms"),
            (1.25, "1.2 s"),
            (60.0, "60 s"),
            (90.0, "90 s"),
            (125.0, "2 min 5 s"),
            (3599.9, "60 min"),
            (7200.0, "2 h"),
            (7875.0, "2 h 11 min"),
            (86_400.0, "24 h"),
            (3_553_200.0, "41 days 3 h"),
        ] {
            assert_eq!(shown(value, Quantity::of(Unit::Seconds)), text);
        }
        assert_eq!(shown(200.0, Quantity::of(Unit::Milliseconds)), "200 ms");
    }

    #[test]
    fn plain_numbers_keep_two_decimals_at_most() {
        assert_eq!(shown(2.0, Quantity::PLAIN), "2");
        assert_eq!(shown(0.756, Quantity::PLAIN), "0.76");
        assert_eq!(shown(32768.0, Quantity::LITERAL), "32768");
        assert_eq!(shown(-0.001, Quantity::PLAIN), "0");
        assert_eq!(shown(-1.5, Quantity::PLAIN), "-1.5");
    }

    #[test]
    fn text_cannot_move_the_cursor() {
        let text = Outcome::Text("a\u{1b}[2Jb\u{202e}é".to_owned());
        assert_eq!(format_value(&text, ExprType::Text), r"a\x1b[2Jb\u{202e}é");
        let words = Outcome::Words(vec!["reno".to_owned(), "cu\nbic".to_owned()]);
        assert_eq!(format_value(&words, ExprType::Words), r"reno cu\nbic");
    }

    #[test]
    fn switches_and_the_unknown_are_words() {
        assert_eq!(format_value(&Outcome::Bool(true), ExprType::Bool), "on");
        assert_eq!(format_value(&Outcome::Bool(false), ExprType::Bool), "off");
        assert_eq!(
            format_value(&Outcome::Unknown(Vec::new()), ExprType::Bool),
            "?"
        );
    }
}
