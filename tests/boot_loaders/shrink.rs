//! Making a tree smaller that shows a difference.

use crate::tree::{Files, Node};

/// Attempts, at some 30 milliseconds each.
const ATTEMPTS: usize = 250;

/// The tree without every file and line that is not needed.
pub(crate) fn smallest(mut files: Files, mut differs: impl FnMut(&Files) -> bool) -> Files {
    let mut left = ATTEMPTS;
    let mut try_it = |files: &mut Files, smaller: Files| {
        if left == 0 {
            return;
        }
        left -= 1;
        if differs(&smaller) {
            *files = smaller;
        }
    };
    let paths: Vec<Vec<u8>> = files.0.keys().cloned().collect();
    for path in paths.iter().rev() {
        let mut smaller = files.clone();
        smaller.0.remove(path);
        try_it(&mut files, smaller);
    }
    for path in &paths {
        let mut at = 0;
        while let Some(Node::File(bytes)) = files.0.get(path) {
            let mut lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
            if at >= lines.len() {
                break;
            }
            lines.remove(at);
            let mut smaller = files.clone();
            let before = lines.len();
            smaller.0.insert(path.clone(), Node::File(lines.concat()));
            try_it(&mut files, smaller);
            let Some(Node::File(now)) = files.0.get(path) else {
                break;
            };
            let kept = now.split_inclusive(|byte| *byte == b'\n').count() > before;
            at += usize::from(kept);
        }
    }
    files
}
