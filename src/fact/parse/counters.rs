//! `/proc/net/snmp` and `/proc/net/netstat`: pairs of lines, names above values.

use std::collections::BTreeMap;

use super::{decimal, malformed};
use crate::fact::Reading;

/// Reads every field, under names like `TcpExt.ListenOverflows`.
///
/// See [`visit_counters`] for what happens to broken text.
pub fn counters(text: &str) -> BTreeMap<String, Reading<i64>> {
    let mut found = BTreeMap::new();
    visit_counters(text, |protocol, field, reading| {
        found.insert(format!("{protocol}.{field}"), reading);
    });
    found
}

/// Shows every field to `each`, as protocol, field and reading, without storing anything.
///
/// Fields that no kernel of today has are shown like the others. A pair whose value line is missing
/// or has another number of fields than its names is malformed in all its fields, because nobody
/// can say which value belongs to which name; the other pairs are not affected. So is a value that
/// is no number or does not fit 64 bits with a sign, on its own.
pub fn visit_counters(text: &str, mut each: impl FnMut(&str, &str, Reading<i64>)) {
    let mut names: Option<Pair<'_>> = None;
    for line in text.lines() {
        let Some(line) = Pair::new(line) else {
            continue;
        };
        match names.take() {
            Some(names) if names.protocol == line.protocol && line.holds_values() => {
                names.show(&line, &mut each);
            }
            Some(alone) => {
                alone.show_missing(&mut each);
                names = Some(line);
            }
            None => names = Some(line),
        }
    }
    if let Some(alone) = names {
        alone.show_missing(&mut each);
    }
}

/// One line, split at its colon.
struct Pair<'t> {
    protocol: &'t str,
    fields: &'t str,
}

impl<'t> Pair<'t> {
    fn new(line: &'t str) -> Option<Self> {
        let (protocol, fields) = line.split_once(':')?;
        let protocol = protocol.trim();
        (!protocol.is_empty()).then_some(Self { protocol, fields })
    }

    fn words(&self) -> impl Iterator<Item = &'t str> + use<'t> {
        self.fields.split_ascii_whitespace()
    }

    /// Names of fields begin with a letter; a line that does so is no value line.
    fn holds_values(&self) -> bool {
        !self
            .fields
            .trim_start()
            .starts_with(|c: char| c.is_ascii_alphabetic())
    }

    fn show(&self, values: &Pair<'_>, each: &mut impl FnMut(&str, &str, Reading<i64>)) {
        let (expected, got) = (self.words().count(), values.words().count());
        if expected != got {
            let why = format!("{got} values for {expected} names");
            for name in self.words() {
                each(self.protocol, name, Reading::Malformed(why.clone()));
            }
            return;
        }
        for (name, value) in self.words().zip(values.words()) {
            each(self.protocol, name, decimal(value));
        }
    }

    fn show_missing(&self, each: &mut impl FnMut(&str, &str, Reading<i64>)) {
        if self.holds_values() {
            return;
        }
        for name in self.words() {
            each(self.protocol, name, malformed("no line of values"));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn known(text: &str, name: &str) -> Option<i64> {
        counters(text).get(name).and_then(Reading::value).copied()
    }

    #[test]
    fn fields_are_named_by_protocol_and_header() {
        let text = "Tcp: RtoAlgorithm MaxConn CurrEstab\nTcp: 1 -1 7\n\
                    TcpExt: ListenOverflows FromTheFuture\nTcpExt: 3 9\n";
        assert_eq!(known(text, "Tcp.MaxConn"), Some(-1));
        assert_eq!(known(text, "Tcp.CurrEstab"), Some(7));
        assert_eq!(known(text, "TcpExt.ListenOverflows"), Some(3));
        assert_eq!(known(text, "TcpExt.FromTheFuture"), Some(9));
        assert_eq!(counters(text).len(), 5);
    }

    #[test]
    fn a_pair_that_does_not_match_hurts_only_itself() {
        let text = "Ip: A B C\nIp: 1 2\nUdp: X\nUdp: 1 2\nTcp: D\nTcp: 4\n";
        let found = counters(text);
        let why = Reading::Malformed("2 values for 3 names".to_owned());
        assert_eq!(found["Ip.A"], why);
        assert_eq!(found["Ip.C"], why);
        assert!(matches!(found["Udp.X"], Reading::Malformed(_)));
        assert_eq!(found["Tcp.D"], Reading::Known(4));
    }

    #[test]
    fn names_without_their_values_are_malformed_and_the_next_pair_is_read() {
        let text = "Ip: A B\nTcp: D\nTcp: 4\nUdp: E F";
        let found = counters(text);
        assert!(matches!(found["Ip.A"], Reading::Malformed(_)));
        assert_eq!(found["Tcp.D"], Reading::Known(4));
        assert!(matches!(found["Udp.F"], Reading::Malformed(_)));
    }

    #[test]
    fn a_header_twice_in_a_row_does_not_become_values() {
        let found = counters("Tcp: D\nTcp: D\nTcp: 4\n");
        assert_eq!(found["Tcp.D"], Reading::Known(4));
    }

    #[test]
    fn a_number_too_large_is_malformed_on_its_own() {
        let text = "Tcp: A B C\nTcp: 9223372036854775807 9223372036854775808 1\n";
        let found = counters(text);
        assert_eq!(found["Tcp.A"], Reading::Known(i64::MAX));
        let huge = Reading::Malformed("9223372036854775808".to_owned());
        assert_eq!(found["Tcp.B"], huge);
        assert_eq!(found["Tcp.C"], Reading::Known(1));
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_falling_over(text in "(?s).{0,200}") {
            counters(&text);
        }

        #[test]
        fn text_cut_anywhere_never_changes_a_value(cut in 0_usize..80) {
            let whole = "Tcp: Alpha Beta\nTcp: 1234 5678\nUdp: Gamma\nUdp: 99\n";
            let full = counters(whole);
            for (name, reading) in counters(whole.get(..cut).unwrap_or(whole)) {
                // Only the last number of the text may be cut in the middle.
                let tail = matches!(name.as_str(), "Tcp.Beta" | "Udp.Gamma");
                if let (Reading::Known(_), Some(expected), false) = (&reading, full.get(&name), tail) {
                    prop_assert_eq!(&reading, expected);
                }
            }
        }

        #[test]
        fn bytes_around_a_pair_do_not_hide_it(
            before in "[^\n:]{0,20}", after in "[^\n:]{0,20}"
        ) {
            let text = format!("{before}\nTcp: A\nTcp: 4\n{after}\0");
            prop_assert_eq!(known(&text, "Tcp.A"), Some(4));
        }
    }
}
