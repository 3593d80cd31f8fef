//! Packs and unpacks the tar archives that carry files into and out of containers.
//!
//! Never touches the disk. Entries have mode 0644 and belong to root. A service runs as an unprivileged user, so it
//! can read its configuration but not change it.

use std::collections::BTreeMap;
use std::io::Read;

/// Packs files. Folders in the names are packed too.
pub(super) fn pack<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> std::io::Result<Vec<u8>> {
    let mut builder = tar::Builder::new(Vec::new());
    let mut folders = std::collections::BTreeSet::new();
    for (name, content) in files {
        for (end, _) in name.match_indices('/') {
            if end > 0 && folders.insert(&name[..end]) {
                append(&mut builder, &name[..end], tar::EntryType::Directory, 0o755, &[])?;
            }
        }
        append(&mut builder, name, tar::EntryType::Regular, 0o644, content.as_bytes())?;
    }
    builder.into_inner()
}

/// Packs a file that only root and its group may read. Grafana's user is in that group in every image since
/// 7.3 and owns nothing, so it cannot change the file.
pub(super) fn pack_secret(name: &str, content: &str) -> std::io::Result<Vec<u8>> {
    let mut builder = tar::Builder::new(Vec::new());
    append(&mut builder, name, tar::EntryType::Regular, 0o440, content.as_bytes())?;
    builder.into_inner()
}

/// Returns the text files at the top of an archived folder, by name. Other files are left out.
pub(super) fn unpack(bytes: &[u8]) -> std::io::Result<BTreeMap<String, String>> {
    let mut files = BTreeMap::new();
    for entry in tar::Archive::new(bytes).entries()? {
        let mut entry = entry?;
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let path = entry.path()?.into_owned();
        let Some(name) = path.file_name().filter(|_| path.components().count() <= 2) else { continue };
        let name = name.to_string_lossy().into_owned();
        let mut content = String::new();
        if entry.read_to_string(&mut content).is_ok() {
            files.insert(name, content);
        }
    }
    Ok(files)
}

fn append(
    builder: &mut tar::Builder<Vec<u8>>,
    name: &str,
    kind: tar::EntryType,
    mode: u32,
    content: &[u8],
) -> std::io::Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_uid(0);
    header.set_gid(0);
    header.set_size(content.len() as u64);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    header.set_mtime(now.as_secs());
    builder.append_data(&mut header, name.trim_start_matches('/'), content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_files_are_unpacked_unchanged() {
        let packed = pack([("a.yml", "one"), ("b.yml", "zwei\n")]).unwrap();
        let files = unpack(&packed).unwrap();
        assert_eq!(files, [("a.yml".into(), "one".into()), ("b.yml".into(), "zwei\n".into())].into());
    }

    #[test]
    fn secret_is_readable_by_root_and_group() {
        let packed = pack_secret("password", "open-sesame").unwrap();
        let mut archive = tar::Archive::new(packed.as_slice());
        let header = archive.entries().unwrap().next().unwrap().unwrap().header().clone();
        let owner = (header.uid().unwrap(), header.gid().unwrap(), header.mode().unwrap());
        assert_eq!(owner, (0, 0, 0o440));
    }

    #[test]
    fn folders_are_packed_and_files_are_world_readable() {
        let packed = pack([("/etc/prometheus/a.yml", "x"), ("/etc/prometheus/b.yml", "y")]).unwrap();
        let mut seen = Vec::new();
        for entry in tar::Archive::new(packed.as_slice()).entries().unwrap() {
            let entry = entry.unwrap();
            seen.push((entry.path().unwrap().display().to_string(), entry.header().mode().unwrap()));
        }
        let expected = [
            ("etc", 0o755),
            ("etc/prometheus", 0o755),
            ("etc/prometheus/a.yml", 0o644),
            ("etc/prometheus/b.yml", 0o644),
        ];
        assert_eq!(seen, expected.map(|(name, mode)| (name.to_string(), mode)));
    }
}
