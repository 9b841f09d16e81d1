//! The reader of the boot configuration over any file tree.

#![no_main]

mod tree;

use libfuzzer_sys::fuzz_target;
use tcptune::bootconf::load;
use tcptune::fact::boot::{Engine, Fate};

use self::tree::{Memory, SomeKeys};

fuzz_target!(|bytes: &[u8]| {
    let memory = Memory::decode(bytes);
    for engine in [Engine::Systemd, Engine::Procps] {
        let once = || load(&memory, &SomeKeys, engine, memory.command_line.as_deref());
        let told = once();
        assert_eq!(told, once(), "reading twice gives the same");
        assert_eq!(told.engine, engine);
        for definition in &told.definitions {
            assert!(definition.place.file.starts_with('/'), "{definition:?}");
            assert_ne!(definition.place.line, Some(0), "{definition:?}");
            assert!(definition.place.line.is_some(), "{definition:?}");
        }
        for write in &told.writes {
            let definition = &told.definitions[write.definition];
            assert!(!definition.unread, "{write:?} of {definition:?}");
            assert!(definition.value.is_some(), "an exclusion writes {write:?}");
            assert!(!write.secret || write.value.is_empty(), "{write:?}");
        }
        for (key, claims) in &told.claims {
            let mut last = None;
            for (index, _) in claims {
                assert!(*index < told.definitions.len(), "{key}: {claims:?}");
                assert!(last < Some(index), "{key} out of order: {claims:?}");
                last = Some(index);
            }
            let won = claims
                .iter()
                .filter(|(_, outcome)| outcome.fate == Fate::Wins);
            let won = won.map(|(index, _)| told.definitions[*index].value.is_some());
            let (set, kept): (Vec<bool>, Vec<bool>) = won.partition(|sets| *sets);
            // An exclusion said twice is in force twice.
            assert!(
                set.len() + usize::from(!kept.is_empty()) <= 1,
                "{key}: {claims:?}"
            );
        }
        for definition in &told.definitions {
            if definition.key.contains("tcp_fastopen_key")
                && !definition.key.contains(['*', '?', '['])
            {
                let shown = definition.value.as_deref();
                let open = shown.is_some_and(|value| value != "(secret)");
                let spelled = definition.key == "net.ipv4.tcp_fastopen_key";
                assert!(!(open && spelled), "{definition:?}");
            }
        }
    }
});
