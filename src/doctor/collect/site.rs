//! Checks this machine: the configuration folder, its files, the free disk space.

use std::process::Stdio;

use super::{ANSWER, DoctorContext};
use crate::config::validate;
use crate::doctor::{self, Facts, Space};
use crate::error::chain::root_cause;
use crate::error::{ConfigFault, Error};

/// Returns the facts that need no engine.
pub(super) fn look(examined: DoctorContext<'_>) -> Facts {
    let folder = examined.folder;
    let mut facts = Facts {
        folder: doctor::FolderFacts {
            path: folder.path().to_path_buf(),
            exists: folder.path().is_dir(),
            problem: folder.try_writing().err().map(|error| root_cause(&error).to_string()),
        },
        ..Facts::default()
    };
    for file in &examined.stack.files {
        let path = folder.path().join(file.name);
        match folder.read([file.name].into_iter()) {
            Ok(read) => {
                let Some(read) = read.get(file.name) else { continue };
                facts.files += 1;
                let fault = validate::fault(file.name, &read.content);
                facts.faults.extend(fault.map(|fault| fault.in_file(path)));
            }
            Err(Error::Faults(found)) => facts.faults.extend(found),
            Err(error) => {
                facts.faults.push(ConfigFault {
                    file: path,
                    line: None,
                    reason: root_cause(&error).to_string(),
                });
            }
        }
    }
    facts
}

/// Returns the free space of the file system of a folder, or `None` if the folder is not on this machine.
pub(super) async fn space(folder: &str) -> Option<Space> {
    // The standard library has no function for it, and every system has `df`.
    let df = tokio::process::Command::new("df")
        .args(["-Pk", "--", folder])
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(ANSWER, df).await.ok()?.ok()?;
    let text = String::from_utf8(output.stdout).ok().filter(|_| output.status.success())?;
    let kilobytes: u64 = text.lines().nth(1)?.split_whitespace().nth(3)?.parse().ok()?;
    Some(Space { free: kilobytes * 1024 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn space_is_known_for_an_existing_folder() {
        assert!(space("/").await.is_some());
        assert_eq!(space("/nowhere/at/all").await, None);
    }
}
