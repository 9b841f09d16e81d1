//! `/proc/net/stat/nf_conntrack`: a line of names, then a line of hexadecimal columns per CPU.

use super::malformed;
use crate::fact::Reading;

/// The columns that tell of lost packets and entries, summed over the CPUs (`ct_cpu_seq_show`).
///
/// They belong to the network namespace (`struct ip_conntrack_stat`). The kernel keeps 32 bits per
/// CPU, so that a sum can fall when one of them starts again at zero.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conntrack {
    /// Packets dropped because an entry could not be made: the table was full and nothing could be
    /// thrown out of it, or memory was short.
    pub drop: Reading<i64>,
    /// Entries thrown out to make room for new ones, which only those without an answer are.
    pub early_drop: Reading<i64>,
    /// Entries that could not be inserted, because another packet had made the same one.
    pub insert_failed: Reading<i64>,
}

/// Reads and sums the columns by the names of the first line. A name that it lacks is absent; a line
/// that ends before a column, or holds something else there, makes that column malformed.
pub fn conntrack_stat(text: &str) -> Conntrack {
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    let names: Vec<&str> = lines
        .next()
        .unwrap_or("")
        .split_ascii_whitespace()
        .collect();
    let cpus: Vec<&str> = lines.collect();
    let sum = |name: &str| {
        if names.is_empty() {
            return malformed("no line of names");
        }
        match names.iter().position(|known| *known == name) {
            Some(column) => sum(&cpus, column),
            None => Reading::Absent,
        }
    };
    Conntrack {
        drop: sum("drop"),
        early_drop: sum("early_drop"),
        insert_failed: sum("insert_failed"),
    }
}

fn sum(cpus: &[&str], column: usize) -> Reading<i64> {
    if cpus.is_empty() {
        return malformed("no line of values");
    }
    let mut total = 0_i64;
    for line in cpus {
        let Some(word) = line.split_ascii_whitespace().nth(column) else {
            return malformed("a line is shorter than that of the names");
        };
        let number = u32::from_str_radix(word, 16).ok();
        match number.and_then(|number| total.checked_add(i64::from(number))) {
            Some(sum) => total = sum,
            None => return malformed(word),
        }
    }
    Reading::Known(total)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NAMES: &str = "entries  found insert insert_failed drop early_drop icmp_error\n";

    #[test]
    fn columns_are_found_by_name_and_summed_over_the_cpus() {
        let text = format!("{NAMES}0000000a  1 2 00000003 000000ff 5 6\n0000000a  1 2 1 1 0a 6\n");
        let found = conntrack_stat(&text);
        assert_eq!(found.insert_failed, Reading::Known(4));
        assert_eq!(found.drop, Reading::Known(0x100));
        assert_eq!(found.early_drop, Reading::Known(15));
        let turned = conntrack_stat("early_drop drop\n1 2\n");
        assert_eq!(turned.early_drop, Reading::Known(1));
        assert_eq!(turned.drop, Reading::Known(2));
    }

    #[test]
    fn a_name_that_the_kernel_lacks_is_absent_not_zero() {
        let found = conntrack_stat("entries drop\n1 2\n");
        assert_eq!(found.drop, Reading::Known(2));
        assert_eq!(found.early_drop, Reading::Absent);
    }

    #[test]
    fn a_line_cut_short_spoils_only_the_columns_it_lacks() {
        let found = conntrack_stat(&format!("{NAMES}1 1 1 1 1 1 1\n1 1 1 1 1"));
        assert_eq!(found.drop, Reading::Known(2));
        assert!(matches!(found.early_drop, Reading::Malformed(_)));
    }

    #[test]
    fn what_is_no_number_of_32_bits_is_malformed_on_its_own() {
        for word in ["zz", "-1", "100000000"] {
            let found = conntrack_stat(&format!("{NAMES}1 1 1 1 {word} 1 1\n"));
            assert_eq!(found.drop, Reading::Malformed(word.to_owned()));
            assert_eq!(found.early_drop, Reading::Known(1));
        }
    }

    #[test]
    fn names_without_values_and_no_names_at_all_are_malformed() {
        for text in ["", "\n \n", NAMES] {
            let found = conntrack_stat(text);
            assert!(matches!(found.drop, Reading::Malformed(_)), "{text:?}");
        }
    }

    #[test]
    fn more_cpus_than_any_machine_has_do_not_overflow() {
        let text = format!("{NAMES}{}", "0 0 0 ffffffff ffffffff 0 0\n".repeat(9000));
        assert_eq!(
            conntrack_stat(&text).drop,
            Reading::Known(9000 * 0xffff_ffff)
        );
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_falling_over(text in "(?s).{0,200}") {
            conntrack_stat(&text);
        }
    }
}
