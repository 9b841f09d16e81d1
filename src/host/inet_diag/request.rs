//! The two requests, byte by byte (`linux/inet_diag.h`).

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

/// `struct inet_diag_sockid`, which a dump of everything leaves empty.
const SOCKID: [u8; 48] = [0; 48];

/// A request for a dump.
pub(super) struct Request {
    kind: u16,
    bytes: Vec<u8>,
}

impl Request {
    /// `struct inet_diag_req`: family, two prefix lengths, extensions, socket, states, tables.
    pub(super) fn legacy_tcp(states: StateMask, ext: Ext) -> Self {
        let mut body = vec![0, 0, 0, ext.bits()];
        body.extend_from_slice(&SOCKID);
        body.extend_from_slice(&states.bits().to_ne_bytes());
        body.extend_from_slice(&0_u32.to_ne_bytes());
        Self::new(TCPDIAG_GETSOCK, &body)
    }

    /// `struct inet_diag_req_v2`: family, protocol, extensions, padding, states, socket.
    pub(super) fn by_family(family: u8, protocol: u8, states: StateMask, ext: Ext) -> Self {
        let mut body = vec![family, protocol, ext.bits(), 0];
        body.extend_from_slice(&states.bits().to_ne_bytes());
        body.extend_from_slice(&SOCKID);
        Self::new(SOCK_DIAG_BY_FAMILY, &body)
    }

    fn new(kind: u16, body: &[u8]) -> Self {
        // A request has some 70 bytes.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_have_the_sizes_of_the_kernel_structures() {
        let legacy = Request::legacy_tcp(StateMask::LISTENING, Ext::Memory);
        assert_eq!(legacy.bytes().len(), 16 + 60);
        assert_eq!(legacy.bytes()[16 + 3], 0x40);
        assert_eq!(legacy.bytes()[16 + 52..16 + 56], 0x400_u32.to_ne_bytes());
        let newer = Request::by_family(IPV6, UDP, StateMask::CONNECTIONS, Ext::Info);
        assert_eq!(newer.bytes().len(), 16 + 56);
        assert_eq!(newer.bytes()[16..20], [10, 17, 2, 0]);
        assert_eq!(newer.bytes()[20..24], 0x1bfe_u32.to_ne_bytes());
    }
}
