//! Looks at this machine: the configuration folder, its files, the space on the disk.

use std::process::Stdio;

use super::{ANSWER, DoctorContext};
use crate::doctor::{self, Facts, Space, syntax_fault};
use crate::error::{ConfigFault, Error};

/// Returns what can be known without the engine.
pub(super) fn look(examined: DoctorContext<'_>) -> Facts {
    let folder = examined.folder;
    let mut facts = Facts {
        folder: doctor::FolderFacts {
            path: folder.path().to_path_buf(),
            exists: folder.path().is_dir(),
            problem: folder.try_writing().err().map(|error| super::root_cause(&error)),
        },
        ..Facts::default()
    };
    for file in &examined.stack.files {
        let path = folder.path().join(file.name);
        match folder.read([file.name].into_iter()) {
            Ok(read) => {
                let Some(read) = read.get(file.name) else { continue };
                facts.files += 1;
                let fault = syntax_fault(file.name, &read.content);
                facts.faults.extend(fault.map(|(line, reason)| ConfigFault { file: path, line, reason }));
            }
            Err(Error::Faults(found)) => facts.faults.extend(found),
            Err(error) => {
                facts.faults.push(ConfigFault { file: path, line: None, reason: super::root_cause(&error) });
            }
        }
    }
    facts
}

/// Returns the space of the file system that holds a folder, if this machine has the folder.
pub(super) async fn space(folder: &str) -> Option<Space> {
    // The standard library cannot tell, and `df` is everywhere.
    let asked = tokio::process::Command::new("df")
        .args(["-Pk", "--", folder])
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(ANSWER, asked).await.ok()?.ok()?;
    let text = String::from_utf8(output.stdout).ok().filter(|_| output.status.success())?;
    let kilobytes: u64 = text.lines().nth(1)?.split_whitespace().nth(3)?.parse().ok()?;
    Some(Space { free: kilobytes * 1024 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn space_is_known_where_there_is_a_folder() {
        assert!(space("/").await.is_some());
        assert_eq!(space("/nowhere/at/all").await, None);
    }
}
