//! The two requests, byte by byte (`linux/inet_diag.h`).

use super::filter::Filter;
use super::{Ext, StateMask};

pub(super) const IPV4: u8 = 2;
pub(super) const IPV6: u8 = 10;
pub(super) const TCP: u8 = 6;
pub(super) const UDP: u8 = 17;

/// Message types: the old one for TCP in all families, the newer one per family and protocol.
pub(super) const TCPDIAG_GETSOCK: u16 = 18;
pub(super) const SOCK_DIAG_BY_FAMILY: u16 = 20;

/// Every request has a socket of its own, so one number serves all.
pub(super) const SEQUENCE: u32 = 1;

/// `NLM_F_REQUEST | NLM_F_ROOT | NLM_F_MATCH`.
const DUMP: u16 = 0x1 | 0x100 | 0x200;

/// The attribute that holds a filter (`INET_DIAG_REQ_BYTECODE`).
const BYTECODE: u16 = 1;

/// A request for a dump.
pub(super) struct Request {
    kind: u16,
    bytes: Vec<u8>,
}

impl Request {
    /// `struct inet_diag_req`: family, two prefix lengths, extensions, socket, states, tables.
    pub(super) fn legacy_tcp(states: StateMask, ext: Ext, filter: Option<&Filter>) -> Self {
        let mut body = vec![0, 0, 0, ext.bits()];
        body.extend_from_slice(&socket_id(filter));
        body.extend_from_slice(&states.bits().to_ne_bytes());
        body.extend_from_slice(&0_u32.to_ne_bytes());
        Self::new(TCPDIAG_GETSOCK, &with(body, filter))
    }

    /// `struct inet_diag_req_v2`: family, protocol, extensions, padding, states, socket.
    pub(super) fn by_family(
        family: u8,
        protocol: u8,
        states: StateMask,
        ext: Ext,
        filter: Option<&Filter>,
    ) -> Self {
        let mut body = vec![family, protocol, ext.bits(), 0];
        body.extend_from_slice(&states.bits().to_ne_bytes());
        body.extend_from_slice(&socket_id(filter));
        Self::new(SOCK_DIAG_BY_FAMILY, &with(body, filter))
    }

    fn new(kind: u16, body: &[u8]) -> Self {
        // A request has some 70 bytes, with a filter a few thousand.
        let length = u32::try_from(16 + body.len()).unwrap_or(u32::MAX);
        let mut bytes = Vec::with_capacity(16 + body.len());
        bytes.extend_from_slice(&length.to_ne_bytes());
        bytes.extend_from_slice(&kind.to_ne_bytes());
        bytes.extend_from_slice(&DUMP.to_ne_bytes());
        bytes.extend_from_slice(&SEQUENCE.to_ne_bytes());
        bytes.extend_from_slice(&0_u32.to_ne_bytes());
        bytes.extend_from_slice(body);
        Self { kind, bytes }
    }

    pub(super) const fn kind(&self) -> u16 {
        self.kind
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// `struct inet_diag_sockid`, which a dump of everything leaves empty; the remote port is its second
/// half word.
fn socket_id(filter: Option<&Filter>) -> [u8; 48] {
    let mut id = [0; 48];
    if let Some(port) = filter.and_then(Filter::port) {
        let [_, _, high, low, ..] = &mut id;
        [*high, *low] = port.to_be_bytes();
    }
    id
}

/// Appends the filter as an attribute: length, type, program.
fn with(mut body: Vec<u8>, filter: Option<&Filter>) -> Vec<u8> {
    if let Some(filter) = filter {
        let program = filter.bytes();
        let length = u16::try_from(4 + program.len()).unwrap_or(u16::MAX);
        body.extend_from_slice(&length.to_ne_bytes());
        body.extend_from_slice(&BYTECODE.to_ne_bytes());
        body.extend_from_slice(program);
    }
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_have_the_sizes_of_the_kernel_structures() {
        let legacy = Request::legacy_tcp(StateMask::LISTENING, Ext::Memory, None);
        assert_eq!(legacy.bytes().len(), 16 + 60);
        assert_eq!(legacy.bytes()[16 + 3], 0x40);
        assert_eq!(legacy.bytes()[16 + 52..16 + 56], 0x400_u32.to_ne_bytes());
        let newer = Request::by_family(IPV6, UDP, StateMask::CONNECTIONS, Ext::Info, None);
        assert_eq!(newer.bytes().len(), 16 + 56);
        assert_eq!(newer.bytes()[16..20], [10, 17, 2, 0]);
        assert_eq!(newer.bytes()[20..24], 0x1bfe_u32.to_ne_bytes());
    }

    #[test]
    fn a_filter_follows_the_structure_and_a_port_stands_in_it() {
        let one = ["10.0.3.9:8080".parse().unwrap()];
        let filter = Filter::towards(&one).unwrap();
        let request = Request::legacy_tcp(StateMask::CONNECTIONS, Ext::Plain, Some(&filter));
        let bytes = request.bytes();
        assert_eq!(bytes[..4], (16 + 60 + 4 + 16_u32).to_ne_bytes());
        assert_eq!(bytes.len(), 16 + 60 + 4 + 16);
        assert_eq!(bytes[16 + 4 + 2..16 + 4 + 4], 8080_u16.to_be_bytes());
        assert_eq!(bytes[76..78], 20_u16.to_ne_bytes());
        assert_eq!(bytes[78..80], 1_u16.to_ne_bytes());
        assert_eq!(bytes[80..], *filter.bytes());
        let newer =
            Request::by_family(IPV4, TCP, StateMask::CONNECTIONS, Ext::Plain, Some(&filter));
        assert_eq!(
            newer.bytes()[16 + 8 + 2..16 + 8 + 4],
            8080_u16.to_be_bytes()
        );
        assert_eq!(newer.bytes()[16 + 56 + 4..], *filter.bytes());
    }
}
