//! Tests of damaged and forged backups: every flipped bit and every forged entry is rejected.

use std::io::{Cursor, Read, Write};

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use tar::{EntryType, Header};

use super::seal::Sealing;
use super::*;

fn known() -> Known {
    Known { volumes: vec!["prometheus_data".into()], files: vec!["alerts.yml".into()] }
}

/// Returns a small volume as the tar archive that the engine would send.
fn volume() -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    let mut add = |path: &str, kind, content: &[u8], target: Option<&str>| {
        let mut header = Header::new_gnu();
        header.set_entry_type(kind);
        header.set_uid(65534);
        header.set_gid(472);
        header.set_mode(0o640);
        header.set_mtime(1_800_000_000);
        header.set_size(content.len() as u64);
        match target {
            Some(target) => archive.append_link(&mut header, path, target).unwrap(),
            None => archive.append_data(&mut header, path, content).unwrap(),
        }
    };
    add("volume/", EntryType::Directory, b"", None);
    add("volume/wal/", EntryType::Directory, b"", None);
    add("volume/wal/00000000", EntryType::Regular, b"samples", None);
    add("volume/again", EntryType::Link, b"", Some("volume/wal/00000000"));
    add("volume/newest", EntryType::Symlink, b"", Some("wal/00000000"));
    add(&format!("volume/{}", "long/".repeat(40)), EntryType::Directory, b"", None);
    archive.into_inner().unwrap()
}

fn backup() -> Vec<u8> {
    let mut writer = Writer::new(Vec::new()).unwrap();
    writer.volume("prometheus_data", volume().as_slice()).unwrap();
    writer.file("alerts.yml", "groups: []\n").unwrap();
    let about = About { stack: "tdd".into(), edited: vec!["alerts.yml".into()], ..About::default() };
    writer.finish(about).unwrap().0
}

fn check(bytes: &[u8]) -> Result<Verified, Damage> {
    verify(Cursor::new(bytes), &known())
}

/// Returns the decompressed content of a backup.
fn opened(backup: &[u8]) -> Vec<u8> {
    let mut inside = Vec::new();
    MultiGzDecoder::new(backup).read_to_end(&mut inside).unwrap();
    inside
}

/// Returns a file with a valid seal and arbitrary content.
fn forged(inside: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Sealing::new(Vec::new()), Compression::fast());
    encoder.write_all(inside).unwrap();
    encoder.finish().unwrap().seal().unwrap()
}

/// Returns an archive with these entries and a manifest without entries.
fn archive(entries: &[(&str, EntryType, &str)]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    let manifest = format!(
        r#"{{"schema": "{SCHEMA}", "stack": "", "version": "", "created": "", "images": {{}}, "edited": [], "entries": []}}"#
    );
    for (path, kind, content) in entries.iter().chain([&("manifest.json", EntryType::Regular, &*manifest)]) {
        let mut header = Header::new_gnu();
        let link = matches!(kind, EntryType::Link | EntryType::Symlink);
        header.set_entry_type(*kind);
        header.set_mode(0o644);
        header.set_size(if link { 0 } else { content.len() as u64 });
        // Written directly, because the builder rejects such paths.
        header.as_mut_bytes()[..path.len()].copy_from_slice(path.as_bytes());
        if link {
            header.as_mut_bytes()[157..157 + content.len()].copy_from_slice(content.as_bytes());
        }
        header.set_cksum();
        archive.append(&header, if link { &[] } else { content.as_bytes() }).unwrap();
    }
    archive.into_inner().unwrap()
}

#[test]
fn manifest_lists_the_content() {
    let verified = check(&backup()).unwrap();
    let manifest = &verified.manifest;
    assert_eq!((manifest.volumes(), manifest.files()), (vec!["prometheus_data"], vec!["alerts.yml"]));
    assert_eq!(manifest.bytes("prometheus_data"), 7);
    assert_eq!(manifest.about.edited, ["alerts.yml"]);
    assert_eq!(verified.files, [("alerts.yml".to_string(), "groups: []\n".to_string())].into());
}

#[test]
fn volume_keeps_owners_modes_times_and_links() {
    let (backup, mut copied) = (backup(), Vec::new());
    let manifest = check(&backup).unwrap().manifest;
    copy_volume(Cursor::new(&backup), &manifest, "prometheus_data", "volume", &mut copied).unwrap();
    let list = |bytes: &[u8]| -> Vec<String> {
        let mut archive = tar::Archive::new(bytes);
        let entries = archive.entries().unwrap().map(|entry| {
            let mut entry = entry.unwrap();
            let mut content = String::new();
            entry.read_to_string(&mut content).unwrap();
            let header = entry.header();
            format!(
                "{} {:?} {:o} {} {} {} {:?} {content}",
                entry.path().unwrap().display().to_string().trim_end_matches('/'),
                header.entry_type(),
                header.mode().unwrap(),
                header.uid().unwrap(),
                header.gid().unwrap(),
                header.mtime().unwrap(),
                entry.link_name().unwrap(),
            )
        });
        entries.collect()
    };
    assert_eq!(list(&copied), list(&volume()));
}

#[test]
fn every_flipped_bit_is_detected() {
    let good = backup();
    for at in 0..good.len() {
        for bit in 0..8 {
            let mut bad = good.clone();
            bad[at] ^= 1 << bit;
            assert!(check(&bad).is_err(), "bit {bit} of byte {at} of {}", good.len());
        }
    }
}

#[test]
fn truncated_or_extended_file_is_detected() {
    let good = backup();
    for length in 0..good.len() {
        assert!(check(&good[..length]).is_err(), "{length} of {} bytes", good.len());
    }
    assert!(check(&[&good[..], b"\0"].concat()).is_err());
    assert!(check(&[&good[..], &good[..]].concat()).is_err());
}

#[test]
fn each_problem_has_its_message() {
    let good = backup();
    let mut altered = good.clone();
    altered[40] ^= 1;
    let inside = opened(&good);
    let renamed = String::from_utf8_lossy(&inside).replace("tdd-stack.backup/1", "tdd-stack.backup/9");
    for (bytes, words) in [
        (b"PK\x03\x04 something else".to_vec(), "not a backup of tdd-stack"),
        (Vec::new(), "not a backup of tdd-stack"),
        (good[..good.len() / 2].to_vec(), "truncated"),
        (altered, "damaged"),
        (forged(renamed.as_bytes()), "`tdd-stack.backup/9`"),
        (forged(b""), "manifest"),
        (forged(&archive(&[("config/alerts.yml", EntryType::Regular, "x")])), "does not match"),
        (forged(&archive(&[("volumes/prometheus_data/../../x", EntryType::Regular, "")])), "leads out"),
        (forged(&archive(&[("/etc/passwd", EntryType::Regular, "")])), "leads out"),
        (forged(&archive(&[("config/../x", EntryType::Regular, "")])), "leads out"),
        (forged(&archive(&[("config/evil.sh", EntryType::Regular, "")])), "unknown"),
        (forged(&archive(&[("volumes/other/x", EntryType::Regular, "")])), "unknown"),
        (forged(&archive(&[("readme", EntryType::Regular, "")])), "unknown"),
        (forged(&archive(&[("volumes/prometheus_data", EntryType::Regular, "")])), "should be a folder"),
        (forged(&archive(&[("volumes/prometheus_data/tty", EntryType::Char, "")])), "not a file"),
        (
            forged(&archive(&[
                ("volumes/prometheus_data/out", EntryType::Symlink, "/etc"),
                ("volumes/prometheus_data/out/passwd", EntryType::Regular, "root"),
            ])),
            "parent that is not a folder",
        ),
        (
            forged(&archive(&[("volumes/prometheus_data/x", EntryType::Link, "etc/shadow")])),
            "links to a missing file",
        ),
        (
            forged(&archive(&[
                ("config/alerts.yml", EntryType::Regular, ""),
                ("config/alerts.yml", EntryType::Regular, ""),
            ])),
            "twice",
        ),
    ] {
        let error = check(&bytes).unwrap_err().to_string();
        assert!(error.contains(words), "{words}: {error}");
    }
}

#[test]
fn forged_content_is_detected_by_its_checksum() {
    let inside = opened(&backup());
    let text = String::from_utf8_lossy(&inside).replace("samples", "sampled");
    assert!(matches!(check(&forged(text.as_bytes())), Err(Damage::Mismatch)));
}

#[test]
fn truncated_volume_makes_no_backup() {
    let whole = volume();
    for length in [0, 700, 1600, 2100] {
        let mut writer = Writer::new(Vec::new()).unwrap();
        let outcome = writer.volume("prometheus_data", &whole[..length]);
        assert!(outcome.is_err(), "{length} of {} bytes", whole.len());
    }
}
