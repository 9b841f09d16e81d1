//! Answers made by hand, cut, and thrown about.

use proptest::prelude::*;

use super::super::request::TCPDIAG_GETSOCK;
use super::*;

fn message(kind: u16, flags: u16, sequence: u32, body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.extend(u32::try_from(HEADER + body.len()).unwrap().to_ne_bytes());
    bytes.extend(kind.to_ne_bytes());
    bytes.extend(flags.to_ne_bytes());
    bytes.extend(sequence.to_ne_bytes());
    bytes.extend(7_u32.to_ne_bytes());
    bytes.extend(body);
    bytes.resize(align(bytes.len()), 0);
    bytes
}

fn body(family: u8, state: u8, local: &[u8], remote: &[u8]) -> Vec<u8> {
    let mut body = vec![family, state, 2, 1];
    body.extend(443_u16.to_be_bytes());
    body.extend(50_000_u16.to_be_bytes());
    for address in [local, remote] {
        let mut field = address.to_vec();
        field.resize(16, 0);
        body.extend(field);
    }
    body.extend([0; 12]);
    for number in [0_u32, 3, 128, 1000, 4711] {
        body.extend(number.to_ne_bytes());
    }
    assert_eq!(body.len(), MESSAGE);
    body
}

fn attribute(kind: u16, payload: &[u8]) -> Vec<u8> {
    let mut bytes = u16::try_from(4 + payload.len())
        .unwrap()
        .to_ne_bytes()
        .to_vec();
    bytes.extend(kind.to_ne_bytes());
    bytes.extend(payload);
    bytes.resize(align(bytes.len()), 0);
    bytes
}

fn ipv4() -> Vec<u8> {
    body(2, 1, &[10, 0, 0, 1], &[10, 0, 0, 2])
}

fn read(bytes: &[u8]) -> (Result<Batch, DiagError>, DumpNote, Vec<DiagSocket>) {
    let mut note = DumpNote::default();
    let mut found = Vec::new();
    let result = read_batch(bytes, TCPDIAG_GETSOCK, &mut note, &mut |socket| {
        found.push(socket.clone());
    });
    (result, note, found)
}

fn end_of_dump(code: i32) -> Vec<u8> {
    message(NLMSG_DONE, 2, SEQUENCE, &code.to_ne_bytes())
}

#[test]
fn a_socket_is_read_field_by_field() {
    let mut body = ipv4();
    let mut meminfo = [0_u8; 36];
    meminfo[32..].copy_from_slice(&15_u32.to_ne_bytes());
    let mut info = [0_u8; 232];
    info[56..60].copy_from_slice(&61_000_u32.to_ne_bytes());
    body.extend(attribute(8, &[0]));
    body.extend(attribute(SKMEMINFO, &meminfo));
    body.extend(attribute(INFO, &info));
    let mut bytes = message(TCPDIAG_GETSOCK, 2, SEQUENCE, &body);
    bytes.extend(end_of_dump(0));
    let (result, note, found) = read(&bytes);
    assert_eq!(result, Ok(Batch::Last));
    assert_eq!((note.sockets, note.interrupted), (1, false));
    let expected = DiagSocket {
        row: SocketRow {
            family: Family::Ipv4,
            state: TcpState::Established,
            local: "10.0.0.1:443".parse().unwrap(),
            remote: "10.0.0.2:50000".parse().unwrap(),
            timer: Some(Timer::Keepalive),
            retransmits: Some(1),
            receive_queue: 3,
            send_queue: 128,
            inode: 4711,
        },
        info: parse::tcp_info(&info),
        memory: parse::socket_memory(&meminfo),
        is_whole: true,
    };
    assert_eq!(found, [expected]);
    assert_eq!(found[0].drops(), Some(15));
    assert_eq!(found[0].last_ack_received(), Some(61_000));
}

#[test]
fn ipv4_over_an_ipv6_socket_is_shown_as_ipv4_of_an_ipv6_socket() {
    let mapped = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 192, 0, 2, 1];
    let body = body(10, 12, &mapped, &mapped);
    let (_, _, found) = read(&message(TCPDIAG_GETSOCK, 2, SEQUENCE, &body));
    assert_eq!(found[0].row.family, Family::Ipv6);
    assert_eq!(found[0].row.state, TcpState::SynRecv);
    assert_eq!(found[0].row.local, "192.0.2.1:443".parse().unwrap());
    assert_eq!((found[0].info, found[0].memory), (None, None));
    assert!(!found[0].is_whole);
}

#[test]
fn an_error_is_a_refusal_with_its_number() {
    let error = message(NLMSG_ERROR, 0, SEQUENCE, &(-2_i32).to_ne_bytes());
    assert_eq!(read(&error).0, Err(DiagError::Refused(Errno::NOENT)));
    // A handler that is missing ends the dump with its error.
    assert_eq!(
        read(&end_of_dump(-1)).0,
        Err(DiagError::Refused(Errno::PERM))
    );
    assert_eq!(
        read(&end_of_dump(i32::MIN)).0,
        Err(DiagError::Refused(Errno::IO))
    );
    let bare = message(NLMSG_ERROR, 0, SEQUENCE, &[]);
    assert!(matches!(read(&bare).0, Err(DiagError::Malformed(_))));
}

#[test]
fn a_dump_without_an_error_number_ends_well() {
    let (result, ..) = read(&message(NLMSG_DONE, 2, SEQUENCE, &[]));
    assert_eq!(result, Ok(Batch::Last));
}

#[test]
fn an_interrupted_dump_is_noted_and_read_on() {
    let mut bytes = message(TCPDIAG_GETSOCK, NLM_F_DUMP_INTR, SEQUENCE, &ipv4());
    bytes.extend(message(TCPDIAG_GETSOCK, 2, SEQUENCE, &ipv4()));
    let (result, note, found) = read(&bytes);
    assert_eq!(result, Ok(Batch::More));
    assert!(note.interrupted);
    assert_eq!(found.len(), 2);
}

#[test]
fn unknown_families_states_and_short_messages_are_counted_not_guessed() {
    let mut bytes = Vec::new();
    for (family, state) in [(1, 1), (2, 13), (2, 0)] {
        let body = body(family, state, &[0; 4], &[0; 4]);
        bytes.extend(message(TCPDIAG_GETSOCK, 2, SEQUENCE, &body));
    }
    bytes.extend(message(TCPDIAG_GETSOCK, 2, SEQUENCE, &ipv4()[..71]));
    bytes.extend(message(TCPDIAG_GETSOCK, 2, SEQUENCE, &ipv4()));
    let (result, note, found) = read(&bytes);
    assert_eq!(result, Ok(Batch::More));
    assert_eq!((note.unreadable, note.sockets, found.len()), (4, 1, 1));
}

#[test]
fn answers_to_another_request_are_passed_over() {
    let mut bytes = message(TCPDIAG_GETSOCK, NLM_F_DUMP_INTR, SEQUENCE + 1, &ipv4());
    bytes.extend(message(
        NLMSG_DONE,
        2,
        SEQUENCE + 1,
        &(-1_i32).to_ne_bytes(),
    ));
    bytes.extend(message(99, 2, SEQUENCE, &ipv4()));
    let (result, note, found) = read(&bytes);
    assert_eq!(result, Ok(Batch::More));
    assert_eq!(note, DumpNote::default());
    assert!(found.is_empty());
}

#[test]
fn a_length_that_lies_is_malformed() {
    for length in [0_u32, 15, 89, u32::MAX] {
        let mut bytes = message(TCPDIAG_GETSOCK, 2, SEQUENCE, &ipv4());
        bytes[..4].copy_from_slice(&length.to_ne_bytes());
        let (result, _, found) = read(&bytes);
        assert!(matches!(result, Err(DiagError::Malformed(_))), "{length}");
        assert!(found.is_empty());
    }
    assert!(matches!(read(&[]).0, Err(DiagError::Malformed(_))));
}

#[test]
fn an_answer_cut_anywhere_is_malformed_or_complete() {
    let mut bytes = message(TCPDIAG_GETSOCK, 2, SEQUENCE, &ipv4());
    let whole = bytes.len();
    bytes.extend(end_of_dump(0));
    for cut in 0..bytes.len() {
        let (result, _, found) = read(&bytes[..cut]);
        if cut == whole {
            assert_eq!(result, Ok(Batch::More));
        } else {
            assert!(matches!(result, Err(DiagError::Malformed(_))), "{cut}");
        }
        assert_eq!(found.len(), usize::from(cut >= whole), "{cut}");
    }
}

#[test]
fn a_broken_attribute_is_unknown_and_the_socket_stays() {
    for length in [0_u16, 3, 4, 35, 999] {
        let mut body = ipv4();
        let mut memory = attribute(SKMEMINFO, &[9; 36]);
        memory[..2].copy_from_slice(&length.to_ne_bytes());
        body.extend(memory);
        let (_, _, found) = read(&message(TCPDIAG_GETSOCK, 2, SEQUENCE, &body));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].drops(), None, "{length}");
    }
}

/// The socket of one message with these attributes behind it.
fn with(attributes: &[Vec<u8>]) -> DiagSocket {
    let mut body = ipv4();
    body.extend(attributes.concat());
    let (_, _, mut found) = read(&message(TCPDIAG_GETSOCK, 2, SEQUENCE, &body));
    assert_eq!(found.len(), 1);
    found.remove(0)
}

#[test]
fn information_of_any_length_is_read_as_far_as_it_goes() {
    for length in [0, 1, 59, 60, 103, 104, 136, 152, 192, 232, 248, 4000] {
        let payload: Vec<u8> = (0..=255).cycle().take(length).collect();
        let found = with(&[attribute(INFO, &payload), attribute(SKMEMINFO, &[9; 36])]);
        assert_eq!(found.info, parse::tcp_info(&payload), "{length}");
        assert_eq!(found.info.is_some(), length >= 104, "{length}");
        assert_eq!(found.drops(), Some(0x0909_0909), "{length}");
    }
}

#[test]
fn a_length_that_lies_costs_the_attributes_from_there_on_and_no_others() {
    for length in [0_u16, 3, 300, u16::MAX] {
        let mut lying = attribute(INFO, &[1; 232]);
        lying[..2].copy_from_slice(&length.to_ne_bytes());
        let found = with(&[attribute(SKMEMINFO, &[9; 36]), lying.clone()]);
        assert_eq!(found.info, None, "{length}");
        assert_eq!(found.drops(), Some(0x0909_0909), "{length}");
        let found = with(&[lying, attribute(SKMEMINFO, &[9; 36])]);
        assert_eq!((found.info, found.memory), (None, None), "{length}");
    }
    // A shorter length makes a shorter structure, and what follows is no attribute.
    let mut short = attribute(INFO, &[1; 232]);
    short[..2].copy_from_slice(&108_u16.to_ne_bytes());
    let found = with(&[short]).info.unwrap();
    assert_eq!((found.rto, found.bytes_acked), (0x0101_0101, None));
}

#[test]
fn of_two_attributes_of_a_kind_the_first_counts_and_flags_are_no_part_of_it() {
    let found = with(&[
        attribute(SKMEMINFO | 0x8000, &[9; 36]),
        attribute(SKMEMINFO, &[1; 36]),
    ]);
    assert_eq!(found.drops(), Some(0x0909_0909));
}

#[test]
fn a_whole_socket_is_told_by_its_shutdown_or_its_information() {
    assert!(!with(&[]).is_whole);
    assert!(!with(&[attribute(SKMEMINFO, &[0; 36])]).is_whole);
    assert!(with(&[attribute(SHUTDOWN, &[0])]).is_whole);
    assert!(with(&[attribute(INFO, &[0; 104])]).is_whole);
}

proptest! {
    #[test]
    fn garbage_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = read(&bytes);
    }

    #[test]
    fn a_changed_byte_never_panics_or_loops(at in 0_usize..500, value in any::<u8>()) {
        let mut body = ipv4();
        body.extend(attribute(INFO, &[9; 232]));
        body.extend(attribute(SKMEMINFO, &[9; 36]));
        let mut bytes = message(TCPDIAG_GETSOCK, 2, SEQUENCE, &body);
        bytes.extend(message(TCPDIAG_GETSOCK, 2, SEQUENCE, &body));
        if let Some(byte) = bytes.get_mut(at) {
            *byte = value;
        }
        let _ = read(&bytes);
    }
}
