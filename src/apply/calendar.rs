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

/// A moment as RFC 3339 writes it: `2026-11-22T02:41:07Z`.
pub fn moment(unix_seconds: u64) -> String {
    let of_day = unix_seconds % 86_400;
    let (hour, minute, second) = (of_day / 3_600, of_day / 60 % 60, of_day % 60);
    let day = day(unix_seconds);
    format!("{day}T{hour:02}:{minute:02}:{second:02}Z")
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
        assert_eq!(moment(1_767_225_599), "2025-12-31T23:59:59Z");
        assert_eq!(moment(1_767_229_261), "2026-01-01T01:01:01Z");
    }
}
