//! Settings of single interfaces, as facts of the namespace.

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt as _;

use super::collect::Needs;
use super::errno::io_name;
use super::sysctls::Sysctls;
use crate::fact::{Reading, Sample, Value, inert};

const CONF: &str = "net/ipv4/conf";

/// Reads the largest `rp_filter` of an interface, and which one that is. The template `default` is no
/// interface, and neither is `all`, which the kernel takes into account for each of them
/// (`IN_DEV_MAXCONF`).
pub(super) fn collect(sysctls: &Sysctls, needs: &Needs, sample: &mut Sample) {
    if !needs.any("interface.") {
        return;
    }
    let (value, name) = match strictest(sysctls) {
        Ok(Some((value, name))) => (
            Reading::Known(Value::Int(value)),
            Reading::Known(Value::Text(name)),
        ),
        Ok(None) => (Reading::Absent, Reading::Absent),
        Err(reading) => (reading.clone(), reading),
    };
    let facts = [("rp_filter", value), ("rp_filter_name", name)];
    for (fact, reading) in facts {
        sample.readings.insert(format!("interface.{fact}"), reading);
    }
}

/// Of equals the first by name. One interface that hides its value makes the largest unknown.
fn strictest(sysctls: &Sysctls) -> Result<Option<(i64, String)>, Reading<Value>> {
    let unread = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => Reading::Absent,
        _ => Reading::Denied(io_name(&error)),
    };
    if sysctls.refusal().is_some() {
        return Err(Reading::Denied("/proc/sys/net is not visible".to_owned()));
    }
    let mut names = sysctls.folders(CONF).map_err(unread)?;
    names.retain(|name| name != "all" && name != "default");
    names.sort_unstable();
    let mut largest: Option<(i64, String)> = None;
    for name in names {
        // Any bytes but a slash may stand in the name of an interface, so it is no text on its way.
        let path = [CONF.as_bytes(), b"/", name.as_bytes(), b"/rp_filter"].concat();
        let text = match sysctls.text(OsStr::from_bytes(&path)) {
            Ok((text, _)) => text,
            // It has gone meanwhile.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(unread(error)),
        };
        let text = text.trim();
        let Ok(value) = text.parse() else {
            return Err(Reading::Malformed(text.chars().take(64).collect()));
        };
        if largest.as_ref().is_none_or(|(most, _)| value > *most) {
            largest = Some((value, inert(&name.to_string_lossy()).into_owned()));
        }
    }
    Ok(largest)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    /// The two facts of a tree in which these interfaces have these values.
    fn read(interfaces: &[(&[u8], &str)]) -> (Reading<Value>, Reading<Value>) {
        let tree = tempfile::tempdir().unwrap();
        fs::create_dir_all(tree.path().join("sys/net")).unwrap();
        for (name, text) in interfaces {
            let folder = tree
                .path()
                .join("sys")
                .join(CONF)
                .join(OsStr::from_bytes(name));
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join("rp_filter"), text).unwrap();
        }
        of(tree.path())
    }

    fn of(proc: &Path) -> (Reading<Value>, Reading<Value>) {
        let mut sample = Sample::default();
        collect(&Sysctls::open(proc), &Needs::Everything, &mut sample);
        let mut take = |fact: &str| sample.readings.remove(fact).unwrap();
        (
            take("interface.rp_filter"),
            take("interface.rp_filter_name"),
        )
    }

    fn known(value: i64, name: &str) -> (Reading<Value>, Reading<Value>) {
        (
            Reading::Known(Value::Int(value)),
            Reading::Known(Value::Text(name.to_owned())),
        )
    }

    #[test]
    fn the_largest_value_of_an_interface_counts_and_that_of_the_templates_does_not() {
        let found = read(&[
            (b"all", "9\n"),
            (b"default", "9\n"),
            (b"eth0", "1\n"),
            (b"eth1", "2\n"),
            (b"lo", "0\n"),
        ]);
        assert_eq!(found, known(2, "eth1"));
        assert_eq!(read(&[(b"lo", "0\n"), (b"eth0", "0\n")]), known(0, "eth0"));
    }

    #[test]
    fn odd_names_of_interfaces_survive() {
        assert_eq!(read(&[(b"eth0.100", "1\n")]), known(1, "eth0.100"));
        assert_eq!(read(&[(b"a-b_c@d#~", "1\n")]), known(1, "a-b_c@d#~"));
        assert_eq!(read(&[(b"v\xff\x1b", "1\n")]), known(1, "v\u{fffd}\\x1b"));
    }

    #[test]
    fn without_interfaces_it_is_absent_and_in_a_masked_tree_denied() {
        let absent = (Reading::Absent, Reading::Absent);
        assert_eq!(read(&[]), absent);
        assert_eq!(read(&[(b"all", "1\n")]), absent);
        let nothing = tempfile::tempdir().unwrap();
        assert!(matches!(of(nothing.path()).0, Reading::Denied(_)));
    }

    #[test]
    fn a_value_that_is_none_is_malformed_and_one_that_cannot_be_read_denied() {
        let odd = read(&[(b"eth0", "x\n"), (b"lo", "0\n")]);
        assert_eq!(odd.0, Reading::Malformed("x".to_owned()));
        let tree = tempfile::tempdir().unwrap();
        fs::create_dir_all(tree.path().join("sys/net/ipv4/conf/lo/rp_filter")).unwrap();
        assert_eq!(of(tree.path()).0, Reading::Denied("EISDIR".to_owned()));
    }
}
