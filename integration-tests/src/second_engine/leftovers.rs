//! What a second engine leaves behind: processes, mounts, bridges, its folder.
//!
//! Never ends a process that does not name the engine's own folder, or is not started by one that does.

use std::fs;
use std::path::{Path, PathBuf};

use super::command::run;
use super::range::Range;

/// The file that says which process a folder belongs to.
const OWNER: &str = "owner";
/// How often a removal is tried again, since mounts lie one above the other.
const TRIES: usize = 5;

/// Returns the folder that stands for a range. It is short, since sockets lie in it.
pub(super) fn folder(range: Range) -> PathBuf {
    std::env::temp_dir().join(format!("tdd-test-engine-{}", range.number))
}

/// Writes whose folder it is.
pub(super) fn sign(folder: &Path) {
    let owner = identity(std::process::id()).expect("this process runs");
    fs::write(folder.join(OWNER), owner).expect("the new folder can be written");
}

/// Removes what test runs left behind that were killed.
pub(super) fn sweep() {
    for range in Range::all_from(0) {
        let folder = folder(range);
        let Ok(owner) = fs::read_to_string(folder.join(OWNER)) else { continue };
        let id = owner.split(' ').next().and_then(|id| id.parse().ok());
        if id.and_then(identity).is_none_or(|alive| alive != owner) {
            remove(&folder, range);
        }
    }
}

/// Removes all that is left of an engine.
#[expect(clippy::print_stderr, reason = "a panic here would hide the one that ends the test")]
pub(super) fn remove(folder: &Path, range: Range) {
    for _ in 0..TRIES {
        // The deepest first: the end of a container's first process ends the container.
        for id in processes(folder).into_iter().rev() {
            drop(run("kill", &["-s", "KILL", &id.to_string()]));
        }
        for mount in mounts(folder).into_iter().rev() {
            drop(run("umount", &["--lazy", &mount]));
        }
        for interface in range.interfaces() {
            drop(run("ip", &["link", "delete", &interface]));
        }
        drop(run("ip", &["netns", "delete", &range.namespace()]));
        if fs::remove_dir_all(folder).is_ok() || !folder.exists() {
            break;
        }
    }
    range.expel();
    if folder.exists() {
        eprintln!("{} of a second engine is left behind", folder.display());
    }
}

/// Returns the processes that name the folder in their arguments, each followed by those that it started.
fn processes(folder: &Path) -> Vec<u32> {
    let folder = format!("{}/", folder.display());
    let all: Vec<(u32, u32, String)> = fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let id: u32 = entry.ok()?.file_name().to_str()?.parse().ok()?;
            let status = fs::read_to_string(format!("/proc/{id}/status")).ok()?;
            let parent = status.lines().find_map(|line| line.strip_prefix("PPid:"))?.trim().parse().ok()?;
            let arguments = fs::read(format!("/proc/{id}/cmdline")).ok()?;
            Some((id, parent, String::from_utf8_lossy(&arguments).into_owned()))
        })
        .collect();
    let mut found: Vec<u32> =
        all.iter().filter(|(.., words)| words.contains(&folder)).map(|(id, ..)| *id).collect();
    let mut next = 0;
    while let Some(&parent) = found.get(next) {
        next += 1;
        let children = all.iter().filter(|(_, its_parent, _)| *its_parent == parent).map(|(id, ..)| *id);
        let new: Vec<u32> = children.filter(|id| !found.contains(id)).collect();
        found.extend(new);
    }
    found.retain(|id| *id != std::process::id());
    found
}

/// Returns the mounts in the folder, outer ones first.
fn mounts(folder: &Path) -> Vec<String> {
    let folder = format!("{}/", folder.display());
    let mounts = fs::read_to_string("/proc/mounts").unwrap_or_default();
    let paths = mounts.lines().filter_map(|line| line.split(' ').nth(1));
    paths.filter(|path| path.starts_with(&folder)).map(ToString::to_string).collect()
}

/// Returns a process's id and when it was started, which together are never used twice.
fn identity(process: u32) -> Option<String> {
    let status = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The command's name before the bracket may have spaces.
    let started = status.rsplit_once(')')?.1.split_whitespace().nth(19)?.to_string();
    Some(format!("{process} {started}"))
}
