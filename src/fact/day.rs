//! Days of the calendar, in universal time.

use std::fmt;

/// A day; days are ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day {
    year: u64,
    month: u64,
    day: u64,
}

impl Day {
    /// The day of a moment, in seconds since 1970.
    ///
    /// Years begin in March here, so that the day that comes and goes is the last one (Howard Hinnant,
    /// `civil_from_days`).
    pub const fn of_unix(seconds: u64) -> Self {
        let days = seconds / 86_400 + 719_468;
        let (era, of_era) = (days / 146_097, days % 146_097);
        let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year + year / 4 - year / 100);
        let month = (5 * of_year + 2) / 153;
        let day = of_year - (153 * month + 2) / 5 + 1;
        let month = if month < 10 { month + 3 } else { month - 9 };
        let year = year + era * 400 + if month <= 2 { 1 } else { 0 };
        Self { year, month, day }
    }

    /// Reads `YYYY-MM-DD`; `None` for any other text and for days that no calendar has.
    pub fn parse(text: &str) -> Option<Self> {
        let number = |part: &str, digits: usize| {
            let plain = part.len() == digits && part.bytes().all(|b| b.is_ascii_digit());
            plain.then(|| part.parse::<u64>().ok())?
        };
        let mut parts = text.split('-');
        let (year, month) = (number(parts.next()?, 4)?, number(parts.next()?, 2)?);
        let day = number(parts.next()?, 2)?;
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let last = match month {
            2 if leap => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            1..=12 => 31,
            _ => 0,
        };
        let exists = (1..=last).contains(&day) && parts.next().is_none();
        exists.then_some(Self { year, month, day })
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_written_one_way_and_exists() {
        for text in ["2027-03-31", "2028-02-29", "2000-02-29", "1970-01-01"] {
            assert_eq!(Day::parse(text).unwrap().to_string(), text);
        }
        let refused = [
            "2026-02-30",
            "2026-02-29",
            "2100-02-29",
            "2026-04-31",
            "2026-13-01",
            "2026-00-01",
            "2026-01-00",
            "2026-1-1",
            "26-01-01",
            "2026-01-01-",
            "2026-01-01T00",
            " 2026-01-01",
            "2026/01/01",
            "+026-01-01",
            "",
            "-",
            "never",
            "２０２６-01-01",
        ];
        for text in refused {
            assert_eq!(Day::parse(text), None, "{text}");
        }
    }

    #[test]
    fn days_are_ordered_as_the_calendar_is() {
        let days = [
            "1999-12-31",
            "2000-01-01",
            "2000-01-31",
            "2000-02-01",
            "2001-01-01",
        ];
        assert!(days.map(Day::parse).is_sorted());
    }
}
