//! The order of writes: keys that depend on each other.

use super::record::Step;

use crate::catalog::FragmentBound;

const RANGE: &str = "net.ipv4.ip_local_port_range";
const START: &str = "net.ipv4.ip_unprivileged_port_start";
const RESERVED: &str = "net.ipv4.ip_local_reserved_ports";
const CONGESTION: &str = "net.ipv4.tcp_congestion_control";

/// Puts the steps into an order in which every write can succeed, and the reverse order every undo.
/// Otherwise they stand by key.
///
/// - `ipv4_local_port_range` refuses a range that begins below `ip_unprivileged_port_start`
///   (`net/ipv4/sysctl_net_ipv4.c`), and `ipv4_privileged_ports` refuses a start inside the range: a start
///   that falls goes first, one that rises goes last.
/// - Ports are reserved before the range changes, so that none is handed out in between; the undo brings the range
///   back before it gives ports back.
/// - A threshold of fragments is the bound of the other one of its pair: a low one that falls and a high one that rises
///   go before the other.
/// - `tcp_congestion_control` may need its module's name in the allowed list first.
pub fn in_safe_order(steps: &mut [Step]) {
    steps.sort_by(|one, other| {
        rank(one)
            .cmp(&rank(other))
            .then_with(|| one.key.cmp(&other.key))
    });
}

fn rank(step: &Step) -> u8 {
    let (before, after) = (first(&step.before), first(&step.after));
    match (step.key.as_str(), FragmentBound::of(&step.key)) {
        (START, _) if after <= before => 1,
        (RESERVED, _) => 2,
        (_, Some(FragmentBound::Low)) if after <= before => 2,
        (_, Some(FragmentBound::High)) if after >= before => 2,
        (RANGE, _) => 4,
        (START, _) => 5,
        (CONGESTION, _) => 6,
        _ => 3,
    }
}

/// Where a key stands in a file that is read from the kernel's own values on: those of one rank by key.
pub(super) fn rank_in_file(key: &str, value: &str) -> u8 {
    match FragmentBound::of(key) {
        // What is not above any high threshold can come before it, whatever that will be.
        Some(FragmentBound::Low) if first(value) <= Some(FragmentBound::DEFAULT_HIGH) => 0,
        Some(FragmentBound::Low) => 2,
        _ => 1,
    }
}

fn first(text: &str) -> Option<i64> {
    text.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(key: &str, before: &str, after: &str) -> Step {
        Step {
            key: key.to_owned(),
            before: before.to_owned(),
            after: after.to_owned(),
            rules: Vec::new(),
            on: None,
            entry_on: None,
            attempted: false,
            written: None,
            undone: None,
        }
    }

    fn ordered(mut steps: Vec<Step>) -> Vec<String> {
        in_safe_order(&mut steps);
        steps.into_iter().map(|step| step.key).collect()
    }

    #[test]
    fn a_start_that_falls_goes_before_the_range_and_one_that_rises_after_it() {
        let range = step(RANGE, "32768 60999", "1024 60999");
        let falls = step(START, "2048", "1024");
        assert_eq!(ordered(vec![range.clone(), falls]), [START, RANGE]);
        let rises = step(START, "1024", "16384");
        let range = step(RANGE, "1024 60999", "32768 60999");
        assert_eq!(ordered(vec![rises, range]), [RANGE, START]);
    }

    #[test]
    fn of_two_thresholds_the_one_goes_first_that_makes_room_for_the_other() {
        let low = |before, after| step("net.ipv4.ipfrag_low_thresh", before, after);
        let high = |before, after| step("net.ipv4.ipfrag_high_thresh", before, after);
        let (lower, raised) = ("net.ipv4.ipfrag_low_thresh", "net.ipv4.ipfrag_high_thresh");
        let falls = vec![high("4194304", "2097152"), low("3145728", "1048576")];
        assert_eq!(ordered(falls), [lower, raised]);
        let rises = vec![low("3145728", "8388608"), high("4194304", "16777216")];
        assert_eq!(ordered(rises), [raised, lower]);
    }

    #[test]
    fn ports_are_reserved_before_the_range_reaches_them() {
        let range = step(RANGE, "32768 60999", "16384 60999");
        let reserved = step(RESERVED, "", "20000");
        assert_eq!(ordered(vec![range, reserved]), [RESERVED, RANGE]);
    }
}
