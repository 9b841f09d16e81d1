//! `/proc/net/snmp6`: one name and one number to a line.

use super::{decimal, malformed};
use crate::fact::Reading;

/// The number beside a name, which stands for a sum over the CPUs (`snmp6_seq_show_item`).
pub fn snmp6_field(text: &str, name: &str) -> Reading<i64> {
    let mut lines = text.lines().map(str::split_ascii_whitespace);
    let Some(mut rest) = lines.find_map(|mut words| (words.next() == Some(name)).then_some(words))
    else {
        return Reading::Absent;
    };
    rest.next().map_or_else(|| malformed("no value"), decimal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_found_by_its_whole_name() {
        let text = "Udp6InDatagrams   \t5\nUdp6RcvbufErrors\t7\nUdpLite6RcvbufErrors\t9\n";
        assert_eq!(snmp6_field(text, "Udp6RcvbufErrors"), Reading::Known(7));
        assert_eq!(snmp6_field(text, "Udp6Rcvbuf"), Reading::Absent);
        assert_eq!(snmp6_field("", "Udp6RcvbufErrors"), Reading::Absent);
    }

    #[test]
    fn a_value_that_is_missing_or_none_is_malformed() {
        for text in ["A", "A x", "A 9223372036854775808"] {
            let found = snmp6_field(text, "A");
            assert!(matches!(found, Reading::Malformed(_)), "{text}");
        }
    }
}
