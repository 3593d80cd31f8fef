//! The seal of a backup: an empty gzip member with the SHA-256 of everything before it.

use std::io::{Read, Seek, SeekFrom, Write};

use sha2::{Digest, Sha256};

use super::Damage;

/// The first bytes of a gzip member.
const GZIP: [u8; 3] = *b"\x1f\x8b\x08";
/// The header of a gzip member with a comment, and the comment's first word.
const HEAD: &[u8; 27] = b"\x1f\x8b\x08\x10\0\0\0\0\0\xfftdd-stack.backup ";
/// The number of hexadecimal digits of a SHA-256.
const DIGITS: usize = 64;
/// The comment's end, an empty block, and the checksum and length of empty content.
const TAIL: &[u8; 11] = b"\0\x03\0\0\0\0\0\0\0\0\0";
/// The length of the seal in bytes.
const LENGTH: usize = HEAD.len() + DIGITS + TAIL.len();

/// A writer that hashes what is written through it.
#[derive(Debug)]
pub(super) struct Sealing<W> {
    inner: W,
    hash: Sha256,
}

impl<W: Write> Sealing<W> {
    pub(super) fn new(inner: W) -> Self {
        Self { inner, hash: Sha256::new() }
    }

    /// Writes the seal and returns the inner writer.
    pub(super) fn seal(self) -> std::io::Result<W> {
        let Self { mut inner, hash } = self;
        inner.write_all(&seal(hash))?;
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

/// Verifies a file against its seal, and returns the number of sealed bytes.
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
    if seal[..] == self::seal(hash) { Ok(sealed) } else { Err(Damage::Altered) }
}

fn seal(hash: Sha256) -> Vec<u8> {
    let digits = hex::encode(hash.finalize());
    [HEAD.as_slice(), digits.as_bytes(), TAIL].concat()
}

/// Locates the start and the seal, rewinds the file, and returns the number of bytes before the seal.
pub(super) fn place(file: &mut (impl Read + Seek)) -> Result<u64, Damage> {
    let length = file.seek(SeekFrom::End(0))?;
    file.rewind()?;
    let mut begin = [0; GZIP.len()];
    if length < GZIP.len() as u64 {
        return Err(Damage::Foreign);
    }
    file.read_exact(&mut begin)?;
    if begin != GZIP {
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
