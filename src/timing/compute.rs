//! From the settings of a host to its times.

use super::model::{self, LARGEST, SMALLEST, TIME_WAIT};
use super::{Answer, IDS, Input, Settings, Timing};
use crate::catalog::{self, Release};
use crate::fact::{KernelVersion, Reading, Value};

const SYN_RETRIES: &str = "net.ipv4.tcp_syn_retries";
const LINEAR: &str = "net.ipv4.tcp_syn_linear_timeouts";
const SYNACK_RETRIES: &str = "net.ipv4.tcp_synack_retries";
const RETRIES1: &str = "net.ipv4.tcp_retries1";
const RETRIES2: &str = "net.ipv4.tcp_retries2";
const RTO_MAX: &str = "net.ipv4.tcp_rto_max_ms";
const KEEPALIVE_TIME: &str = "net.ipv4.tcp_keepalive_time";
const KEEPALIVE_INTVL: &str = "net.ipv4.tcp_keepalive_intvl";
const KEEPALIVE_PROBES: &str = "net.ipv4.tcp_keepalive_probes";
const ORPHAN_RETRIES: &str = "net.ipv4.tcp_orphan_retries";
const FIN_TIMEOUT: &str = "net.ipv4.tcp_fin_timeout";
const RANGE: &str = "net.ipv4.ip_local_port_range";
const RESERVED: &str = "net.ipv4.ip_local_reserved_ports";
const REUSE: &str = "net.ipv4.tcp_tw_reuse";
const REUSE_DELAY: &str = "net.ipv4.tcp_tw_reuse_delay";
const TIMESTAMPS: &str = "net.ipv4.tcp_timestamps";

/// First release in which the largest time-out of a listener bounds its SYN-ACKs (`reqsk_timer_handler`).
const LISTENER_RTO_MAX: Release = Release::new(6, 19);

/// First release whose first time-out of a handshake is 1 s (`TCP_TIMEOUT_INIT`).
const ONE_SECOND: Release = Release::new(3, 1);

/// Every time, in the order of [`IDS`].
pub fn all(settings: &Settings<'_>) -> Vec<Timing> {
    IDS.iter().filter_map(|id| timing(id, settings)).collect()
}

/// One time by its id; `None` for an id that there is not.
pub fn timing(id: &str, settings: &Settings<'_>) -> Option<Timing> {
    let id = IDS.iter().find(|known| **known == id)?;
    let mut work = Work::new(settings);
    let mut again = Vec::new();
    let mut remark = None;
    if matches!(*id, "connect" | "syn-ack") && work.first() > model::FIRST {
        remark =
            Some("Before Linux 3.1 the first wait is 3 s; a vendor may have brought the 1 s back.");
    }
    let answer = match *id {
        "connect" => work.connect().map(|(end, sent)| {
            again = sent;
            Answer::Seconds(end)
        }),
        "syn-ack" => work.syn_ack(&mut remark).map(|(answer, sent)| {
            again = sent;
            answer
        }),
        "route-doubt" => work.unanswered(RETRIES1),
        "dead-peer" => work.unanswered(RETRIES2),
        "dead-idle-peer" => work.idle(&mut remark),
        "orphan" => work.orphan(&mut remark),
        "fin-wait-2" => work.fin_wait_2(&mut remark),
        "time-wait" => Some(Answer::Seconds(TIME_WAIT)),
        _ => work.connect_rate(&mut remark),
    };
    Some(Timing {
        id,
        answer: answer.unwrap_or(Answer::Unknown(work.missing)),
        inputs: work.inputs,
        again,
        remark,
    })
}

/// The settings a time may rest on, whatever the kernel.
pub fn keys_of(id: &str) -> Vec<&'static str> {
    let newest = KernelVersion::parse("99.0");
    let settings = Settings {
        read: &|_| Reading::Absent,
        kernel: newest.as_ref(),
    };
    let timing = timing(id, &settings);
    let inputs = timing.into_iter().flat_map(|timing| timing.inputs);
    inputs.map(|input| input.key).collect()
}

/// A computation that keeps what it read and what it lacked.
struct Work<'a> {
    settings: &'a Settings<'a>,
    inputs: Vec<Input>,
    missing: Vec<String>,
}

impl<'a> Work<'a> {
    const fn new(settings: &'a Settings<'a>) -> Self {
        Self {
            settings,
            inputs: Vec::new(),
            missing: Vec::new(),
        }
    }

    /// Reads a key; `instead` tells what counts where the kernel does not have it.
    fn read(&mut self, key: &'static str, instead: Option<&'static str>) -> Option<Value> {
        let reading = (self.settings.read)(key);
        let value = reading.value().cloned();
        let absent = reading == Reading::Absent;
        if value.is_none() && !(absent && instead.is_some()) {
            let why = reading.reason().unwrap_or_default();
            self.missing.push(format!("{key} is {why}"));
        }
        let instead = if absent { instead } else { None };
        self.inputs.push(Input {
            key,
            reading,
            instead,
        });
        value
    }

    /// A number within bounds.
    fn number(&mut self, key: &'static str, least: i64) -> Option<f64> {
        let value = self.read(key, None)?;
        self.bounded(key, &value, least)
    }

    /// The same where an old kernel without the key behaves as with another number.
    fn number_or(
        &mut self,
        key: &'static str,
        least: i64,
        instead: (&'static str, f64),
    ) -> Option<f64> {
        match self.read(key, Some(instead.0)) {
            Some(value) => self.bounded(key, &value, least),
            None if self.missing.is_empty() => Some(instead.1),
            None => None,
        }
    }

    fn bounded(&mut self, key: &'static str, value: &Value, least: i64) -> Option<f64> {
        match value {
            Value::Int(number) if *number >= least => i32::try_from(*number).ok().map(f64::from),
            other => {
                let what = format!("{key} is {other}, of which no time follows");
                self.missing.push(what);
                None
            }
        }
    }

    /// A whole number, zero or more.
    fn count(&mut self, key: &'static str) -> Option<u32> {
        let number = self.number(key, 0)?;
        whole(number)
    }

    /// The largest retransmission time-out, in seconds.
    fn largest(&mut self) -> Option<f64> {
        let milliseconds =
            self.number_or(RTO_MAX, 1, ("120000, as a constant", LARGEST * 1000.0))?;
        Some(milliseconds / 1000.0)
    }

    /// The first time-out of a handshake, in seconds.
    fn first(&self) -> f64 {
        let kernel = self.settings.kernel;
        if kernel.is_none_or(|kernel| ONE_SECOND.is_in(kernel)) {
            model::FIRST
        } else {
            model::FIRST_OF_OLD
        }
    }

    fn connect(&mut self) -> Option<(f64, Vec<f64>)> {
        let retries = self.count(SYN_RETRIES);
        let linear = self.number_or(LINEAR, 0, ("0: the time-outs double at once", 0.0));
        let largest = self.largest();
        let first = self.first();
        Some(model::connect(first, retries?, whole(linear?)?, largest?))
    }

    fn syn_ack(&mut self, remark: &mut Option<&'static str>) -> Option<(Answer, Vec<f64>)> {
        let retries = self.count(SYNACK_RETRIES);
        let bounded = self
            .settings
            .kernel
            .is_some_and(|kernel| LISTENER_RTO_MAX.is_in(kernel));
        let largest = if bounded {
            self.largest()
        } else {
            Some(LARGEST)
        };
        let (retries, largest) = (retries?, largest?);
        let known = retries.min(model::SHIFTED);
        let (end, again) = model::syn_ack(self.first(), known, largest);
        if retries >= model::UNREACHED {
            *remark =
                Some("The kernel counts the retries in 7 bits, so 128 and more are never reached.");
            return Some((Answer::Never, again));
        }
        if retries > known {
            *remark = Some(
                "Beyond 50 retries the kernel's sum overflows, and later waits may be shorter.",
            );
            return Some((Answer::AtLeast(end), again));
        }
        Some((Answer::Seconds(end), again))
    }

    fn unanswered(&mut self, key: &'static str) -> Option<Answer> {
        let retries = self.count(key);
        let largest = self.largest();
        Some(Answer::AtLeast(model::model(retries?, SMALLEST, largest?)))
    }

    fn idle(&mut self, remark: &mut Option<&'static str>) -> Option<Answer> {
        let time = self.number(KEEPALIVE_TIME, 1);
        let interval = self.number(KEEPALIVE_INTVL, 1);
        let probes = self.number(KEEPALIVE_PROBES, 0);
        let (time, interval, probes) = (time?, interval?, probes?);
        if probes < 1.0 {
            *remark =
                Some("With no probes a connection ends the first time it is due, asked or not.");
        }
        Some(Answer::Seconds(time + interval * probes))
    }

    fn orphan(&mut self, remark: &mut Option<&'static str>) -> Option<Answer> {
        let retries = self.count(ORPHAN_RETRIES);
        let largest = self.largest();
        let retries = retries?;
        if retries == 0 {
            *remark = Some(
                "0 stands for 8 retries, and for none once the time-out has reached its largest value.",
            );
        }
        Some(Answer::AtLeast(model::orphan(retries, largest?)))
    }

    fn fin_wait_2(&mut self, remark: &mut Option<&'static str>) -> Option<Answer> {
        // Never less than 3.5 retransmission time-outs (`tcp_fin_time`), and those are 0.2 s or more.
        const LEAST: f64 = 0.7;
        let seconds = self.number(FIN_TIMEOUT, i64::from(i32::MIN))?;
        if seconds < LEAST {
            *remark =
                Some("Less than 3.5 retransmission time-outs of the connection do not count.");
            return Some(Answer::AtLeast(LEAST));
        }
        if seconds > TIME_WAIT {
            // The socket waits for what is above 60 s, then its entry does (`tcp_rcv_state_process`,
            // `tcp_keepalive_timer`): each of them takes the 60 s off.
            *remark =
                Some("Above 60 the kernel waits twice the part above 60: 61 is 2 s, 120 is 120 s.");
            return Some(Answer::Seconds(2.0 * (seconds - TIME_WAIT)));
        }
        Some(Answer::Seconds(seconds))
    }

    fn connect_rate(&mut self, remark: &mut Option<&'static str>) -> Option<Answer> {
        let range = self.read(RANGE, None);
        let reserved = self.read(RESERVED, Some("none reserved"));
        let reuse = self.count(REUSE);
        let timestamps = self.count(TIMESTAMPS);
        let delay = self.number_or(REUSE_DELAY, 1, ("1000, as a constant", 1000.0));
        let Some(Value::Range([low, high])) = range else {
            return None;
        };
        let taken: i64 = match &reserved {
            Some(Value::Ports(ranges)) => ranges
                .iter()
                .map(|(from, to)| (i64::from(*to).min(high) - i64::from(*from).max(low) + 1).max(0))
                .sum(),
            _ => 0,
        };
        let usable = i32::try_from((high - low + 1 - taken).max(0)).ok()?;
        let (reuse, timestamps, delay) = (reuse?, timestamps?, delay?);
        let everywhere = match (reuse, self.has_loopback_only()) {
            (0, _) => false,
            (1, _) | (_, Some(false)) => true,
            (_, Some(true)) => false,
            (_, None) => {
                let why = "tcp_tw_reuse 2 is for loopback only from Linux 4.19 on, and for every destination \
                           before; a vendor's kernel may have the change earlier";
                self.missing.push(why.to_owned());
                return None;
            }
        };
        let is_on = everywhere && timestamps != 0;
        *remark = Some(match (reuse, is_on) {
            _ if everywhere && !is_on => "tcp_tw_reuse is on and does nothing: timestamps are off.",
            (_, true) => "A port in TIME-WAIT is taken again after the delay of tcp_tw_reuse.",
            (2, _) => "tcp_tw_reuse is 2: over loopback a port is taken again after its delay.",
            _ => "A port is taken again when its TIME-WAIT is over.",
        });
        let rest = if is_on { delay / 1000.0 } else { TIME_WAIT };
        Some(Answer::PerSecond(f64::from(usable) / rest))
    }

    /// Whether a `tcp_tw_reuse` of 2 is for loopback only, as from Linux 4.19 on; before, any number but 0 is for
    /// every destination (`tcp_twsk_unique`). A kernel that has it by default has that meaning as well.
    fn has_loopback_only(&self) -> Option<bool> {
        let Some(kernel) = self.settings.kernel else {
            return Some(true);
        };
        let spec = catalog::find(REUSE)?;
        let default = spec.default_for(kernel);
        if default == Some(Value::Int(2)) {
            return Some(true);
        }
        spec.values_since?.known_in(kernel)
    }
}

/// A number that is known to be whole and not negative.
fn whole(number: f64) -> Option<u32> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked to be in range"
    )]
    (0.0..=f64::from(u32::MAX))
        .contains(&number)
        .then_some(number as u32)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::catalog;

    /// The defaults of a kernel, with these values changed; what is `-` is absent.
    fn host(release: &str, changed: &[(&'static str, &str)]) -> Vec<Timing> {
        let kernel = KernelVersion::parse(release).unwrap();
        let changed: BTreeMap<_, _> = changed.iter().copied().collect();
        let read = |key: &str| {
            let spec = catalog::find(key).unwrap();
            match changed.get(key) {
                Some(&"-") => Reading::Absent,
                Some(&"?") => Reading::Denied("EACCES".to_owned()),
                Some(text) => Reading::Known(spec.parse(text).unwrap()),
                None if spec.since.is_some_and(|since| !since.is_in(&kernel)) => Reading::Absent,
                None => spec
                    .default_for(&kernel)
                    .map_or(Reading::Absent, Reading::Known),
            }
        };
        all(&Settings {
            read: &read,
            kernel: Some(&kernel),
        })
    }

    fn answer(timings: &[Timing], id: &str) -> Answer {
        let found = timings.iter().find(|timing| timing.id == id);
        found.unwrap().answer.clone()
    }

    fn seconds(timings: &[Timing], id: &str) -> f64 {
        match answer(timings, id) {
            Answer::Seconds(seconds) | Answer::AtLeast(seconds) | Answer::PerSecond(seconds) => {
                (seconds * 1000.0).round() / 1000.0
            }
            other => panic!("{id}: {other:?}"),
        }
    }

    #[test]
    fn the_defaults_of_a_kernel_give_the_known_times() {
        let new = host("6.18.0", &[]);
        for (id, expected) in [
            ("connect", 131.0),
            ("syn-ack", 63.0),
            ("route-doubt", 3.0),
            ("dead-peer", 924.6),
            ("dead-idle-peer", 7875.0),
            ("orphan", 102.2),
            ("fin-wait-2", 60.0),
            ("time-wait", 60.0),
        ] {
            assert!((seconds(&new, id) - expected).abs() < 1e-6, "{id}");
        }
        assert!((seconds(&new, "connect-rate") - 470.533).abs() < 1e-3);
        let old = host("5.10.0", &[]);
        assert!((seconds(&old, "connect") - 127.0).abs() < 1e-6);
        assert!((seconds(&old, "dead-peer") - 924.6).abs() < 1e-6);
    }

    #[test]
    fn reuse_counts_only_with_timestamps_and_with_its_delay() {
        let rate = |changed: &[_]| seconds(&host("6.18.0", changed), "connect-rate");
        assert!((rate(&[(REUSE, "1")]) - 28_232.0).abs() < 1e-6);
        assert!((rate(&[(REUSE, "1"), (REUSE_DELAY, "2000")]) - 14_116.0).abs() < 1e-6);
        assert!((rate(&[(REUSE, "1"), (TIMESTAMPS, "0")]) - 470.533).abs() < 1e-3);
        assert!((rate(&[(RANGE, "10000 65535")]) - 925.6).abs() < 1e-6);
        assert!((rate(&[(RESERVED, "32768-46883,70")]) - 235.267).abs() < 1e-3);
    }

    #[test]
    fn a_half_open_request_is_kept_for_ever_where_its_retries_cannot_be_counted() {
        let kept = |retries| answer(&host("6.12.0", &[(SYNACK_RETRIES, retries)]), "syn-ack");
        assert_eq!(kept("5"), Answer::Seconds(63.0));
        assert_eq!(kept("50"), Answer::Seconds(5407.0));
        assert_eq!(kept("51"), Answer::AtLeast(5407.0));
        assert_eq!(kept("127"), Answer::AtLeast(5407.0));
        assert_eq!(kept("128"), Answer::Never);
        assert_eq!(kept("255"), Answer::Never);
    }

    #[test]
    fn reuse_of_2_is_for_loopback_only_from_linux_4_19_on() {
        let rate = |release| {
            let timings = host(release, &[(REUSE, "2"), (RANGE, "32768 60999")]);
            answer(&timings, "connect-rate")
        };
        let near = |answer: Answer, expected: f64| {
            assert!(matches!(answer, Answer::PerSecond(found) if (found - expected).abs() < 1e-3));
        };
        near(rate("4.14.0"), 28_232.0);
        near(rate("4.19.0"), 470.533);
        // RHEL 8 has 2 by default, so it has that meaning; of RHEL 7 nobody knows.
        near(rate("4.18.0-553.el8_10.x86_64"), 470.533);
        let old = rate("3.10.0-1160.el7.x86_64");
        assert!(matches!(old, Answer::Unknown(why) if why[0].contains("4.19")));
    }

    #[test]
    fn a_kernel_without_a_key_is_told_what_counts_instead() {
        let timings = host("5.10.0", &[]);
        let connect = timings
            .iter()
            .find(|timing| timing.id == "connect")
            .unwrap();
        let instead: Vec<_> = connect.inputs.iter().map(|input| input.instead).collect();
        assert_eq!(instead[0], None);
        assert!(instead[1].is_some() && instead[2].is_some());
        assert_eq!(connect.again, [1.0, 3.0, 7.0, 15.0, 31.0, 63.0]);
    }

    #[test]
    fn what_cannot_be_read_makes_a_time_unknown_and_names_itself() {
        let timings = host("6.18.0", &[(RETRIES2, "?")]);
        let why = Answer::Unknown(vec![format!("{RETRIES2} is denied (EACCES)")]);
        assert_eq!(answer(&timings, "dead-peer"), why);
        let timings = host("6.18.0", &[(RTO_MAX, "?"), (LINEAR, "?")]);
        assert!(matches!(answer(&timings, "connect"), Answer::Unknown(why) if why.len() == 2));
    }

    #[test]
    fn a_value_without_meaning_gives_no_time() {
        let timings = host("6.18.0", &[(KEEPALIVE_TIME, "-5"), (FIN_TIMEOUT, "-1")]);
        assert!(matches!(
            answer(&timings, "dead-idle-peer"),
            Answer::Unknown(_)
        ));
        assert_eq!(answer(&timings, "fin-wait-2"), Answer::AtLeast(0.7));
        // Measured on 6.18: 61 gave 2.1 s, 65 10.4 s, 90 60.9 s, 120 122 s.
        for (set, expected) in [
            ("60", 60.0),
            ("61", 2.0),
            ("65", 10.0),
            ("90", 60.0),
            ("120", 120.0),
        ] {
            let timings = host("6.18.0", &[(FIN_TIMEOUT, set)]);
            assert!(
                (seconds(&timings, "fin-wait-2") - expected).abs() < 1e-6,
                "{set}"
            );
        }
        let none = host("6.18.0", &[(KEEPALIVE_PROBES, "0")]);
        assert!((seconds(&none, "dead-idle-peer") - 7200.0).abs() < 1e-6);
    }

    #[test]
    fn every_key_is_asked_for_even_where_none_can_be_read() {
        assert_eq!(keys_of("connect"), [SYN_RETRIES, LINEAR, RTO_MAX]);
        assert_eq!(keys_of("syn-ack"), [SYNACK_RETRIES, RTO_MAX]);
        assert_eq!(keys_of("connect-rate").len(), 5);
        assert!(keys_of("time-wait").is_empty());
        for id in IDS {
            assert!(keys_of(id).iter().all(|key| catalog::find(key).is_some()));
        }
    }

    #[test]
    fn the_largest_time_out_bounds_syn_acks_from_6_19_on() {
        let short = [(RTO_MAX, "2000")];
        assert!((seconds(&host("6.18.0", &short), "syn-ack") - 63.0).abs() < 1e-6);
        assert!((seconds(&host("6.19.0", &short), "syn-ack") - 11.0).abs() < 1e-6);
        assert!((seconds(&host("6.18.0", &short), "dead-peer") - 27.0).abs() < 1e-6);
    }
}
