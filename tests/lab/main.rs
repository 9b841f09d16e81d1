//! The live-kernel lab: each situation is provoked on this kernel, in network namespaces of its own.
//! `tests/lab/README.md` tells how an experiment is built and what it needs.

#![expect(
    clippy::expect_used,
    reason = "a fixture that cannot be set up fails its experiment by panicking"
)]

mod boot_files;
mod calls;
mod evidence;
mod explained;
mod flood;
mod flow;
mod forged;
mod judge;
mod kernel;
mod load;
mod machine;
mod net;
mod notes;
mod pair;
mod report;
mod wait;
mod wire;

mod accept_queue;
mod buffers;
mod close_wait;
mod congestion;
mod errors;
mod errors_ends;
mod errors_limits;
mod errors_misuse;
mod errors_ports;
mod errors_unreachable;
mod filtering;
mod fin_wait;
mod fin_wait_orphans;
mod healthy;
mod host;
mod hygiene;
mod hygiene_values;
mod keepalive;
mod lookalikes;
mod pmtu;
mod port_conflicts;
mod ports;
mod retransmit;
mod states;
mod syn_backlog;
mod syn_queue;
mod syn_recv;
mod syn_sent;
mod time_wait;
mod timestamps_sack;
mod timings;
mod timings_closing;
mod tw_reuse;
