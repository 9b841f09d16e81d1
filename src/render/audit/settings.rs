//! The settings of a host as records: what is in force, after the next boot, and by default.

use crate::catalog;
use crate::check::differ;
use crate::fact::{Reading, Snapshot};
use crate::plan::{Future, Standing};

use super::record::{SettingRecord, fields};

/// Every setting that was read and is wanted, by name. What a new namespace or another kernel would have is null where it is
/// not known; a setting that is not there has no record.
pub fn settings(snapshot: &Snapshot, wanted: impl Fn(&str) -> bool) -> Vec<SettingRecord> {
    let prefix = "sysctl.";
    let readings = snapshot.now.readings.range(prefix.to_owned()..);
    let readings =
        readings.map_while(|(fact, reading)| Some((fact.strip_prefix(prefix)?, reading)));
    let there =
        readings.filter(|(key, reading)| !matches!(reading, Reading::Absent) && wanted(key));
    there.map(|(key, _)| setting(snapshot, key)).collect()
}

fn setting(snapshot: &Snapshot, key: &str) -> SettingRecord {
    let standing = Standing::of(snapshot, key);
    let live = standing.live.value();
    let next = standing.next_boot.as_ref();
    let value = next.and_then(Future::value);
    let by = next.and_then(Future::by);
    let text = |value: &crate::fact::Value| fields(&value.to_string());
    SettingRecord {
        key: key.to_owned(),
        live: live.map(text),
        next_boot: value.map(text),
        default: standing.default.as_ref().map(text),
        boot_changes: live
            .zip(value)
            .map(|(live, next)| differ(catalog::find(key), live, next)),
        next_boot_file: by.map(|place| place.file.clone()),
        next_boot_line: by.and_then(|place| place.line).map(u64::from),
    }
}
