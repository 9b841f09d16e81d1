//! Numbers that are kept in clock ticks.

use super::long::Long;
use super::number::{INT_MAX, Made};

/// Why the value that a write leaves cannot be told of keys that are kept in clock ticks.
pub const ROUNDED: &str = "the number is rounded to clock ticks of the kernel";

/// `proc_dointvec_ms_jiffies`: `msecs_to_jiffies` takes 32 bits, and refuses what is negative as such.
pub(super) fn milliseconds(long: Long, min: i64) -> Made {
    let bits = long.magnitude & u64::from(u32::MAX);
    let bits = if long.negative {
        (u64::from(u32::MAX) + 1 - bits) & u64::from(u32::MAX)
    } else {
        bits
    };
    match i64::try_from(bits) {
        Ok(number) if number > INT_MAX || number < min => Made::Refused,
        // Whole ticks at 100, 250, 300 and 1000 Hz.
        Ok(number) if number % 20 == 0 => Made::Number(number),
        _ => Made::Unknown(ROUNDED),
    }
}

/// `proc_dointvec_userhz_jiffies`: hundredths of a second.
pub(super) fn user_ticks(long: Long) -> Made {
    /// Fits 31 bits at 1000 Hz.
    const MOST: u64 = 214_748_364;
    // `proc_dointvec_userhz_jiffies` multiplies in 64 bits, and overflows behind this at 1000 Hz.
    const WIDE: u64 = i64::MAX as u64 / 10;
    match i64::try_from(long.magnitude) {
        Ok(0) => Made::Number(0),
        Ok(number) if !long.negative && number % 2 == 0 && long.magnitude <= MOST => {
            Made::Number(number)
        }
        Ok(_) if long.magnitude <= WIDE => Made::Unknown(ROUNDED),
        _ => Made::Unknown("whether the kernel takes this number depends on its clock tick"),
    }
}
