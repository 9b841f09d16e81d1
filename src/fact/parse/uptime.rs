//! `/proc/uptime`: seconds since boot.

use super::malformed;
use crate::fact::Reading;

/// Seconds since boot, sleep included (`uptime_proc_show`).
pub fn uptime(text: &str) -> Reading<f64> {
    let Some(word) = text.split_ascii_whitespace().next() else {
        return malformed(text);
    };
    // Rust reads "inf" and "nan" as numbers; the kernel writes digits and one point.
    let plain = word
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.');
    match word.parse::<f64>() {
        Ok(seconds) if plain && seconds.is_finite() => Reading::Known(seconds),
        _ => malformed(word),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_first_word_is_the_time_since_boot() {
        assert_eq!(uptime("350735.47 234388.90\n"), Reading::Known(350_735.47));
        assert_eq!(uptime("0.00"), Reading::Known(0.0));
    }

    #[test]
    fn what_is_no_time_is_malformed() {
        for text in ["", "\n", "inf 1", "nan", "-5.0", "1e9", "1.2.3", "\0", "."] {
            assert!(matches!(uptime(text), Reading::Malformed(_)), "{text:?}");
        }
        assert!(matches!(uptime(&"9".repeat(400)), Reading::Malformed(_)));
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_falling_over(text in "(?s).{0,60}") {
            uptime(&text);
        }
    }
}
