//! The finders of assignments over any text, read as any kind of file.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tcptune::assign::{Assignment, find};

/// Names that lead to each of the finders; the first byte of the input chooses one.
const NAMES: [&str; 11] = [
    "sysctl.conf", "tune.sh", "Dockerfile", "tasks.yml", "plan.json", "host.nix", "recipe.rb",
    "site.pp", "tune.service", "page.md", "page.html",
];

fuzz_target!(|bytes: &[u8]| {
    let Some((choice, rest)) = bytes.split_first() else {
        return;
    };
    let name = NAMES[usize::from(*choice) % NAMES.len()];
    let text = String::from_utf8_lossy(rest);
    let found: Vec<Assignment> = find(name, &text);
    assert_eq!(found, find(name, &text), "reading twice gives the same");
    let lines = text.lines().count();
    let mut before = (0, 0);
    for one in &found {
        assert!((1..=lines).contains(&one.line), "{one:?} of {lines} lines");
        assert!(one.value_line >= 1 && one.value_line <= lines, "{one:?} of {lines} lines");
        assert!(one.column >= 1, "{one:?}");
        assert!(!one.key.is_empty(), "{one:?}");
        assert!((one.line, one.column) >= before, "{one:?} is out of order");
        before = (one.line, one.column);
    }
});
