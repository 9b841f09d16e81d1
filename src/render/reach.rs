//! Where a setting counts: in one network namespace, or on the whole machine.

use crate::catalog::{KeyScope, KeySpec};
use crate::fact::KernelVersion;

/// Where a kernel has a key, `None` where its release does not tell. Without a kernel, where newer ones
/// have it.
pub(super) fn scope_of(spec: &KeySpec, kernel: Option<&KernelVersion>) -> Option<KeyScope> {
    kernel.map_or(Some(spec.scope), |kernel| spec.scope_in(kernel))
}

/// The same as a phrase.
pub(super) fn reach(spec: &KeySpec, kernel: Option<&KernelVersion>) -> String {
    let words = match scope_of(spec, kernel) {
        Some(KeyScope::Netns) => "each network namespace has its own",
        Some(KeyScope::Host) => "one for the whole machine; absent in other network namespaces",
        Some(KeyScope::HostReadonly) => {
            "one for the whole machine; shown in containers, set on the host"
        }
        None => return unknown(spec),
    };
    words.to_owned()
}

/// Of a vendor's kernel below the release that changed it.
fn unknown(spec: &KeySpec) -> String {
    let newer = match spec.scope {
        KeyScope::Netns => "each network namespace has its own",
        KeyScope::Host | KeyScope::HostReadonly => "containers see it",
    };
    let since = spec.netns_since.map_or_else(
        || "newer kernels".to_owned(),
        |since| format!("Linux {since}"),
    );
    format!(
        "not known: {newer} from {since} on, and before it is one for the whole machine; a vendor's \
         kernel may have the change earlier"
    )
}
