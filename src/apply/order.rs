//! The order of writes: keys that depend on each other.

use super::record::Step;

/// Keys that have to be written in a certain order when they change together.
///
/// - `ipv4_local_port_range` refuses a range that begins below `ip_unprivileged_port_start`
///   (`net/ipv4/sysctl_net_ipv4.c`), and `ipv4_privileged_ports` refuses a start inside the range: a start
///   that falls goes first, one that rises goes last.
/// - Ports are reserved before the range is widened over them, so that none is handed out in between;
///   a range that shrinks goes before ports are given back.
/// - `tcp_congestion_control` may need its module's name in the allowed list first.
const RANGE: &str = "net.ipv4.ip_local_port_range";
const START: &str = "net.ipv4.ip_unprivileged_port_start";
const RESERVED: &str = "net.ipv4.ip_local_reserved_ports";
const CONGESTION: &str = "net.ipv4.tcp_congestion_control";

/// Puts the steps into an order in which every write can succeed, and the reverse order every undo.
/// Otherwise they stand by key.
pub fn in_safe_order(steps: &mut [Step]) {
    steps.sort_by(|one, other| {
        rank(one)
            .cmp(&rank(other))
            .then_with(|| one.key.cmp(&other.key))
    });
}

fn rank(step: &Step) -> u8 {
    let first = |text: &str| {
        let digits = text.split_whitespace().next()?;
        digits.parse::<i64>().ok()
    };
    match step.key.as_str() {
        START if first(&step.after) <= first(&step.before) => 1,
        RESERVED => 2,
        RANGE => 4,
        START => 5,
        CONGESTION => 6,
        _ => 3,
    }
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
    fn ports_are_reserved_before_the_range_reaches_them() {
        let range = step(RANGE, "32768 60999", "16384 60999");
        let reserved = step(RESERVED, "", "20000");
        assert_eq!(ordered(vec![range, reserved]), [RESERVED, RANGE]);
    }
}
