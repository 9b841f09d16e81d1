//! The kernels that texts are judged for.

use crate::fact::KernelVersion;
use crate::fact::assigned::Target;

/// The distributions that are judged for where nothing else is asked for: word, name, kernel. Oldest kernel
/// first; with each the kernel of its first release, which is what may be relied on.
pub const SUPPORTED: [(&str, &str, &str); 8] = [
    ("rhel8", "RHEL 8 (4.18)", "4.18.0-0.el8.x86_64"),
    ("rhel9", "RHEL 9 (5.14)", "5.14.0-0.el9.x86_64"),
    ("ubuntu22.04", "Ubuntu 22.04 (5.15)", "5.15.0-generic"),
    ("debian12", "Debian 12 (6.1)", "6.1.0-amd64"),
    ("ubuntu24.04", "Ubuntu 24.04 (6.8)", "6.8.0-generic"),
    ("rhel10", "RHEL 10 (6.12)", "6.12.0-0.el10.x86_64"),
    ("debian13", "Debian 13 (6.12)", "6.12.0-amd64"),
    ("mainline", "Linux 6.19", "6.19.0"),
];

/// The mainline releases, by first number: the last second number of each.
const SERIES: [(u32, u32); 4] = [(3, 19), (4, 20), (5, 19), (6, 19)];

/// The supported distributions.
pub fn supported() -> Vec<Target> {
    let all = SUPPORTED.iter();
    all.filter_map(|(_, name, release)| target(name, release))
        .collect()
}

/// Reads what kernels are meant: `5.14`, `>=4.18`, `4.18..6.1`, `>=4.18,<6.1`, a release as `uname -r` tells
/// it, `rhel9`; several with commas. A range stands for every mainline release in it.
///
/// # Errors
///
/// What could not be read, as a sentence.
pub fn targets(written: &str) -> Result<Vec<Target>, String> {
    let items: Vec<&str> = written.split(',').map(str::trim).collect();
    let mut found = Vec::new();
    let (mut low, mut high) = (None, None);
    for item in &items {
        if let Some((_, name, release)) = SUPPORTED.iter().find(|(word, ..)| is_word(word, item)) {
            found.extend(target(name, release));
        } else if let Some((from, to)) = item.split_once("..") {
            let to = to.trim_start_matches('=').trim();
            let to = if to.is_empty() {
                None
            } else {
                Some(number(to)?)
            };
            found.extend(between(Some(number(from.trim())?), to));
        } else if let Some((bound, is_low)) = bound(item)? {
            let end = if is_low { &mut low } else { &mut high };
            if end.replace(bound).is_some() {
                return Err(format!(
                    "`{}` has two bounds of one kind",
                    written.escape_debug()
                ));
            }
        } else {
            number(item)?;
            found.extend(target(item, item));
        }
    }
    if low.is_some() || high.is_some() {
        found.extend(between(low, high));
    }
    if found.is_empty() {
        return Err(format!(
            "`{}` holds no kernel release",
            written.escape_debug()
        ));
    }
    found.sort_by_key(|one| (one.kernel.major, one.kernel.minor, one.kernel.patch));
    found.dedup_by(|one, other| one.name == other.name);
    Ok(found)
}

/// Reads a Kubernetes release: `1.29`, `v1.29.3`.
///
/// # Errors
///
/// That it is none.
pub fn kubernetes(written: &str) -> Result<(u32, u32), String> {
    let mut parts = written.trim().trim_start_matches('v').split('.');
    let mut next = || parts.next()?.parse::<u32>().ok();
    match (next(), next()) {
        (Some(major), Some(minor)) => Ok((major, minor)),
        _ => Err(format!(
            "`{}` is no Kubernetes release; write 1.29",
            written.escape_debug()
        )),
    }
}

type Number = (u32, u32, u32);

fn is_word(word: &str, item: &str) -> bool {
    let plain = item.replace(['-', ' '], "");
    plain.eq_ignore_ascii_case(word)
}

fn target(name: &str, release: &str) -> Option<Target> {
    Some(Target {
        name: name.to_owned(),
        kernel: KernelVersion::parse(release)?,
    })
}

fn number(item: &str) -> Result<Number, String> {
    let kernel = KernelVersion::parse(item).ok_or_else(|| {
        format!(
            "`{}` is no kernel release; write 5.14, >=4.18, 4.18..6.1 or a word such as rhel9",
            item.escape_debug()
        )
    })?;
    Ok((kernel.major, kernel.minor, kernel.patch))
}

/// A bound, and whether it is the lower one. What is without `=` is moved by one.
fn bound(item: &str) -> Result<Option<(Number, bool)>, String> {
    for (sign, is_low, shift) in [
        (">=", true, 0),
        ("<=", false, 0),
        (">", true, 1),
        ("<", false, -1),
    ] {
        if let Some(rest) = item.strip_prefix(sign) {
            let (major, minor, patch) = number(rest.trim())?;
            let before = || match minor {
                0 => {
                    let series = SERIES.iter().find(|(own, _)| *own + 1 == major);
                    (
                        major.saturating_sub(1),
                        series.map_or(0, |(_, last)| *last),
                        0,
                    )
                }
                _ => (major, minor - 1, 0),
            };
            let moved = match shift {
                1 => (major, minor.saturating_add(1), 0),
                -1 => before(),
                _ => (major, minor, patch),
            };
            return Ok(Some((moved, is_low)));
        }
    }
    Ok(None)
}

/// The mainline releases from a lower to an upper bound; the bounds themselves where no list has them.
fn between(low: Option<Number>, high: Option<Number>) -> Vec<Target> {
    let lowest = low.unwrap_or((3, 0, 0));
    let highest = high.unwrap_or((u32::MAX, 0, 0));
    let short = |(major, minor, _): Number| (major, minor);
    let all = SERIES
        .iter()
        .flat_map(|(major, last)| (0..=*last).map(|minor| (*major, minor)));
    let mut found: Vec<(u32, u32)> = all
        .filter(|one| short(lowest) <= *one && *one <= short(highest))
        .collect();
    let ends = [low, high].into_iter().flatten().map(short);
    found.extend(ends.filter(|_| lowest <= highest));
    found.sort_unstable();
    found.dedup();
    let names = found
        .iter()
        .map(|(major, minor)| format!("{major}.{minor}"));
    names.filter_map(|name| target(&name, &name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(written: &str) -> Vec<String> {
        let found = targets(written).unwrap();
        found.into_iter().map(|one| one.name).collect()
    }

    #[test]
    fn the_supported_distributions_stand_in_the_order_of_their_kernels() {
        let all = supported();
        assert_eq!(all.len(), SUPPORTED.len());
        let numbers = all.iter().map(|one| (one.kernel.major, one.kernel.minor));
        assert!(numbers.is_sorted());
        assert!(all[0].kernel.is_vendor() && !all[7].kernel.is_vendor());
    }

    #[test]
    fn kernels_are_read_in_every_spelling() {
        assert_eq!(names("5.14"), ["5.14"]);
        assert_eq!(names("6.1, 5.14"), ["5.14", "6.1"]);
        assert_eq!(names("4.19..5.1"), ["4.19", "4.20", "5.0", "5.1"]);
        assert_eq!(names(">=6.18"), ["6.18", "6.19"]);
        assert_eq!(names(">=6.99"), ["6.99"]);
        assert_eq!(names(">=4.19,<5.1"), ["4.19", "4.20", "5.0"]);
        assert_eq!(names(">4.19,<=5.0"), ["4.20", "5.0"]);
        assert_eq!(names("<3.2"), ["3.0", "3.1"]);
        assert_eq!(names(">=4.20,<5.0"), ["4.20"]);
        assert_eq!(
            names("RHEL-9,debian12"),
            ["RHEL 9 (5.14)", "Debian 12 (6.1)"]
        );
        assert_eq!(names("4.18.0-553.el8_10.x86_64").len(), 1);
        assert_eq!(names("6.1.."), names(">=6.1"));
    }

    #[test]
    fn what_is_no_kernel_is_told() {
        for written in [
            "",
            "five",
            "5",
            "..",
            "6.1..x",
            ">=",
            ">=4.1,>=4.2",
            "6.1..5.1",
            "5.14,",
        ] {
            assert!(targets(written).is_err(), "{written}");
        }
    }

    #[test]
    fn a_release_of_kubernetes_has_two_numbers() {
        assert_eq!(kubernetes("1.29"), Ok((1, 29)));
        assert_eq!(kubernetes("v1.29.3"), Ok((1, 29)));
        assert!(kubernetes("latest").is_err() && kubernetes("1").is_err());
    }
}
