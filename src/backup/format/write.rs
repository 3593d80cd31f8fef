//! Writes a backup as one stream, from the tar archives of volumes that the engine sends.

use std::io::{Error, ErrorKind, Read, Result, Write};
use std::path::{Component, Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};
use tar::{EntryType, Header};

use super::manifest::{About, CONFIG, Entry, EntryKind, MANIFEST, Manifest, SCHEMA, VOLUMES};
use super::seal::Sealing;

/// A backup that is being written.
pub struct Writer<W: Write> {
    archive: tar::Builder<GzEncoder<Sealing<W>>>,
    entries: Vec<Entry>,
}

impl<W: Write> Writer<W> {
    /// Starts a backup.
    pub fn new(out: W) -> Result<Self> {
        // Fast compression: a service is stopped meanwhile, and Prometheus' data is compressed already.
        let encoder = GzEncoder::new(Sealing::new(out), Compression::fast());
        Ok(Self { archive: tar::Builder::new(encoder), entries: Vec::new() })
    }

    /// Adds a volume from the engine's archive of one folder, and keeps owners and modes.
    pub fn volume(&mut self, name: &str, source: impl Read) -> Result<()> {
        let root = Path::new(VOLUMES).join(name);
        let mut archive = tar::Archive::new(source);
        for entry in archive.entries()? {
            let mut entry = entry?;
            let path = root.join(inner(&entry.path()?)?);
            let header = header_like(entry.header())?;
            match entry.header().entry_type() {
                EntryType::Directory => self.empty(EntryKind::Folder, header, &path, None)?,
                EntryType::Symlink => {
                    let target =
                        entry.link_name()?.ok_or_else(|| odd(&path, "is a link without a target"))?;
                    self.empty(EntryKind::Link, header, &path, Some(&target))?;
                }
                EntryType::Link => {
                    let target =
                        entry.link_name()?.ok_or_else(|| odd(&path, "is a link without a target"))?;
                    self.empty(EntryKind::Name, header, &path, Some(&root.join(inner(&target)?)))?;
                }
                EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => {
                    let size = entry.size();
                    self.content(header, &path, &mut entry, size)?;
                }
                _ => return Err(odd(&path, "is not a file, folder or link")),
            }
        }
        if !self.entries.iter().any(|entry| Path::new(&entry.path) == root) {
            return Err(Error::new(ErrorKind::UnexpectedEof, "the engine's archive contains no folder"));
        }
        // Reads to the end, since only a complete stream ends without an error.
        std::io::copy(&mut archive.into_inner(), &mut std::io::sink()).map(drop)
    }

    /// Adds a configuration file.
    pub fn file(&mut self, name: &str, content: &str) -> Result<()> {
        let path = Path::new(CONFIG).join(name);
        self.content(plain_header(), &path, &mut content.as_bytes(), content.len() as u64)
    }

    /// Adds the manifest and the seal, and returns the inner writer and the manifest.
    pub fn finish(mut self, about: About) -> Result<(W, Manifest)> {
        let manifest = Manifest {
            schema: SCHEMA.into(),
            about,
            // The manifest does not list itself; the seal covers it.
            entries: std::mem::take(&mut self.entries),
        };
        let text = serde_json::to_vec_pretty(&manifest)?;
        self.content(plain_header(), Path::new(MANIFEST), &mut text.as_slice(), text.len() as u64)?;
        let out = self.archive.into_inner()?.finish()?.seal()?;
        Ok((out, manifest))
    }

    fn empty(
        &mut self,
        kind: EntryKind,
        mut header: Header,
        path: &Path,
        target: Option<&Path>,
    ) -> Result<()> {
        header.set_size(0);
        match (kind, target) {
            (EntryKind::Link, Some(target)) => {
                header.set_entry_type(EntryType::Symlink);
                self.archive.append_link(&mut header, path, target)?;
            }
            (EntryKind::Name, Some(target)) => {
                header.set_entry_type(EntryType::Link);
                self.archive.append_link(&mut header, path, target)?;
            }
            _ => {
                header.set_entry_type(EntryType::Directory);
                self.archive.append_data(&mut header, path, std::io::empty())?;
            }
        }
        self.entries.push(Entry { path: text(path)?, kind, size: 0, sha256: None });
        Ok(())
    }

    fn content(&mut self, mut header: Header, path: &Path, content: &mut impl Read, size: u64) -> Result<()> {
        header.set_entry_type(EntryType::Regular);
        header.set_size(size);
        let mut hashing = Hashing::new(content);
        self.archive.append_data(&mut header, path, &mut hashing)?;
        let (read, sha256) = hashing.finish();
        if read != size {
            return Err(Error::new(ErrorKind::UnexpectedEof, format!("`{}` is truncated", path.display())));
        }
        self.entries.push(Entry { path: text(path)?, kind: EntryKind::File, size, sha256: Some(sha256) });
        Ok(())
    }
}

/// A reader that counts and hashes what is read through it.
pub(super) struct Hashing<R> {
    inner: R,
    hash: Sha256,
    count: u64,
}

impl<R> Hashing<R> {
    pub(super) fn new(inner: R) -> Self {
        Self { inner, hash: Sha256::new(), count: 0 }
    }

    /// Returns the number of bytes that were read, and their SHA-256.
    pub(super) fn finish(self) -> (u64, String) {
        (self.count, hex::encode(self.hash.finalize()))
    }
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let count = self.inner.read(buffer)?;
        self.hash.update(&buffer[..count]);
        self.count += count as u64;
        Ok(count)
    }
}

/// Returns a header with the owner, mode and time of another header.
pub(super) fn header_like(other: &Header) -> Result<Header> {
    let mut header = Header::new_gnu();
    header.set_mode(other.mode()? & 0o7777);
    header.set_uid(other.uid()?);
    header.set_gid(other.gid()?);
    header.set_mtime(other.mtime()?);
    Ok(header)
}

fn plain_header() -> Header {
    let mut header = Header::new_gnu();
    header.set_mode(0o644);
    header
}

/// Returns a path without its first part, which is the name of the archived folder.
fn inner(path: &Path) -> Result<PathBuf> {
    let mut parts = path.components().filter(|part| *part != Component::CurDir);
    parts.next();
    let rest: PathBuf = parts.collect();
    let is_plain = rest.components().all(|part| matches!(part, Component::Normal(_)));
    if is_plain { Ok(rest) } else { Err(odd(path, "leads out of its volume")) }
}

fn text(path: &Path) -> Result<String> {
    path.to_str()
        .map(|text| text.trim_end_matches('/').to_string())
        .ok_or_else(|| odd(path, "has a name that is not UTF-8"))
}

fn odd(path: &Path, what: &str) -> Error {
    Error::new(ErrorKind::InvalidData, format!("`{}` {what}", path.display()))
}
