//! Reads a backup. Does not trust its content: verifies seal, paths, kinds, sizes and checksums first.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Seek, Write};
use std::path::{Component, Path};

use flate2::read::MultiGzDecoder;
use tar::{EntryType, Header};

use super::manifest::{CONFIG, Entry, EntryKind, MANIFEST, Manifest, SCHEMA, VOLUMES};
use super::write::{Hashing, header_like};
use super::{Damage, seal};

/// The maximum number of entries; Prometheus and Grafana create fewer files in years.
const MOST_ENTRIES: usize = 1_000_000;
/// The maximum size of a manifest in bytes, enough for [`MOST_ENTRIES`].
const LARGEST_MANIFEST: u64 = 256 << 20;
/// The maximum size of a configuration file in bytes, larger than any dashboard.
const LARGEST_CONFIG: u64 = 16 << 20;

/// The volumes and files that a backup may contain.
#[derive(Clone, Debug)]
pub struct Known {
    /// The volumes, without the stack's name.
    pub volumes: Vec<String>,
    /// The configuration files.
    pub files: Vec<String>,
}

/// A verified backup.
#[derive(Clone, Debug)]
pub struct Verified {
    /// The manifest.
    pub manifest: Manifest,
    /// The configuration files, by name.
    pub files: BTreeMap<String, String>,
}

/// An entry that is being read.
struct EntryHead<'a> {
    path: &'a str,
    kind: EntryKind,
    header: &'a Header,
    size: u64,
    target: Option<String>,
}

/// Reads and verifies the whole backup, and returns its manifest and configuration files.
pub fn verify(mut file: impl Read + Seek, known: &Known) -> Result<Verified, Damage> {
    let sealed = seal::check(&mut file)?;
    file.rewind()?;
    let mut files = BTreeMap::new();
    let manifest = walk(file.take(sealed), |seen, content| {
        let Some(name) = seen.path.strip_prefix(CONFIG) else {
            return belongs(seen, known);
        };
        if !known.files.iter().any(|file| file == name) || seen.kind != EntryKind::File {
            return Err(entry(seen.path, "is unknown to this program"));
        }
        let mut text = String::new();
        content
            .take(LARGEST_CONFIG)
            .read_to_string(&mut text)
            .map_err(|_| entry(seen.path, "is not text"))?;
        files.insert(name.to_string(), text);
        Ok(())
    })?;
    Ok(Verified { manifest, files })
}

/// Writes a volume of a verified backup as a tar archive with the single folder `root`, for the engine.
pub fn copy_volume(
    mut file: impl Read + Seek,
    manifest: &Manifest,
    volume: &str,
    root: &str,
    out: impl Write,
) -> Result<(), Damage> {
    let sealed = seal::place(&mut file)?;
    let mut archive = tar::Builder::new(out);
    let prefix = format!("{VOLUMES}{volume}");
    let moved = |path: &str| -> Option<String> {
        let rest = path.strip_prefix(&prefix)?;
        (rest.is_empty() || rest.starts_with('/')).then(|| format!("{root}{rest}"))
    };
    let found = walk(file.take(sealed), |seen, content| {
        let Some(path) = moved(seen.path) else { return Ok(()) };
        let mut header = header_like(seen.header)?;
        header.set_size(if seen.kind == EntryKind::File { seen.size } else { 0 });
        header.set_entry_type(match seen.kind {
            EntryKind::File => EntryType::Regular,
            EntryKind::Folder => EntryType::Directory,
            EntryKind::Link => EntryType::Symlink,
            EntryKind::Name => EntryType::Link,
        });
        match (seen.kind, &seen.target) {
            (EntryKind::Link, Some(target)) => archive.append_link(&mut header, path, target)?,
            (EntryKind::Name, Some(target)) => {
                let target = moved(target).ok_or_else(|| entry(seen.path, "leads out of its volume"))?;
                archive.append_link(&mut header, path, target)?;
            }
            _ => archive.append_data(&mut header, path, content)?,
        }
        Ok(())
    })?;
    if found != *manifest {
        return Err(Damage::Altered);
    }
    archive.into_inner()?.flush()?;
    Ok(())
}

/// Visits all entries, and returns the manifest if it matches them.
fn walk(
    sealed: impl Read,
    mut visit: impl FnMut(&EntryHead<'_>, &mut dyn Read) -> Result<(), Damage>,
) -> Result<Manifest, Damage> {
    let mut archive = tar::Archive::new(MultiGzDecoder::new(sealed));
    let mut entries: Vec<Entry> = Vec::new();
    let mut kinds: BTreeMap<String, EntryKind> = BTreeMap::new();
    let mut manifest = None;
    for item in archive.entries()? {
        let mut item = item?;
        let path = plain(&item.path()?)?;
        if entries.len() > MOST_ENTRIES {
            return Err(entry(&path, "exceeds the maximum number of entries"));
        }
        if manifest.is_some() {
            return Err(entry(&path, "follows the manifest"));
        }
        if path == MANIFEST {
            manifest = Some(read_manifest(&mut item)?);
            continue;
        }
        let header = item.header().clone();
        let kind = kind(&header).ok_or_else(|| entry(&path, "is not a file, folder or link"))?;
        let target = match kind {
            EntryKind::Link => item.link_name()?.map(|target| target.to_string_lossy().into_owned()),
            EntryKind::Name => item.link_name()?.map(|target| plain(&target)).transpose()?,
            EntryKind::File | EntryKind::Folder => None,
        };
        fits(&path, kind, target.as_deref(), &kinds)?;
        kinds.insert(path.clone(), kind);
        let size = item.size();
        let mut hashing = Hashing::new(&mut item);
        visit(&EntryHead { path: &path, kind, header: &header, size, target }, &mut hashing)?;
        std::io::copy(&mut hashing, &mut std::io::sink())?;
        let (read, sha256) = hashing.finish();
        if read != size {
            return Err(entry(&path, "is truncated"));
        }
        entries.push(Entry { path, kind, size, sha256: (kind == EntryKind::File).then_some(sha256) });
    }
    match manifest {
        None => Err(Damage::Manifest("it is missing".into())),
        Some(manifest) if manifest.entries == entries => Ok(manifest),
        Some(_) => Err(Damage::Mismatch),
    }
}

fn read_manifest(content: &mut impl Read) -> Result<Manifest, Damage> {
    let mut text = Vec::new();
    content.take(LARGEST_MANIFEST).read_to_end(&mut text)?;
    let failed = |error: serde_json::Error| Damage::Manifest(error.to_string());
    let value: serde_json::Value = serde_json::from_slice(&text).map_err(failed)?;
    // Another schema may have different fields, so it is checked before the rest is parsed.
    let schema = value["schema"].as_str().unwrap_or_default();
    if schema != SCHEMA {
        return Err(Damage::Schema(schema.to_string()));
    }
    serde_json::from_value(value).map_err(failed)
}

/// Returns a relative path without `.` and `..`, or an error for any other path.
fn plain(path: &Path) -> Result<String, Damage> {
    let shown = || path.to_string_lossy().into_owned();
    let text = path.to_str().ok_or_else(|| entry(&shown(), "has a name that is not UTF-8"))?;
    let text = text.trim_end_matches('/');
    let parts: Vec<&str> = text.split('/').collect();
    let is_plain = path.components().all(|part| matches!(part, Component::Normal(_)))
        && parts.iter().all(|part| !part.is_empty() && *part != ".");
    if is_plain { Ok(text.to_string()) } else { Err(entry(&shown(), "leads out of the archive")) }
}

fn kind(header: &Header) -> Option<EntryKind> {
    match header.entry_type() {
        EntryType::Regular => Some(EntryKind::File),
        EntryType::Directory => Some(EntryKind::Folder),
        EntryType::Symlink => Some(EntryKind::Link),
        EntryType::Link => Some(EntryKind::Name),
        _ => None,
    }
}

/// Checks an entry against the entries before it.
fn fits(
    path: &str,
    kind: EntryKind,
    target: Option<&str>,
    kinds: &BTreeMap<String, EntryKind>,
) -> Result<(), Damage> {
    if kinds.contains_key(path) {
        return Err(entry(path, "exists twice"));
    }
    let parents: BTreeSet<&str> = path.match_indices('/').map(|(end, _)| &path[..end]).collect();
    if parents.iter().any(|parent| kinds.get(*parent).is_some_and(|kind| *kind != EntryKind::Folder)) {
        return Err(entry(path, "has a parent that is not a folder"));
    }
    match (kind, target) {
        (EntryKind::File | EntryKind::Folder, _) | (EntryKind::Link, Some(_)) => Ok(()),
        (EntryKind::Name, Some(target)) if kinds.get(target) == Some(&EntryKind::File) => Ok(()),
        (EntryKind::Link | EntryKind::Name, _) => Err(entry(path, "links to a missing file")),
    }
}

/// Checks that an entry is part of a known volume.
fn belongs(seen: &EntryHead<'_>, known: &Known) -> Result<(), Damage> {
    let inside = seen.path.strip_prefix(VOLUMES).unwrap_or_default();
    let (volume, rest) = inside.split_once('/').unwrap_or((inside, ""));
    if !known.volumes.iter().any(|name| name == volume) {
        return Err(entry(seen.path, "is unknown to this program"));
    }
    if rest.is_empty() && seen.kind != EntryKind::Folder {
        return Err(entry(seen.path, "should be a folder"));
    }
    let prefix = format!("{VOLUMES}{volume}/");
    if seen.kind == EntryKind::Name && !seen.target.as_ref().is_some_and(|target| target.starts_with(&prefix))
    {
        return Err(entry(seen.path, "leads out of its volume"));
    }
    Ok(())
}

fn entry(path: &str, reason: &'static str) -> Damage {
    Damage::Entry { path: path.to_string(), reason }
}
