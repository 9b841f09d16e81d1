//! The numbers an experiment saw, for whoever runs it with `--nocapture`.

/// Writes one line, which the harness keeps to itself unless asked.
#[expect(
    clippy::print_stderr,
    reason = "only the macro goes through the harness, which captures it"
)]
pub(crate) fn note(line: &str) {
    eprintln!("measured: {line}");
}
