//! The reader of the boot configuration over any file tree.

#![no_main]

mod tree;

use libfuzzer_sys::fuzz_target;
use tcptune::bootconf::{Request, load, read};
use tcptune::catalog::find;
use tcptune::fact::KernelVersion;
use tcptune::fact::boot::{Engine, Fate, Outcome};

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
            // An exclusion stands beside whatever sets the key before the files do.
            let sets = |(index, _): &&(usize, Outcome)| told.definitions[*index].value.is_some();
            assert!(won.filter(sets).count() <= 1, "{key}: {claims:?}");
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
        let value = |key: &str| find(key)?.default_for(&KernelVersion::parse("6.12.0")?);
        let boot = read(
            &memory,
            &SomeKeys,
            &Request {
                engine,
                decided: String::new(),
                cmdline: memory.command_line.as_deref(),
                kernel: KernelVersion::parse("6.12.0"),
                live: &value,
                default: &value,
                available: &|_, name| (name != "bbr").then_some(name == "reno"),
                builtin: &|_| None,
                opaque: None,
            },
        );
        for (key, setting) in &boot.settings {
            for at in [setting.set_by, setting.system_by].into_iter().flatten() {
                assert!(at < boot.definitions.len(), "{key}: {setting:?}");
            }
            for (at, _) in &setting.claims {
                assert!(*at < boot.definitions.len(), "{key}: {setting:?}");
            }
        }
    }
});
