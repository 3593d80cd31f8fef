//! The seal: a frame that zstd skips, with the SHA-256 of everything before it.

use std::io::{Read, Seek, SeekFrom, Write};

use sha2::{Digest, Sha256};

use super::Damage;

/// How a zstd frame begins.
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// The frame's beginning, the length of what follows, and our name.
const HEAD: &[u8; 24] = b"\x5d\x2a\x4d\x18\x30\x00\x00\x00tdd-stack.backup";
/// The head and a SHA-256.
const LENGTH: usize = HEAD.len() + 32;

/// Counts and hashes what is written through it.
#[derive(Debug)]
pub(super) struct Sealing<W> {
    inner: W,
    hash: Sha256,
}

impl<W: Write> Sealing<W> {
    pub(super) fn new(inner: W) -> Self {
        Self { inner, hash: Sha256::new() }
    }

    /// Writes the seal and returns what is beneath.
    pub(super) fn seal(self) -> std::io::Result<W> {
        let Self { mut inner, hash } = self;
        inner.write_all(HEAD)?;
        inner.write_all(&hash.finalize())?;
        inner.flush()?;
        Ok(inner)
    }
}

impl<W: Write> Write for Sealing<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hash.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.inner.flush()
    }
}

/// Compares a file with its seal and returns how many bytes are sealed.
pub(super) fn check(file: &mut (impl Read + Seek)) -> Result<u64, Damage> {
    let sealed = place(file)?;
    let mut hash = Sha256::new();
    let mut rest = sealed;
    let mut buffer = vec![0; 1 << 16];
    while rest > 0 {
        let wanted = buffer.len().min(usize::try_from(rest).unwrap_or(buffer.len()));
        file.read_exact(&mut buffer[..wanted])?;
        hash.update(&buffer[..wanted]);
        rest -= wanted as u64;
    }
    let mut seal = [0; LENGTH];
    file.read_exact(&mut seal)?;
    if seal[HEAD.len()..] == hash.finalize()[..] { Ok(sealed) } else { Err(Damage::Altered) }
}

/// Finds beginning and seal, returns how many bytes are between them, and stands at the beginning again.
pub(super) fn place(file: &mut (impl Read + Seek)) -> Result<u64, Damage> {
    let length = file.seek(SeekFrom::End(0))?;
    file.rewind()?;
    let mut begin = [0; ZSTD.len()];
    if length < ZSTD.len() as u64 {
        return Err(Damage::Foreign);
    }
    file.read_exact(&mut begin)?;
    if begin != ZSTD {
        return Err(Damage::Foreign);
    }
    let Some(sealed) = length.checked_sub(LENGTH as u64) else { return Err(Damage::Unsealed) };
    file.seek(SeekFrom::Start(sealed))?;
    let mut head = [0; HEAD.len()];
    file.read_exact(&mut head)?;
    if head != *HEAD {
        return Err(Damage::Unsealed);
    }
    file.rewind()?;
    Ok(sealed)
}
