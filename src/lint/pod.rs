//! Whether a line of YAML stands in the `securityContext.sysctls` of a pod.

/// How far up the names around a line are looked for.
const FAR: usize = 400;

/// How much of a line is looked at, in bytes: names stand at its start.
const NEAR: usize = 1024;

/// The lines of a text, and of which was asked last: many keys may stand on one line, and many lines below
/// the same names.
pub(super) struct Pods<'t> {
    pub(super) lines: &'t [&'t str],
    last: Option<Asked>,
}

/// What was asked, and the answer.
#[derive(Clone, Copy)]
struct Asked {
    at: usize,
    around: Around,
    is: bool,
}

/// What a look upwards knows of the lines it has passed.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Around {
    /// One of them is named `sysctls`.
    sysctls: bool,
    /// Names that stand further left are around all of them.
    limit: usize,
}

impl<'t> Pods<'t> {
    /// Of these lines.
    pub(super) const fn new(lines: &'t [&'t str]) -> Self {
        Self { lines, last: None }
    }

    /// Whether the line with this number, from 1, sets a key for a pod. The names around it decide: `sysctls`
    /// below a `securityContext`, or below a value of a chart that is called after it.
    pub(super) fn holds(&mut self, number: usize) -> bool {
        let Some(at) = number.checked_sub(1) else {
            return false;
        };
        if let Some(last) = self.last.filter(|last| last.at == at) {
            return last.is;
        }
        let Some(line) = self.lines.get(at).map(|line| start(line)) else {
            return false;
        };
        let around = Around {
            sysctls: line.contains("sysctls:"),
            limit: depth(line),
        };
        let is = self.is_below(at, around);
        self.last = Some(Asked { at, around, is });
        is
    }

    fn is_below(&self, at: usize, mut around: Around) -> bool {
        let above = self.lines.get(..at).unwrap_or_default();
        for (at, line) in above.iter().enumerate().rev().take(FAR) {
            if let Some(is) = around.pass(start(line)) {
                return is;
            }
            if let Some(last) = self.last
                && last.at == at
                && last.around == around
            {
                return last.is;
            }
        }
        false
    }
}

impl Around {
    /// Passes a line, which may give the answer.
    fn pass(&mut self, line: &str) -> Option<bool> {
        let text = line.trim_start();
        let indent = line.len() - text.len();
        let is_item = text.starts_with("- ");
        if text.is_empty() || text.starts_with('#') || indent >= self.limit {
            return None;
        }
        let name = text.trim_start_matches("- ").split(':').next();
        let name = name.unwrap_or_default().trim_matches(['"', '\'', ' ']);
        let name_at = if is_item { indent + 2 } else { indent };
        if name_at < self.limit {
            self.sysctls |= name == "sysctls";
            if self.sysctls && name.to_ascii_lowercase().ends_with("securitycontext") {
                return Some(true);
            }
        }
        self.limit = depth(line);
        (self.limit == 0).then_some(false)
    }
}

/// The start of a line.
fn start(line: &str) -> &str {
    // A character takes four bytes at most.
    let mut ends = (NEAR - 3..=NEAR).rev();
    ends.find_map(|end| line.get(..end)).unwrap_or(line)
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
        Pods::new(&lines).holds(at + 1)
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
        assert!(!Pods::new(&[]).holds(0) && !Pods::new(&[]).holds(7));
    }

    #[test]
    fn a_long_list_is_of_a_pod_to_its_end() {
        for (head, is) in [("securityContext", true), ("other", false)] {
            let list = "    - name: net.a\n      value: 1\n".repeat(500);
            let text = format!("spec:\n  {head}:\n    sysctls:\n{list}");
            let lines: Vec<&str> = text.lines().collect();
            let mut pods = Pods::new(&lines);
            let mut found = (3..lines.len()).step_by(2).map(|at| pods.holds(at + 1));
            assert!(found.all(|found| found == is), "{head}");
        }
    }
}
