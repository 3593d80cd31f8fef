//! Backups of generated volumes: they restore unchanged, and any flipped bit is detected.

use std::collections::BTreeMap;
use std::io::{Cursor, Read};

use proptest::prelude::*;
use tdd_stack::backup::format::{About, Known, Verified, Writer, copy_volume, verify};

/// Files by name, each with its content, mode and owner.
type Files = BTreeMap<String, (Vec<u8>, u32, u64)>;

fn files() -> impl Strategy<Value = Files> {
    let name = "[a-z0-9 .äß-]{0,120}[a-z0-9]";
    let content = proptest::collection::vec(any::<u8>(), 0..3000);
    proptest::collection::btree_map(name, (content, 0_u32..0o10000, 0_u64..100_000), 0..8)
}

/// Returns the archive that the engine would send for the files.
fn archive(files: &Files) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    let mut add = |path: String, kind, content: &[u8], mode, owner| {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_uid(owner);
        header.set_gid(owner);
        header.set_mtime(1_800_000_000);
        header.set_size(content.len() as u64);
        archive.append_data(&mut header, path, content).expect("writing to memory succeeds");
    };
    add("volume/".into(), tar::EntryType::Directory, b"", 0o755, 472);
    for (name, (content, mode, owner)) in files {
        add(format!("volume/{name}"), tar::EntryType::Regular, content, *mode, *owner);
    }
    archive.into_inner().expect("writing to memory succeeds")
}

fn read(archive: &[u8]) -> Files {
    let mut archive = tar::Archive::new(archive);
    let entries = archive.entries().expect("it is a tar archive").map(|entry| {
        let mut entry = entry.expect("it is a tar archive");
        let path =
            entry.path().expect("the path is readable").to_str().expect("the path is UTF-8").to_string();
        let mut content = Vec::new();
        entry.read_to_end(&mut content).expect("it is complete");
        let (mode, owner) = (entry.header().mode(), entry.header().uid());
        (path, (content, mode.expect("a number"), owner.expect("a number")))
    });
    let named = entries.filter_map(|(path, file)| Some((path.strip_prefix("volume/")?.to_string(), file)));
    named.filter(|(name, _)| !name.is_empty()).collect()
}

fn backup(files: &Files) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new()).expect("writing to memory succeeds");
    writer.volume("grafana_data", archive(files).as_slice()).expect("it is complete");
    writer.finish(About::default()).expect("writing to memory succeeds").0
}

fn check(backup: &[u8]) -> Result<Verified, tdd_stack::backup::format::Damage> {
    verify(Cursor::new(backup), &Known { volumes: vec!["grafana_data".into()], files: Vec::new() })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn volume_is_restored_unchanged(files in files()) {
        let backup = backup(&files);
        let manifest = check(&backup).expect("it is complete").manifest;
        let mut copied = Vec::new();
        copy_volume(Cursor::new(&backup), &manifest, "grafana_data", "volume", &mut copied).expect("it is complete");
        prop_assert_eq!(read(&copied), files);
    }

    #[test]
    fn any_flipped_bit_is_detected(files in files(), at in any::<prop::sample::Index>(), bit in 0..8) {
        let mut backup = backup(&files);
        let at = at.index(backup.len());
        backup[at] ^= 1_u8 << bit;
        prop_assert!(check(&backup).is_err());
    }
}
