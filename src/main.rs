//! The `tcptune` binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    tcptune::cli::main()
}
