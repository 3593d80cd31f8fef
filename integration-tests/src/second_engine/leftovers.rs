//! Clean-up after a second engine: processes, mounts, bridges and its folder.
//!
//! Only processes that name the engine's folder, and their children, are killed.

use std::fs;
use std::path::{Path, PathBuf};

use super::command::run;
use super::range::Range;

/// The file that names the owner process of a folder.
const OWNER: &str = "owner";
/// Number of removal attempts, since mounts may be stacked.
const TRIES: usize = 5;

/// Returns the folder of a range. Its path is short, because it contains sockets.
pub(super) fn folder(range: Range) -> PathBuf {
    std::env::temp_dir().join(format!("tdd-test-engine-{}", range.number))
}

/// Writes the owner of the folder.
pub(super) fn sign(folder: &Path) {
    let owner = identity(std::process::id()).expect("this process exists");
    fs::write(folder.join(OWNER), owner).expect("the new folder is writable");
}

/// Removes leftovers of killed test runs.
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

/// Removes all remains of an engine.
#[expect(clippy::print_stderr, reason = "a panic here would hide the one that ends the test")]
pub(super) fn remove(folder: &Path, range: Range) {
    for _ in 0..TRIES {
        // Children first: the end of a container's PID 1 ends the container.
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
        eprintln!("{} of a second engine remains", folder.display());
    }
}

/// Returns the processes that name the folder in their arguments, and their descendants.
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

/// Returns the id and the start time of a process, which are unique together.
fn identity(process: u32) -> Option<String> {
    let status = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The command name in parentheses may contain spaces.
    let started = status.rsplit_once(')')?.1.split_whitespace().nth(19)?.to_string();
    Some(format!("{process} {started}"))
}
