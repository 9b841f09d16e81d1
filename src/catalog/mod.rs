//! The catalogue: what is known of every kernel setting and counter.
//!
//! The data stands in `rules/catalog/*.yaml`; the build turns it into static tables, so a program
//! that starts pays nothing for it. This floor performs no I/O: it knows what a key *is*, not what
//! this host has in it.
//!
//! ```
//! let key = tcptune::catalog::find("net/ipv4/conf/eth0.100/rp_filter").unwrap();
//! assert_eq!(key.key, "net.ipv4.conf.*.rp_filter");
//! ```

mod accept;
mod bounds;
mod by_kernel;
mod counter;
mod default;
mod family;
mod find;
mod fragments;
mod guard;
mod ineffective;
mod key;
mod module;
mod name;
mod nature;
mod nearest;
mod parse;
mod release;
mod store;

pub use accept::Refused;
pub use bounds::Bounds;
pub use counter::{CounterSpec, counter, counters};
pub use default::Lineage;
pub use family::{family, is_of_bsd};
pub use find::{find, find_single, keys};
pub use fragments::FragmentBound;
pub use guard::{LOWEST_PORT, PORT_RANGE, RESERVED_PORTS, guard_facts};
pub use key::{DefaultSince, Handler, KeyScope, KeySpec, Kind, NewNetns, Write};
pub use module::module_of;
pub use name::{canonical, path};
pub use nature::is_of_interface;
pub use nearest::{nearest, nearest_counter, slashed};
pub use parse::ParseError;
pub use release::Release;
pub use store::{Beside, ROUNDED, Stored};

/// The tables made by `src/build/catalog` from `rules/catalog`.
#[expect(clippy::unreadable_literal, reason = "generated code")]
mod table {
    use super::key::BoundsSince;
    use super::{
        CounterSpec, DefaultSince, Handler, KeyScope, KeySpec, Kind, NewNetns, Release, Write,
    };
    use crate::fact::Unit;

    include!(concat!(env!("OUT_DIR"), "/catalog.rs"));
}
