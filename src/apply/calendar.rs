//! Days and minutes in universal time, for comments and lists.

/// The day of a moment: `2026-11-22`.
pub fn day(unix_seconds: u64) -> String {
    let (year, month, day) = civil(unix_seconds / 86_400);
    format!("{year:04}-{month:02}-{day:02}")
}

/// Day and minute of a moment: `2026-11-22 02:41 UTC`.
pub fn minute(unix_seconds: u64) -> String {
    let minutes = unix_seconds / 60 % 1440;
    let day = day(unix_seconds);
    format!("{day} {:02}:{:02} UTC", minutes / 60, minutes % 60)
}

/// Year, month and day of a day since 1970: years begin in March, so that the day that comes and goes is the
/// last one (Howard Hinnant, `civil_from_days`).
fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + u64::from(month <= 2), month, day)
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
