//! What tells one run from every other.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hasher as _};
use std::time::SystemTime;

/// A name that no other run has, on this host or another one: 32 hexadecimal digits, from the randomness
/// the kernel gave this process and the time.
pub fn run_id() -> String {
    let half = || {
        let mut hasher = RandomState::new().build_hasher();
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        hasher.write_u128(since.map_or(0, |since| since.as_nanos()));
        hasher.write_u32(std::process::id());
        hasher.finish()
    };
    format!("{:016x}{:016x}", half(), half())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_runs_have_two_names_of_one_length() {
        let (one, other) = (run_id(), run_id());
        assert_ne!(one, other);
        assert!(one.len() == 32 && other.len() == 32, "{one} {other}");
    }
}
