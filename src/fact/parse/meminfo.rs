//! `/proc/meminfo`: one amount a line.

use super::malformed;
use crate::fact::Reading;

/// Bytes of memory the kernel can use (`MemTotal`, `meminfo_proc_show`; its kB are KiB).
///
/// Only this line is read, so that nothing else in the file can spoil it.
pub fn memory_total(text: &str) -> Reading<i64> {
    let Some(amount) = text.lines().find_map(|line| line.strip_prefix("MemTotal:")) else {
        return malformed("no MemTotal");
    };
    let mut words = amount.split_ascii_whitespace();
    let kibibytes = match (words.next(), words.next(), words.next()) {
        (Some(number), Some("kB"), None) => number.parse::<i64>().ok(),
        _ => None,
    };
    kibibytes
        .filter(|number| *number >= 0)
        .and_then(|number| number.checked_mul(1024))
        .map_or_else(|| malformed(amount.trim()), Reading::Known)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_kernel_s_kilobytes_are_kibibytes() {
        let text = "MemTotal:        8142436 kB\nMemFree:          123 kB\n";
        assert_eq!(memory_total(text), Reading::Known(8_142_436 * 1024));
        let odd = "\u{e9} 1 kB\nMemTotal: 4 kB\nMemFr";
        assert_eq!(memory_total(odd), Reading::Known(4096));
    }

    #[test]
    fn what_is_no_amount_is_malformed() {
        for text in [
            "",
            "MemTotal:",
            "MemTotal: 4",
            "MemTotal: 4 MB",
            "MemTotal: -4 kB",
            "MemTotal: 4 kB more",
            "MemTotal: 9223372036854775807 kB",
        ] {
            assert!(
                matches!(memory_total(text), Reading::Malformed(_)),
                "{text}"
            );
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_falling_over(text in "(?s)(MemTotal:)?.{0,60}") {
            memory_total(&text);
        }
    }
}
