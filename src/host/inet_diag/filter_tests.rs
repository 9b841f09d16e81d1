//! The filter against what the kernel does with one, written anew from `net/ipv4/inet_diag.c`.

use std::net::{Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;

use super::*;

fn op_at(bytes: &[u8], at: usize) -> (u8, i64, i64) {
    let no = u16::from_ne_bytes(bytes[at + 2..at + 4].try_into().unwrap());
    (bytes[at], bytes[at + 1].into(), no.into())
}

fn length(bytes: &[u8]) -> i64 {
    i64::try_from(bytes.len()).unwrap()
}

fn at(bytes: &[u8], len: i64) -> usize {
    usize::try_from(length(bytes) - len).unwrap()
}

/// `valid_cc`: whether a place is the start of an operation.
fn is_start(bytes: &[u8], cc: i64) -> bool {
    let mut len = length(bytes);
    while len >= 0 {
        if cc > len {
            return false;
        }
        if cc == len {
            return true;
        }
        let (_, yes, _) = op_at(bytes, at(bytes, len));
        if yes < 4 || yes & 3 != 0 {
            return false;
        }
        len -= yes;
    }
    false
}

/// `inet_diag_bc_audit`: whether the kernel takes the program.
fn is_taken(bytes: &[u8]) -> bool {
    let mut len = length(bytes);
    if len < 4 {
        return false;
    }
    while len > 0 {
        let start = at(bytes, len);
        let (code, yes, no) = op_at(bytes, start);
        let mut least = 4;
        match code {
            D_COND => {
                least += 8;
                if len < least {
                    return false;
                }
                let (family, prefix) = (bytes[start + 4], i64::from(bytes[start + 5]));
                let address = match family {
                    2 => 4,
                    10 => 16,
                    _ => return false,
                };
                least += address;
                if len < least || prefix > 8 * address {
                    return false;
                }
            }
            JMP => {}
            S_GE => {
                least += 4;
                if len < least {
                    return false;
                }
            }
            _ => return false,
        }
        if no < least || no > len + 4 || no & 3 != 0 {
            return false;
        }
        if no < len && !is_start(bytes, len - no) {
            return false;
        }
        if yes < least || yes > len + 4 || yes & 3 != 0 {
            return false;
        }
        len -= yes;
    }
    len == 0
}

/// `inet_diag_bc_run`: whether the kernel tells of a socket with this remote end. A socket of IPv6 has its
/// address in full, mapped or not.
fn is_told(bytes: &[u8], is_ipv6: bool, address: &[u8], port: u16) -> bool {
    let mut len = length(bytes);
    while len > 0 {
        let start = at(bytes, len);
        let (code, yes, no) = op_at(bytes, start);
        let goes_on = code == D_COND && {
            let condition = &bytes[start + 4..];
            let wanted = i32::from_ne_bytes(condition[4..8].try_into().unwrap());
            let of_ipv6 = condition[0] == 10;
            let wide = if of_ipv6 { 16 } else { 4 };
            assert_eq!(usize::from(condition[1]), 8 * wide, "the whole address");
            let bytes = &condition[8..8 + wide];
            i32::from(port) == wanted
                && match (is_ipv6, of_ipv6) {
                    (true, false) => {
                        address[..10] == [0; 10]
                            && address[10..12] == [255, 255]
                            && address[12..] == *bytes
                    }
                    (false, true) => false,
                    _ => address == bytes,
                }
        };
        len -= if goes_on { yes } else { no };
    }
    len == 0
}

fn tells_of(filter: &Filter, end: SocketAddr) -> bool {
    let told = |is_ipv6, address: &[u8]| is_told(&filter.bytes, is_ipv6, address, end.port());
    match end.ip() {
        IpAddr::V4(address) => {
            let plain = told(false, &address.octets());
            let mapped = told(true, &address.to_ipv6_mapped().octets());
            assert_eq!(plain, mapped, "both kinds of socket lead to {end}");
            plain
        }
        IpAddr::V6(address) => told(true, &address.octets()),
    }
}

fn ends() -> impl Strategy<Value = SocketAddr> {
    // Few, so that some meet.
    let address = prop_oneof![
        (0_u8..4).prop_map(|last| IpAddr::from([10, 0, 3, last])),
        (0_u16..4).prop_map(|last| IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, last])),
        any::<u32>().prop_map(|bits| Ipv4Addr::from(bits).into()),
        any::<u128>().prop_map(|bits| IpAddr::from(Ipv6Addr::from(bits)).to_canonical()),
    ];
    let port = prop_oneof![1_u16..4, any::<u16>()];
    (address, port).prop_map(|(address, port)| SocketAddr::new(address, port))
}

/// The same for a program that asks for the local port alone.
fn is_told_by_port(bytes: &[u8], port: u16) -> bool {
    let mut len = length(bytes);
    while len > 0 {
        let start = at(bytes, len);
        let (code, yes, no) = op_at(bytes, start);
        let goes_on = code == S_GE && i64::from(port) >= op_at(bytes, start + 4).2;
        len -= if goes_on { yes } else { no };
    }
    len == 0
}

proptest! {
    #[test]
    fn the_kernel_takes_every_choice_of_ports_and_tells_of_those_alone(
        edges in prop::collection::btree_set(1..u16::MAX, 1..120),
        to_the_end in any::<bool>(),
        others in prop::collection::vec(any::<u16>(), 0..40),
    ) {
        let edges: Vec<u16> = edges.into_iter().collect();
        let mut ranges: Vec<(u16, u16)> =
            edges.chunks_exact(2).map(|two| (two[0], two[1])).collect();
        if to_the_end || ranges.is_empty() {
            ranges.retain(|(_, high)| *high < 65_000);
            ranges.push((65_002, u16::MAX));
        }
        let apart = ranges.windows(2).all(|two| two[0].1 + 1 < two[1].0);
        let Some(filter) = Filter::on_ports(&ranges) else {
            prop_assert!(!apart);
            return Ok(());
        };
        prop_assert!(is_taken(filter.bytes()));
        let ends = ranges
            .iter()
            .flat_map(|(low, high)| [low - 1, *low, *high, high.saturating_add(1)]);
        for port in ends.chain(others) {
            let expected = ranges.iter().any(|(low, high)| (*low..=*high).contains(&port));
            prop_assert_eq!(is_told_by_port(filter.bytes(), port), expected, "{}", port);
        }
    }

    #[test]
    fn the_kernel_takes_every_filter_and_tells_of_those_destinations_alone(
        wanted in prop::collection::vec(ends(), 1..=MOST),
        others in prop::collection::vec(ends(), 0..40),
    ) {
        let filter = Filter::towards(&wanted).unwrap();
        prop_assert!(is_taken(filter.bytes()));
        for one in &wanted {
            prop_assert!(tells_of(&filter, *one), "{one}");
            prop_assert!(filter.port().is_none_or(|port| port == one.port()));
        }
        for other in others {
            prop_assert_eq!(tells_of(&filter, other), wanted.contains(&other), "{}", other);
        }
    }
}

#[test]
fn the_model_refuses_what_the_kernel_does() {
    let filter = Filter::towards(&["10.0.3.9:80".parse().unwrap()]).unwrap();
    for (at, value) in [(0, 77), (1, 3), (1, 12), (2, 3), (2, 200), (4, 3), (5, 33)] {
        let mut bytes = filter.bytes().to_vec();
        bytes[at] = value;
        assert!(!is_taken(&bytes), "{at} {value}");
    }
    assert!(!is_taken(&filter.bytes()[..12]));
    assert!(!is_taken(&[]));
}

#[test]
fn none_or_too_many_make_no_filter() {
    assert_eq!(Filter::towards(&[]), None);
    let many: Vec<SocketAddr> = (0..=64_u8)
        .map(|last| ([10, 0, 0, last], 80).into())
        .collect();
    assert_eq!(Filter::towards(&many), None);
    assert!(Filter::towards(&many[1..]).is_some());
    assert_eq!(Filter::on_ports(&[]), None);
    assert_eq!(Filter::on_ports(&[(7, 9), (8, 12)]), None, "not apart");
    let many: Vec<(u16, u16)> = (1..=513_u16).map(|at| (at * 4, at * 4 + 1)).collect();
    assert_eq!(Filter::on_ports(&many), None);
    assert!(Filter::on_ports(&many[1..]).is_some());
}

#[test]
fn a_port_of_all_is_known_and_several_are_not() {
    let of = |ends: &[&str]| {
        let ends: Vec<SocketAddr> = ends.iter().map(|end| end.parse().unwrap()).collect();
        Filter::towards(&ends).unwrap().port()
    };
    assert_eq!(of(&["10.0.3.9:80"]), Some(80));
    assert_eq!(of(&["10.0.3.9:80", "[2001:db8::1]:80"]), Some(80));
    assert_eq!(of(&["10.0.3.9:80", "10.0.3.9:81"]), None);
}
