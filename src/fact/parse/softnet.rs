//! `/proc/net/softnet_stat`: one line of hexadecimal columns per CPU, without names.

use super::malformed;
use crate::fact::Reading;

/// The columns that mean something here, summed over the CPUs (`softnet_seq_show`).
///
/// The kernel keeps 32 bits per CPU, so that a sum can fall when one of them starts again at zero.
/// They belong to the machine, whatever namespace one looks from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Softnet {
    /// Packets taken in.
    pub processed: Reading<i64>,
    /// Packets thrown away because a CPU's backlog was full, or by the flow limit.
    pub dropped: Reading<i64>,
    /// Rounds that ended with work left.
    pub time_squeeze: Reading<i64>,
    /// Times a CPU was woken by another for packet steering.
    pub received_rps: Reading<i64>,
    /// Packets thrown away by the flow limit; absent on kernels with fewer columns.
    pub flow_limit: Reading<i64>,
}

/// Reads and sums the columns. Lines may have any number of columns; one that a line lacks while
/// others have it is malformed as a whole, one that all lack is absent.
pub fn softnet_stat(text: &str) -> Softnet {
    Softnet {
        processed: sum(text, 0),
        dropped: sum(text, 1),
        time_squeeze: sum(text, 2),
        received_rps: sum(text, 9),
        flow_limit: sum(text, 10),
    }
}

fn sum(text: &str, column: usize) -> Reading<i64> {
    let mut total: Option<i64> = None;
    let mut lacking = false;
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let Some(word) = line.split_ascii_whitespace().nth(column) else {
            lacking = true;
            continue;
        };
        let sum = i64::from_str_radix(word, 16)
            .ok()
            .filter(|number| *number >= 0)
            .and_then(|number| total.unwrap_or(0).checked_add(number));
        match sum {
            Some(sum) => total = Some(sum),
            None => return malformed(word),
        }
    }
    match total {
        Some(_) if lacking => malformed("a line is shorter than the others"),
        Some(total) => Reading::Known(total),
        None => Reading::Absent,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LINE: &str = "000000ff 00000002 00000001 00000000 00000000 00000000 00000000 00000000 \
                        00000000 00000010 00000003 00000000 00000001";

    #[test]
    fn columns_are_hexadecimal_and_summed_over_the_cpus() {
        let found = softnet_stat(&format!("{LINE}\n{LINE}\n"));
        assert_eq!(found.processed, Reading::Known(0x1fe));
        assert_eq!(found.dropped, Reading::Known(4));
        assert_eq!(found.time_squeeze, Reading::Known(2));
        assert_eq!(found.received_rps, Reading::Known(0x20));
        assert_eq!(found.flow_limit, Reading::Known(6));
    }

    #[test]
    fn a_column_that_the_kernel_lacks_is_absent_not_zero() {
        let old = "00000001 00000000 00000000 0 0 0 0 0 0 00000007\n";
        let found = softnet_stat(old);
        assert_eq!(found.received_rps, Reading::Known(7));
        assert_eq!(found.flow_limit, Reading::Absent);
        assert_eq!(softnet_stat("").processed, Reading::Absent);
    }

    #[test]
    fn a_line_cut_short_spoils_only_the_columns_it_lacks() {
        let found = softnet_stat(&format!("{LINE}\n00000001 00000002\n"));
        assert_eq!(found.dropped, Reading::Known(4));
        assert!(matches!(found.time_squeeze, Reading::Malformed(_)));
    }

    #[test]
    fn a_column_that_is_no_number_or_too_large_is_malformed_on_its_own() {
        let found = softnet_stat("zz 7fffffffffffffff 1\n1 1 1\n");
        assert_eq!(found.processed, Reading::Malformed("zz".to_owned()));
        assert!(matches!(found.dropped, Reading::Malformed(_)));
        assert_eq!(found.time_squeeze, Reading::Known(2));
        assert!(matches!(
            softnet_stat("-1").processed,
            Reading::Malformed(_)
        ));
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_falling_over(text in "(?s).{0,200}") {
            softnet_stat(&text);
        }
    }
}
