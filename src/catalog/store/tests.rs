use super::super::find;
use super::*;
use crate::fact::KernelVersion;

fn stored(key: &str, old: &str, text: &str) -> Stored {
    let spec = find(key).unwrap();
    spec.store(spec.parse(old).ok().as_ref(), text.as_bytes())
}

/// The value afterwards as text and the errno.
fn told(key: &str, old: &str, text: &str) -> (Option<String>, Option<&'static str>) {
    let stored = stored(key, old, text);
    (stored.value().map(ToString::to_string), stored.errno())
}

fn taken(key: &str, old: &str, text: &str) -> String {
    match told(key, old, text) {
        (Some(value), None) => value,
        other => format!("{other:?}"),
    }
}

const FIN: &str = "net.ipv4.tcp_fin_timeout";
const RMEM: &str = "net.ipv4.tcp_rmem";

#[test]
fn an_integer_ends_at_the_first_blank_and_takes_c_prefixes() {
    for text in [
        "21",
        "21 # comment",
        "21 22",
        "21\tx",
        "025",
        "0x15",
        "0X15",
        "  21",
        "\x0b21",
    ] {
        assert_eq!(taken(FIN, "60", text), "21", "{text:?}");
    }
    assert_eq!(taken(FIN, "60", "-1"), "-1");
    assert_eq!(taken(FIN, "60", "-0"), "0");
    assert_eq!(taken(FIN, "60", "00000000000000000021"), "17");
}

#[test]
fn what_is_no_integer_is_refused_and_changes_nothing() {
    for text in [
        "",
        " ",
        "+21",
        "21.5",
        "21k",
        "21,22",
        "\"21\"",
        "yes",
        "-",
        "- 1",
        "--1",
        "08",
        "0x",
        "21;",
        "21\x0b",
        "000000000000000000021",
        "99999999999999999999",
        "2147483648",
    ] {
        assert_eq!(
            told(FIN, "60", text),
            (Some("60".into()), Some("EINVAL")),
            "{text:?}"
        );
    }
}

#[test]
fn a_byte_refuses_what_does_not_fit_and_every_sign() {
    let retries = |text| told("net.ipv4.tcp_retries2", "15", text);
    assert_eq!(retries("255"), (Some("255".into()), None));
    assert_eq!(retries("0"), (Some("0".into()), None));
    for text in ["256", "300", "-1", "-0"] {
        assert_eq!(retries(text), (Some("15".into()), Some("EINVAL")), "{text}");
    }
    assert_eq!(taken("net.ipv4.tcp_sack", "1", "255"), "1");
    assert_eq!(taken("net.ipv4.conf.all.rp_filter", "0", "-7"), "-7");
}

#[test]
fn seconds_between_the_bounds_of_slow_and_fast_ticks_are_open() {
    assert_eq!(taken(FIN, "60", "2147483"), "2147483");
    assert!(matches!(stored(FIN, "60", "2147484"), Stored::Unknown(_)));
    assert_eq!(told(FIN, "60", "99999999").1, Some("EINVAL"));
}

#[test]
fn milliseconds_kept_in_ticks_are_told_where_every_tick_divides_them() {
    let limit = |text| stored("net.ipv4.icmp_ratelimit", "1000", text);
    assert_eq!(limit("500"), Stored::Taken(Value::Int(500)));
    assert!(matches!(limit("501"), Stored::Unknown(_)));
    assert_eq!(limit("-1").errno(), Some("EINVAL"));
    assert_eq!(limit("4294967296"), Stored::Taken(Value::Int(0)));
}

#[test]
fn a_vector_changes_number_by_number() {
    let old = "4096 131072 33554432";
    assert_eq!(
        taken(RMEM, old, "4096 131072 6291456"),
        "4096 131072 6291456"
    );
    assert_eq!(
        taken(RMEM, old, "6291456 131072 4096"),
        "6291456 131072 4096"
    );
    assert_eq!(taken(RMEM, old, "5000"), "5000 131072 33554432");
    assert_eq!(taken(RMEM, old, "1 2 3 4"), "1 2 3");
    assert_eq!(taken(RMEM, old, "1 2 3 # c"), "1 2 3");
    let refused = |value: &str| (Some(value.to_owned()), Some("EINVAL"));
    assert_eq!(
        told(RMEM, old, "5000 abc 600000"),
        refused("5000 131072 33554432")
    );
    assert_eq!(told(RMEM, old, "5000,140000,600000"), refused(old));
    assert_eq!(
        told(RMEM, old, "4096 131072 6291000#c"),
        refused("4096 131072 33554432")
    );
    assert_eq!(told(RMEM, old, "-1 131072 6291000"), refused(old));
}

#[test]
fn a_part_of_a_vector_is_open_where_the_rest_is_not_known() {
    let spec = find(RMEM).unwrap();
    assert!(matches!(spec.store(None, b"5000"), Stored::Unknown(_)));
    assert_eq!(
        spec.store(None, b"1 2 3"),
        Stored::Taken(Value::Triple([1, 2, 3]))
    );
    let refused = spec.store(None, b"5000 abc");
    assert_eq!((refused.value(), refused.errno()), (None, Some("EINVAL")));
}

#[test]
fn a_range_changes_as_a_whole_or_not_at_all() {
    let ports = |text| told("net.ipv4.ip_local_port_range", "32768 60999", text);
    assert_eq!(ports("1024 65535"), (Some("1024 65535".into()), None));
    assert_eq!(ports("40000"), (Some("40000 60999".into()), None));
    for text in [
        "60000 1024",
        "1000 65535",
        "1024 65536",
        "1024 x",
        "0 1",
        "",
    ] {
        assert_eq!(
            ports(text),
            (Some("32768 60999".into()), Some("EINVAL")),
            "{text}"
        );
    }
    let groups = |text| taken("net.ipv4.ping_group_range", "1 0", text);
    assert_eq!(groups("0 2147483647"), "0 2147483647");
    assert_eq!(groups("5 4"), "1 0");
}

#[test]
fn a_list_of_ports_has_no_blanks_and_is_kept_in_order() {
    let ports = |text| told("net.ipv4.ip_local_reserved_ports", "7", text);
    assert_eq!(
        ports("9150,8080,9148-9149"),
        (Some("8080,9148-9150".into()), None)
    );
    assert_eq!(ports("8080,"), (Some("8080".into()), None));
    assert_eq!(ports(""), (Some(String::new()), None));
    for text in [
        "8080, 9090",
        " 1",
        "1,,2",
        "2-1",
        "65536",
        "-1",
        "1-",
        "8080 # c",
    ] {
        assert_eq!(ports(text), (Some("7".into()), Some("EINVAL")), "{text}");
    }
    let long = "1,".repeat(3000);
    let spec = find("net.ipv4.ip_local_reserved_ports").unwrap();
    assert!(matches!(
        spec.store(None, long.as_bytes()),
        Stored::Unknown(_)
    ));
}

/// A kernel with `bbr` and nothing else.
struct OnlyBbr;
impl Beside for OnlyBbr {
    fn value(&self, _key: &str) -> Option<Value> {
        None
    }
    fn available(&self, _key: &str, name: &str) -> Option<bool> {
        Some(name == "bbr")
    }
}

/// A kernel of a release, with a larger bound for `tcp_reordering`.
struct Of(KernelVersion);
impl Beside for Of {
    fn value(&self, key: &str) -> Option<Value> {
        key.ends_with("tcp_max_reordering")
            .then_some(Value::Int(1000))
    }
    fn available(&self, _key: &str, _name: &str) -> Option<bool> {
        None
    }
    fn kernel(&self) -> Option<&KernelVersion> {
        Some(&self.0)
    }
}

#[test]
fn what_is_refused_goes_by_the_kernel_where_one_is_meant() {
    let stored = |release: &str, key, text: &str| {
        let kernel = Of(KernelVersion::parse(release).unwrap());
        let stored = find(key)
            .unwrap()
            .store_beside(None, text.as_bytes(), &kernel);
        match stored {
            Stored::Taken(value) => value.to_string(),
            Stored::Refused { errno, .. } => errno.to_owned(),
            Stored::Unknown(_) => "?".to_owned(),
        }
    };
    let retries = "net.ipv4.tcp_retries2";
    assert_eq!(stored("6.1.0", retries, "300"), "EINVAL");
    for old in ["3.10.0", "3.10.0-1160.el7.x86_64"] {
        assert_eq!(stored(old, retries, "300"), "?", "{old}");
        assert_eq!(stored(old, retries, "-1"), "?", "{old}");
        assert_eq!(stored(old, retries, "8"), "8", "{old}");
        assert_eq!(stored(old, retries, "99999999999"), "EINVAL", "{old}");
    }
    assert_eq!(stored("6.12.0", "net.ipv4.tcp_ecn", "3"), "EINVAL");
    assert_eq!(stored("6.19.0", "net.ipv4.tcp_ecn", "3"), "?");
    let reordering = "net.ipv4.tcp_reordering";
    assert_eq!(stored("6.12.0", reordering, "1000"), "1000");
    assert_eq!(stored("6.12.0", reordering, "1001"), "EINVAL");
    assert_eq!(stored("5.10.0", reordering, "1001"), "?");
    let rhel_7 = "3.10.0-1160.el7.x86_64";
    assert_eq!(stored(rhel_7, "net.core.somaxconn", "100000"), "EINVAL");
    // What fits into the ticks of a slower clock, as a live kernel took it.
    let limit = "net.ipv4.tcp_invalid_ratelimit";
    let wrapped = "6534934708307074384 1,-262";
    assert_eq!(stored("6.18.44", limit, wrapped), "1594072400");
}

#[test]
fn an_algorithm_must_be_there_and_nothing_may_follow_it() {
    let key = "net.ipv4.tcp_congestion_control";
    assert_eq!(taken(key, "cubic", "reno"), "reno");
    for text in ["reno # comment", "reno x", "", "bbr\r"] {
        assert_eq!(
            told(key, "cubic", text),
            (Some("cubic".into()), Some("ENOENT")),
            "{text}"
        );
    }
    assert!(matches!(stored(key, "cubic", "bbr"), Stored::Unknown(_)));

    let spec = find(key).unwrap();
    let with = |text: &[u8]| spec.store_beside(None, text, &OnlyBbr);
    assert_eq!(with(b"bbr"), Stored::Taken(Value::Text("bbr".into())));
    assert_eq!(with(b"nosuch").errno(), Some("ENOENT"));
    let allowed = find("net.ipv4.tcp_allowed_congestion_control").unwrap();
    let list = |text: &[u8]| allowed.store_beside(None, text, &OnlyBbr);
    assert_eq!(list(b"bbr nosuch").errno(), Some("ENOENT"));
    assert_eq!(
        list(b" reno"),
        Stored::Taken(Value::Words(vec!["reno".into()]))
    );
    // Shown in the order of registration, whatever was written.
    for text in [&b"reno bbr"[..], b"bbr reno"] {
        let both = Value::Words(vec!["bbr".into(), "reno".into()]);
        assert_eq!(list(text), Stored::Taken(both));
    }
    assert!(matches!(list(b"reno  bbr"), Stored::Unknown(_)));
}

#[test]
fn what_the_catalogue_does_not_know_stays_open() {
    for key in [
        "net.ipv4.conf.eth0.made_up",
        "net.ipv4.tcp_fastopen_key",
        "net.ipv4.route.flush",
        "net.core.rps_sock_flow_entries",
    ] {
        assert!(matches!(stored(key, "", "1"), Stored::Unknown(_)), "{key}");
    }
    assert_eq!(
        stored("net.ipv4.tcp_ehash_entries", "1", "2").errno(),
        Some("EACCES")
    );
}

#[test]
fn a_number_behind_the_page_is_open() {
    let mut text = " ".repeat(4094);
    assert_eq!(told(FIN, "60", &text).1, Some("EINVAL"));
    text.push_str(" 21");
    assert!(matches!(stored(FIN, "60", &text), Stored::Unknown(_)));
    let comment = format!("21 #{}", "x".repeat(10_000));
    assert_eq!(taken(FIN, "60", &comment), "21");
}
