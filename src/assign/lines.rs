//! Shell, Dockerfiles, units, Markdown, HTML, plain text.

use super::{Assignment, FileKind};

/// Every assignment of the text.
pub(super) fn find(_kind: FileKind, _text: &str) -> Vec<Assignment> {
    Vec::new()
}
