//! Days and minutes in universal time, for comments and lists.

use crate::fact::Day;

/// The day of a moment: `2026-11-22`.
pub fn day(unix_seconds: u64) -> String {
    Day::of_unix(unix_seconds).to_string()
}

/// Day and minute of a moment: `2026-11-22 02:41 UTC`.
pub fn minute(unix_seconds: u64) -> String {
    let minutes = unix_seconds / 60 % 1440;
    let day = day(unix_seconds);
    format!("{day} {:02}:{:02} UTC", minutes / 60, minutes % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_date_1() {
        for (seconds, shown) in [
            (0, "1970-01-01"),
            (951_782_399, "2000-02-28"),
            (951_782_400, "2000-02-29"),
            (951_868_800, "2000-03-01"),
            (1_767_225_599, "2025-12-31"),
            (1_767_225_600, "2026-01-01"),
            (4_107_542_400, "2100-03-01"),
        ] {
            assert_eq!(day(seconds), shown, "{seconds}");
        }
        assert_eq!(minute(1_767_225_599), "2025-12-31 23:59 UTC");
    }
}
