//! The UDP socket that dropped most.

use super::collect::{Needs, Source};
use super::errno::io_name;
use super::{file, proc_tables};
use crate::fact::parse;
use crate::fact::{Reading, Sample, Value};

/// Looks for it, where the kernel says that datagrams were dropped for want of room at all.
pub(super) fn collect(source: &Source, needs: &Needs, sample: &mut Sample) {
    if !needs.any("udp.") {
        return;
    }
    let none = || (Reading::Absent, Reading::Known(Value::Int(0)));
    let (top, count) = if some_were_dropped(source) == Some(false) {
        none()
    } else {
        match proc_tables::udp_drops(&source.net()) {
            Ok(Some((address, drops))) => (
                Reading::Known(Value::Text(address.to_string())),
                Reading::Known(Value::Int(i64::from(drops))),
            ),
            Ok(None) => none(),
            Err(error) if error.absent => (Reading::Absent, Reading::Absent),
            Err(error) => (
                Reading::Denied(error.errno.clone()),
                Reading::Denied(error.errno),
            ),
        }
    };
    let facts = [("drops_top", top), ("drops_top_count", count)];
    for (fact, reading) in facts {
        sample.readings.insert(format!("udp.{fact}"), reading);
    }
}

/// Whether a receive buffer was ever full (`UDP_MIB_RCVBUFERRORS`); `None` where nobody says. A system
/// without the second file has no IPv6.
fn some_were_dropped(source: &Source) -> Option<bool> {
    let ipv4 = file::text(&source.net().join("snmp")).ok()?;
    let mut errors = None;
    parse::visit_counters(&ipv4, |protocol, field, reading| {
        if (protocol, field) == ("Udp", "RcvbufErrors") {
            errors = reading.value().copied();
        }
    });
    if errors? > 0 {
        return Some(true);
    }
    match file::text(&source.net().join("snmp6")) {
        Ok(text) => match parse::snmp6_field(&text, "Udp6RcvbufErrors") {
            Reading::Known(errors) => Some(errors > 0),
            _ => None,
        },
        Err(error) => (io_name(&error) == "ENOENT").then_some(false),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const QUIET: &str = "Udp: InDatagrams RcvbufErrors\nUdp: 9 0\n";
    const FULL: &str = "Udp: InDatagrams RcvbufErrors\nUdp: 9 7\n";
    const TABLE: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  \
                         timeout inode ref pointer drops\n 1: 0100007F:1F90 00000000:0000 07 \
                         00000000:00000000 00:00000000 00000000 0 0 11 2 0000000000000000 7\n";

    fn read(files: &[(&str, &str)]) -> (Reading<Value>, Reading<Value>) {
        let tree = tempfile::tempdir().unwrap();
        fs::create_dir(tree.path().join("net")).unwrap();
        for (name, text) in files {
            fs::write(tree.path().join("net").join(name), text).unwrap();
        }
        let mut sample = Sample::default();
        let source = Source::recorded(tree.path());
        collect(&source, &Needs::Everything, &mut sample);
        let mut take = |fact: &str| sample.readings.remove(fact).unwrap();
        (take("udp.drops_top"), take("udp.drops_top_count"))
    }

    #[test]
    #[cfg(target_endian = "little")]
    fn the_sockets_are_looked_at_only_where_some_buffer_was_full() {
        let none = (Reading::Absent, Reading::Known(Value::Int(0)));
        let seven = (
            Reading::Known(Value::Text("127.0.0.1:8080".to_owned())),
            Reading::Known(Value::Int(7)),
        );
        let table = ("udp", TABLE);
        assert_eq!(read(&[("snmp", QUIET), table]), none);
        assert_eq!(read(&[("snmp", FULL), table]), seven);
        let ipv6 = |text| read(&[("snmp", QUIET), ("snmp6", text), table]);
        assert_eq!(ipv6("Udp6RcvbufErrors \t0\n"), none);
        assert_eq!(ipv6("Udp6RcvbufErrors \t3\n"), seven);
        assert_eq!(read(&[table]), seven, "nobody says that there was none");
        assert_eq!(ipv6("Udp6RcvbufErrors\n"), seven);
    }

    #[test]
    fn without_a_table_nothing_is_known_and_one_that_cannot_be_read_is_denied() {
        assert_eq!(read(&[("snmp", FULL)]), (Reading::Absent, Reading::Absent));
        let tree = tempfile::tempdir().unwrap();
        fs::create_dir_all(tree.path().join("net/udp")).unwrap();
        let mut sample = Sample::default();
        let source = Source::recorded(tree.path());
        collect(&source, &Needs::Everything, &mut sample);
        let denied = Reading::Denied("EISDIR".to_owned());
        assert_eq!(sample.readings["udp.drops_top"], denied);
        assert_eq!(sample.readings["udp.drops_top_count"], denied);
    }
}
