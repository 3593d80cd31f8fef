//! Determines whether the program that holds a lock is alive, if its process is visible from here.
//!
//! Never guesses: what is not certain is unknown.

use std::fs;

use rustix::process::{Pid, test_kill_process};

/// Whether a process is alive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Life {
    /// It is alive.
    Alive,
    /// It has ended.
    Dead,
    /// It is not visible from here.
    Unknown,
}

/// Returns the description of this program for others: command, process and machine.
pub(super) fn name(verb: &str) -> String {
    let machine = rustix::system::uname();
    format!("`tdd-stack {verb}` (process {} on {})", std::process::id(), machine.nodename().to_string_lossy())
}

/// Returns the identity of this process within one boot and namespace, if the system reveals it.
pub(super) fn this_process() -> Option<String> {
    let own = std::process::id();
    Some(format!("{} {own} {}", place()?, look(own)?.start))
}

/// Returns whether the process that [`this_process`] identified is alive.
pub(super) fn life(process: Option<&str>) -> Life {
    let words = || {
        let mut words = process?.rsplitn(3, ' ');
        let (start, pid, place) = (words.next()?, words.next()?, words.next()?);
        Some((place, pid.parse::<i32>().ok()?, start))
    };
    match words() {
        Some((its_place, pid, start)) if place().as_deref() == Some(its_place) => life_here(pid, start),
        _ => Life::Unknown,
    }
}

fn life_here(pid: i32, start: &str) -> Life {
    match (u32::try_from(pid).ok().and_then(look), Pid::from_raw(pid).map(test_kill_process)) {
        // An ended process stays visible until its parent waits for it, and its number may be reused.
        (Some(seen), _) if seen.has_ended || seen.start != start => Life::Dead,
        (Some(_), _) => Life::Alive,
        (None, Some(Err(rustix::io::Errno::SRCH))) => Life::Dead,
        // `/proc` may hide the processes of other users.
        (None, _) => Life::Unknown,
    }
}

/// Returns the scope in which process numbers and start times are unique: one boot of one machine, one
/// namespace.
fn place() -> Option<String> {
    // If `/proc` is mounted for another namespace, it shows other processes.
    let own: u32 = fs::read_link("/proc/self").ok()?.to_str()?.parse().ok()?;
    if own != std::process::id() {
        return None;
    }
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let namespace = |kind: &str| fs::read_link(format!("/proc/self/ns/{kind}"));
    let processes = namespace("pid").ok()?;
    // Start times are relative to the time namespace, which older kernels do not have.
    let time = namespace("time").unwrap_or_default();
    Some(format!("{} {} {}", boot.trim(), processes.display(), time.display()))
}

/// A process as `/proc` shows it.
#[derive(Debug)]
struct Process {
    has_ended: bool,
    /// The start time in clock ticks since the machine's boot.
    start: String,
}

fn look(pid: u32) -> Option<Process> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The program's name is in parentheses and may contain any character.
    let (_, rest) = text.rsplit_once(')')?;
    let words: Vec<&str> = rest.split_whitespace().collect();
    Some(Process { has_ended: matches!(*words.first()?, "Z" | "X"), start: (*words.get(19)?).to_string() })
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    fn of(pid: u32) -> String {
        format!("{} {pid} {}", place().unwrap(), look(pid).unwrap().start)
    }

    #[test]
    fn own_process_is_alive() {
        assert_eq!(life(this_process().as_deref()), Life::Alive);
    }

    #[test]
    fn process_is_dead_before_and_after_its_parent_waits() {
        let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
        let process = of(child.id());
        assert_eq!(life(Some(&process)), Life::Alive);
        child.kill().unwrap();
        while look(child.id()).is_some_and(|seen| !seen.has_ended) {
            std::thread::yield_now();
        }
        assert_eq!(life(Some(&process)), Life::Dead, "its parent has not waited for it yet");
        child.wait().unwrap();
        assert_eq!(life(Some(&process)), Life::Dead);
    }

    #[test]
    fn reused_process_number_is_dead() {
        let own = this_process().unwrap();
        let (before, _) = own.rsplit_once(' ').unwrap();
        assert_eq!(life(Some(&format!("{before} 1"))), Life::Dead);
    }

    #[test]
    fn process_of_another_scope_is_unknown() {
        let own = this_process().unwrap();
        let other_boot = format!("x{own}");
        let other_namespace = own.replace("pid:[", "pid:[9");
        for process in
            [None, Some(""), Some("one two three"), Some(other_boot.as_str()), Some(&other_namespace)]
        {
            assert_eq!(life(process), Life::Unknown, "{process:?}");
        }
    }
}
