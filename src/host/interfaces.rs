//! Settings of single interfaces, as facts of the namespace.

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt as _;

use super::collect::Needs;
use super::errno::io_name;
use super::sysctls::Sysctls;
use crate::fact::{Reading, Sample, Value, inert};

const CONF: &str = "net/ipv4/conf";

/// Reads the `rp_filter` of the strictest interface, and which one that is. What counts for an interface is
/// the larger one of its own value and that of `all` (`IN_DEV_RPFILTER`). The template `default` is no
/// interface.
pub(super) fn collect(sysctls: &Sysctls, needs: &Needs, sample: &mut Sample) {
    if !needs.any("interface.") {
        return;
    }
    let (value, name) = match read(sysctls) {
        Ok(interfaces) => strictest(&interfaces),
        Err(reading) => (reading.clone(), reading),
    };
    let facts = [("rp_filter", value), ("rp_filter_name", name)];
    for (fact, reading) in facts {
        sample.readings.insert(format!("interface.{fact}"), reading);
    }
}

/// How much a filter drops: 1, strict, drops more than 2, loose; any other number acts as 2
/// (`__fib_validate_source`).
fn strictness(value: i64) -> u8 {
    match value {
        1 => 2,
        0 => 0,
        _ => 1,
    }
}

/// The value of the strictest interface, and its name where no other is as strict.
fn strictest(interfaces: &[(i64, String)]) -> (Reading<Value>, Reading<Value>) {
    let most = interfaces
        .iter()
        .max_by_key(|(value, _)| strictness(*value));
    let Some((most, _)) = most else {
        return (Reading::Absent, Reading::Absent);
    };
    let as_strict = |one: &&(i64, String)| strictness(one.0) == strictness(*most);
    let mut names = interfaces.iter().filter(as_strict);
    let name = match (names.next(), names.next()) {
        (Some((_, only)), None) => Reading::Known(Value::Text(only.clone())),
        _ => Reading::Absent,
    };
    (Reading::Known(Value::Int(*most)), name)
}

/// What counts for each interface, by name. One interface that hides its value hides the strictest.
fn read(sysctls: &Sysctls) -> Result<Vec<(i64, String)>, Reading<Value>> {
    if sysctls.refusal().is_some() {
        return Err(Reading::Denied("/proc/sys/net is not visible".to_owned()));
    }
    let mut names = sysctls.folders(CONF).map_err(|error| unread(&error))?;
    names.retain(|name| name != "all" && name != "default");
    // What the loopback interface delivers brings its route along (`netif_keep_dst`), and is not asked.
    if names.len() > 1 {
        names.retain(|name| name != "lo");
    }
    names.sort_unstable();
    let all = filter_of(sysctls, OsStr::new("all"))?.unwrap_or(0);
    let mut interfaces = Vec::new();
    for name in names {
        // None: it has gone meanwhile.
        if let Some(own) = filter_of(sysctls, &name)? {
            let name = inert(&name.to_string_lossy()).into_owned();
            interfaces.push((own.max(all), name));
        }
    }
    Ok(interfaces)
}

/// `conf.NAME.rp_filter`; `None` where there is none.
fn filter_of(sysctls: &Sysctls, name: &OsStr) -> Result<Option<i64>, Reading<Value>> {
    // Any bytes but a slash may stand in the name of an interface, so it is no text on its way.
    let path = [CONF.as_bytes(), b"/", name.as_bytes(), b"/rp_filter"].concat();
    let text = match sysctls.text(OsStr::from_bytes(&path)) {
        Ok((text, _)) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unread(&error)),
    };
    let text = text.trim();
    let value = text.parse().map(Some);
    value.map_err(|_| Reading::Malformed(text.chars().take(64).collect()))
}

fn unread(error: &io::Error) -> Reading<Value> {
    match error.kind() {
        io::ErrorKind::NotFound => Reading::Absent,
        _ => Reading::Denied(io_name(error)),
    }
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
    fn the_template_is_no_interface_and_off_is_said_of_all() {
        let found = read(&[(b"all", "0\n"), (b"default", "1\n"), (b"eth0", "2\n")]);
        assert_eq!(found, known(2, "eth0"));
        assert_eq!(read(&[(b"lo", "0\n"), (b"eth0", "0\n")]), known(0, "eth0"));
    }

    #[test]
    fn strict_comes_before_loose_although_it_is_the_smaller_number() {
        let found = read(&[
            (b"all", "0\n"),
            (b"docker0", "2\n"),
            (b"eth0", "2\n"),
            (b"eth1", "1\n"),
        ]);
        assert_eq!(found, known(1, "eth1"));
        // With a loose `all` no interface is strict, whatever it says itself.
        let (value, name) = read(&[(b"all", "2\n"), (b"eth0", "2\n"), (b"eth1", "1\n")]);
        assert_eq!(value, Reading::Known(Value::Int(2)));
        assert_eq!(name, Reading::Absent);
    }

    #[test]
    fn of_several_that_are_as_strict_none_is_named() {
        let (value, name) = read(&[(b"eth0", "1\n"), (b"eth1", "1\n"), (b"eth2", "2\n")]);
        assert_eq!(value, Reading::Known(Value::Int(1)));
        assert_eq!(name, Reading::Absent);
        let strict_by_all = read(&[(b"all", "1\n"), (b"eth0", "0\n"), (b"eth1", "1\n")]);
        assert_eq!(strict_by_all.0, Reading::Known(Value::Int(1)));
        assert_eq!(strict_by_all.1, Reading::Absent);
        // The loopback interface asks nobody.
        assert_eq!(read(&[(b"eth0", "1\n"), (b"lo", "1\n")]), known(1, "eth0"));
        assert_eq!(read(&[(b"eth0", "0\n"), (b"lo", "1\n")]), known(0, "eth0"));
        assert_eq!(read(&[(b"lo", "1\n")]), known(1, "lo"));
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
