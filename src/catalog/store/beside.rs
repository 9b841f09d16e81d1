//! Keys whose numbers are held against each other, or against other keys.

use super::{Beside, Stored, refused};
use crate::catalog::{FragmentBound, KeySpec};
use crate::fact::Value;

impl KeySpec {
    /// The keys whose number is held against another key; `None` for all others.
    pub(super) fn judged_beside(
        &self,
        number: i64,
        old: Option<&Value>,
        beside: &dyn Beside,
    ) -> Option<Stored> {
        let number_of = |key: &str| match beside.value(key) {
            Some(Value::Int(number) | Value::Range([number, _])) => Some(number),
            _ => None,
        };
        let held = |fits: Option<bool>| match fits {
            Some(true) => Some(Stored::Taken(Value::Int(number))),
            Some(false) => Some(refused("EINVAL", old)),
            None => Some(Stored::Unknown(
                "it depends on another key, whose value is not known",
            )),
        };
        if let Some(most) = self.max_key {
            let known = number_of(most);
            let fits = number <= known.or(self.max).unwrap_or(i64::MAX);
            // Older kernels may have no bound here.
            let holds = beside.kernel().and_then(|kernel| self.bounds_in(kernel));
            return held(match (fits, known, holds) {
                (true, ..) => Some(true),
                (false, Some(_), Some(_)) => Some(false),
                (false, ..) => None,
            });
        }
        match self.key {
            // `ipv4_privileged_ports`; the range never begins below 1.
            "net.ipv4.ip_unprivileged_port_start" => {
                let low = number_of("net.ipv4.ip_local_port_range").unwrap_or(32_768);
                held(Some(number <= low))
            }
            // AccECN is not in every kernel that has the key.
            "net.ipv4.tcp_ecn" if number > 2 => held(None),
            // `addrconf_sysctl_addr_gen_mode`: a stable address needs a secret, which is never read here.
            key if number == 2 && key.ends_with(".addr_gen_mode") => held(None),
            key => match FragmentBound::of(key)? {
                FragmentBound::High => {
                    let low = number_of(&key.replace("_high_", "_low_"));
                    held(Some(number >= low.unwrap_or(3_145_728)))
                }
                FragmentBound::Low => {
                    let high = number_of(&key.replace("_low_", "_high_"));
                    held(Some(number <= high.unwrap_or(FragmentBound::DEFAULT_HIGH)))
                }
            },
        }
    }

    /// Ranges are checked as a whole and change as a whole.
    pub(super) fn store_range(
        &self,
        old: Option<&Value>,
        before: &[i64],
        new: &[i64],
        beside: &dyn Beside,
    ) -> Stored {
        let Some(Value::Range([low, high])) = self.whole(before, new) else {
            return Stored::Unknown("the numbers it leaves as they are are not known");
        };
        if self.key == "net.ipv4.ping_group_range" {
            // `ipv4_ping_group_range`: a range that does not ascend stands for "no group".
            let range = if high < low { [1, 0] } else { [low, high] };
            return Stored::Taken(Value::Range(range));
        }
        // `ipv4_local_port_range`: the range must ascend and not reach into the privileged ports.
        let start = match beside.value("net.ipv4.ip_unprivileged_port_start") {
            Some(Value::Int(start)) => start,
            _ => 1024,
        };
        if high < low || low < start {
            refused("EINVAL", old)
        } else {
            Stored::Taken(Value::Range([low, high]))
        }
    }
}
