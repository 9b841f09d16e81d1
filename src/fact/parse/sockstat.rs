//! `/proc/net/sockstat` and `/proc/net/sockstat6`: names and values in turn.

use std::collections::BTreeMap;

use super::{decimal, malformed};
use crate::fact::Reading;

/// Reads every gauge, under names like `TCP.inuse` and `TCP6.inuse`.
///
/// A name without its value, and a value that is no number, is malformed on its own.
pub fn sockstat(text: &str) -> BTreeMap<String, Reading<i64>> {
    let mut found = BTreeMap::new();
    for line in text.lines() {
        let Some((protocol, fields)) = line.split_once(':') else {
            continue;
        };
        let protocol = protocol.trim();
        if protocol.is_empty() {
            continue;
        }
        let mut words = fields.split_ascii_whitespace();
        while let Some(name) = words.next() {
            let reading = words.next().map_or_else(|| malformed("no value"), decimal);
            found.insert(format!("{protocol}.{name}"), reading);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn gauges_are_named_by_protocol_and_field() {
        let found = sockstat(
            "sockets: used 262\nTCP: inuse 5 orphan 0 tw 12 alloc 7 mem 1\nUDP: inuse 2 mem 0\n\
             TCP6: inuse 3\n",
        );
        assert_eq!(found["sockets.used"], Reading::Known(262));
        assert_eq!(found["TCP.tw"], Reading::Known(12));
        assert_eq!(found["TCP6.inuse"], Reading::Known(3));
        assert_eq!(found["UDP.mem"], Reading::Known(0));
    }

    #[test]
    fn a_broken_gauge_leaves_the_others() {
        let found = sockstat("TCP: inuse 99999999999999999999 orphan 4 tw");
        assert!(matches!(found["TCP.inuse"], Reading::Malformed(_)));
        assert_eq!(found["TCP.orphan"], Reading::Known(4));
        assert_eq!(found["TCP.tw"], Reading::Malformed("no value".to_owned()));
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_falling_over(text in "(?s).{0,200}") {
            sockstat(&text);
        }
    }
}
