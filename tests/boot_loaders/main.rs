//! The reader of the boot configuration against this machine's own loaders.
//!
//! Random file trees are laid out over the folders that `systemd-sysctl` and `sysctl --system` read, in a
//! mount namespace of their own; each loader then runs in a new network namespace, and what it says it
//! wrote, in which order, is held against what [`tcptune::bootconf::load`] says it would write; and the
//! values afterwards against what [`tcptune::bootconf::read`] foretells.
//!
//! `TCPTUNE_LOADERS_TREES` sets how many trees (500), `TCPTUNE_LOADERS_SEED` which; every difference names
//! the seed that shows it alone. No loader runs before the folders are seen to be replaced, and no key
//! is generated that belongs to more than the namespace.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot set its stage should stop there"
)]

mod broken;
mod compare;
mod generate;
mod keys;
mod loader;
mod random;
mod said;
mod shrink;
mod stage;
mod text;
mod tree;
mod values;

use tcptune::fact::boot::Engine;

use self::loader::Loader;

#[test]
fn systemd_sysctl_writes_what_the_reader_says() {
    stage::on_stage("systemd_sysctl_writes_what_the_reader_says", || {
        compare::many(&Loader::open(Engine::Systemd));
    });
}

#[test]
fn sysctl_system_writes_what_the_reader_says() {
    stage::on_stage("sysctl_system_writes_what_the_reader_says", || {
        compare::many(&Loader::open(Engine::Procps));
    });
}
