//! Whether a line of YAML stands in the `securityContext.sysctls` of a pod.

/// How far up the names around a line are looked for.
const FAR: usize = 400;

/// Whether the line with this number, from 1, sets a key for a pod. The names around it decide: `sysctls`
/// below a `securityContext`, or below a value of a chart that is called after it.
pub(super) fn is_in_pod(lines: &[&str], number: usize) -> bool {
    let Some(at) = number.checked_sub(1) else {
        return false;
    };
    let Some(line) = lines.get(at) else {
        return false;
    };
    let mut sysctls = line.contains("sysctls:");
    let mut limit = depth(line);
    let above = lines.get(..at).unwrap_or_default().iter().rev().take(FAR);
    for line in above {
        let text = line.trim_start();
        let indent = line.len() - text.len();
        let is_item = text.starts_with("- ");
        if text.is_empty() || text.starts_with('#') || indent >= limit {
            continue;
        }
        let name = text.trim_start_matches("- ").split(':').next();
        let name = name.unwrap_or_default().trim_matches(['"', '\'', ' ']);
        let name_at = if is_item { indent + 2 } else { indent };
        if name_at < limit {
            sysctls = sysctls || name == "sysctls";
            if sysctls && name.to_ascii_lowercase().ends_with("securitycontext") {
                return true;
            }
        }
        limit = depth(line);
        if limit == 0 {
            break;
        }
    }
    false
}

/// Names that stand further left than this are around the line. The items of a list may stand as far left as
/// the name of the list.
fn depth(line: &str) -> usize {
    let text = line.trim_start();
    let indent = line.len() - text.len();
    if text.starts_with("- ") {
        indent + 1
    } else {
        indent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str, key: &str) -> bool {
        let lines: Vec<&str> = text.lines().collect();
        let at = lines.iter().position(|line| line.contains(key)).unwrap();
        is_in_pod(&lines, at + 1)
    }

    #[test]
    fn a_list_below_a_security_context_is_of_a_pod() {
        for text in [
            "spec:\n  securityContext:\n    sysctls:\n    - name: net.a\n      value: \"1\"\n",
            "spec:\n  securityContext:\n    sysctls:\n      - name: net.b\n        value: 1\n      # more\n      - value: 1\n        name: net.a\n",
            "podSecurityContext:\n  sysctls:\n  - name: net.a\n",
            "x:\n- securityContext:\n    runAsUser: 1\n    sysctls: [{name: net.a, value: \"1\"}]\n",
        ] {
            assert!(of(text, "net.a"), "{text}");
        }
    }

    #[test]
    fn other_lists_of_sysctls_are_not() {
        for text in [
            "services:\n  web:\n    sysctls:\n      - net.a=1\n",
            "securityContext:\n  runAsUser: 1\nsysctls:\n  - name: net.a\n",
            "securityContext:\n  other:\n  - name: net.a\n",
            "net.a: 1\n",
        ] {
            assert!(!of(text, "net.a"), "{text}");
        }
        assert!(!is_in_pod(&[], 0) && !is_in_pod(&[], 7));
    }
}
