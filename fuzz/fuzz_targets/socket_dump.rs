//! The reader of socket diagnostics over any bytes.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tcptune::fact::socket::{BufferLimits, Examination, PortView, SocketTally};
use tcptune::host::inet_diag::{DumpNote, read_answers};

fuzz_target!(|bytes: &[u8]| {
    let once = || {
        let mut tally = SocketTally::new(PortView {
            range: (32_768, 60_999),
            listening: [443].into(),
        });
        let limits = BufferLimits {
            receive: Some(131_072),
            send: Some(16_384),
        };
        let mut examination = Examination::new(limits);
        let mut note = DumpNote::default();
        let mut shown = 0;
        let read = read_answers(bytes, &mut note, |socket| {
            shown += 1;
            tally.observe(&socket.row);
            examination.observe(&socket.row, socket.info.as_ref(), socket.memory);
        });
        assert_eq!(shown, note.sockets, "each socket is shown once");
        // A socket takes a header and the fixed part of its message.
        assert!(shown <= bytes.len() as u64 / 88, "{shown} of {}", bytes.len());
        (read, note, tally.finish(), examination.finish())
    };
    let (read, note, summary, examined) = once();
    let again = once();
    assert_eq!((&read, &note), (&again.0, &again.1), "reading twice gives the same");
    assert_eq!((&summary, &examined), (&again.2, &again.3));
    assert!(examined.looked_at <= note.sockets);
    assert!(examined.quiet_unarmed.for_60s <= examined.quiet.for_60s);
    assert!(examined.quiet.for_3600s <= examined.quiet.for_60s);
    assert!(examined.pmtu_suspects <= examined.looked_at);
});
