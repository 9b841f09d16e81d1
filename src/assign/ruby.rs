//! Ruby, as of Chef.

use super::Assignment;

/// Every assignment of the text.
pub(super) fn find(_text: &str) -> Vec<Assignment> {
    Vec::new()
}
