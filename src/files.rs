//! The user's disk: the only place that writes it.
//!
//! Every write is a temporary file beside the target and a rename, so no reader sees half a file. A list of
//! hashes of what this program wrote tells the user's edits from its own older files.

use std::collections::BTreeMap;
use std::fs;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::observed::{Author, DiskFile};
use crate::stack::sha256;

/// The list of hashes, in the form that `sha256sum -c` reads.
const LIST: &str = ".tdd-stack.sha256";

/// The configuration folder.
#[derive(Clone, Debug)]
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    /// Returns the configuration folder at `path`.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Returns its path, as the user sees it.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns those of the named files that are there.
    pub fn read<'a>(&self, names: impl Iterator<Item = &'a str>) -> Result<BTreeMap<String, DiskFile>> {
        let written = self.hashes()?;
        let mut files = BTreeMap::new();
        for name in names {
            if let Some(content) = read_text(&self.path.join(name))? {
                let is_ours = written.get(name).is_some_and(|hash| *hash == sha256(content.as_bytes()));
                let author = if is_ours { Author::Program } else { Author::User };
                files.insert(name.to_string(), DiskFile { content, author });
            }
        }
        Ok(files)
    }

    /// Tries, leaving no trace, whether files can be made in it, or in the folder that it would be made in.
    pub fn try_writing(&self) -> Result<()> {
        let visible =
            |path: &Path| if path.as_os_str().is_empty() { PathBuf::from(".") } else { path.into() };
        let nearest = self.path.ancestors().map(visible).find(|path| path.exists()).unwrap_or_default();
        tempfile::tempfile_in(&nearest).map(drop).map_err(Error::file("write", nearest))
    }

    /// Writes a shipped file.
    pub fn write(&self, name: &str, content: &str) -> Result<()> {
        fs::create_dir_all(&self.path).map_err(Error::file("create folder", &self.path))?;
        replace(&self.path.join(name), content)?;
        let mut hashes = self.hashes()?;
        hashes.insert(name.to_string(), sha256(content.as_bytes()));
        let lines: Vec<String> = hashes.iter().map(|(name, hash)| format!("{hash}  {name}\n")).collect();
        replace(&self.path.join(LIST), &lines.concat())
    }

    /// Keeps a copy of a file beside it and returns the copy's path.
    pub fn back_up(&self, name: &str) -> Result<PathBuf> {
        let source = self.path.join(name);
        let mut number = 1;
        let mut target = self.path.join(format!("{name}.bak-{number}"));
        while target.exists() {
            number += 1;
            target = self.path.join(format!("{name}.bak-{number}"));
        }
        fs::copy(&source, &target).map_err(Error::file("back up to", &target))?;
        Ok(target)
    }

    fn hashes(&self) -> Result<BTreeMap<String, String>> {
        let text = read_text(&self.path.join(LIST))?.unwrap_or_default();
        let pair = |line: &str| {
            let (hash, name) = line.split_once("  ")?;
            Some((name.to_string(), hash.to_string()))
        };
        Ok(text.lines().filter_map(pair).collect())
    }
}

/// Returns a text file's content, or nothing if it is not there.
pub fn read_text(path: &Path) -> Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::file("read", path)(error)),
    }
}

fn replace(path: &Path, content: &str) -> Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let failed = || Error::file("write", path);
    let mut file = tempfile::Builder::new()
        .prefix(".tdd-stack-")
        // Compose's containers read it as nobody.
        .permissions(fs::Permissions::from_mode(0o644))
        .tempfile_in(folder)
        .map_err(failed())?;
    file.write_all(content.as_bytes()).map_err(failed())?;
    file.persist(path).map(drop).map_err(|error| failed()(error.error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> (tempfile::TempDir, Folder) {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::at(dir.path().join("config/monitoring"));
        (dir, folder)
    }

    #[test]
    fn what_the_program_wrote_is_told_from_what_the_user_wrote() {
        let (_dir, folder) = folder();
        assert!(folder.read(["a.yml"].into_iter()).unwrap().is_empty());
        folder.write("a.yml", "shipped").unwrap();
        folder.write("b.yml", "shipped too").unwrap();
        fs::write(folder.path().join("b.yml"), "edited").unwrap();
        let files = folder.read(["a.yml", "b.yml"].into_iter()).unwrap();
        assert_eq!(files["a.yml"].author, Author::Program);
        assert_eq!(files["b.yml"], DiskFile { content: "edited".into(), author: Author::User });
    }

    #[test]
    fn trying_to_write_leaves_no_trace() {
        let (dir, folder) = folder();
        folder.try_writing().unwrap();
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn files_are_readable_by_the_services() {
        let (_dir, folder) = folder();
        folder.write("a.yml", "x").unwrap();
        let mode = fs::metadata(folder.path().join("a.yml")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o644);
    }

    #[test]
    fn backups_never_replace_each_other() {
        let (_dir, folder) = folder();
        folder.write("a.yml", "one").unwrap();
        let first = folder.back_up("a.yml").unwrap();
        folder.write("a.yml", "two").unwrap();
        let second = folder.back_up("a.yml").unwrap();
        assert_eq!(fs::read_to_string(first).unwrap(), "one");
        assert_eq!(fs::read_to_string(second).unwrap(), "two");
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_named() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("config"), "a file in the way").unwrap();
        let folder = Folder::at(dir.path().join("config/monitoring"));
        assert_eq!(folder.try_writing().unwrap_err().exit_code(), 4);
        let error = folder.write("a.yml", "x").unwrap_err();
        assert_eq!(error.exit_code(), 4);
        assert!(error.to_string().contains("config/monitoring"), "{error}");
    }
}
