//! Quantities: numbers and durations as people read them.

/// A whole number with a comma between thousands.
pub(super) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut shown = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

/// A length of time in seconds, in the one or two units that matter: `41 days`, `3 h 12 min`, `55 s`.
pub(super) fn duration(seconds: f64) -> String {
    const UNREADABLE: f64 = 1e15;
    if !seconds.is_finite() || !(0.0..UNREADABLE).contains(&seconds) {
        return "an unknown time".to_owned();
    }
    if seconds < 9.995 {
        let text = format!("{seconds:.2}");
        return format!("{} s", text.trim_end_matches('0').trim_end_matches('.'));
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and 1e15"
    )]
    let whole = seconds.round() as u64;
    let (days, hours) = (whole / 86_400, whole / 3_600 % 24);
    let (minutes, rest) = (whole / 60 % 60, whole % 60);
    match (days, hours, minutes, rest) {
        (0, 0, 0, rest) => format!("{rest} s"),
        (0, 0, minutes, 0) => format!("{minutes} min"),
        (0, 0, minutes, rest) => format!("{minutes} min {rest} s"),
        (0, hours, 0, _) => format!("{hours} h"),
        (0, hours, minutes, _) => format!("{hours} h {minutes} min"),
        (1, 0, ..) => "1 day".to_owned(),
        (1, hours, ..) => format!("1 day {hours} h"),
        (days, ..) => format!("{} days", count(days)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_apart() {
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(28_114), "28,114");
        assert_eq!(count(u64::MAX), "18,446,744,073,709,551,615");
    }

    #[test]
    fn a_time_is_told_in_the_units_that_matter() {
        let told = [
            (0.0, "0 s"),
            (0.25, "0.25 s"),
            (1.000_4, "1 s"),
            (9.999, "10 s"),
            (55.0, "55 s"),
            (59.9, "1 min"),
            (61.0, "1 min 1 s"),
            (11_520.0, "3 h 12 min"),
            (86_400.0, "1 day"),
            (100_000.0, "1 day 3 h"),
            (3_542_400.0, "41 days"),
        ];
        for (seconds, text) in told {
            assert_eq!(duration(seconds), text);
        }
    }

    #[test]
    fn no_time_is_no_number() {
        for seconds in [f64::NAN, f64::INFINITY, -1.0, 1e300] {
            assert_eq!(duration(seconds), "an unknown time");
        }
    }
}
