//! The exit codes of the process. They are stable, because scripts rely on them.

/// Success.
pub const SUCCESS: u8 = 0;
/// The operation failed, or `status` found a problem.
pub const FAILED: u8 = 1;
/// The command line, a variable or the settings file is invalid.
pub const USAGE: u8 = 2;
/// The Docker Engine is unreachable, or stopped answering.
pub const ENGINE: u8 = 3;
/// Something that the stack needs belongs to another program, or is not reachable.
pub const CONFLICT: u8 = 4;
/// A service did not become ready in time.
pub const NOT_READY: u8 = 5;
/// The stack runs, and a required part of the monitoring does not work.
pub const UNHEALTHY: u8 = 6;
/// Changes are pending, and `plan --detailed-exitcode` asked for this code.
pub const CHANGES_PENDING: u8 = 10;
/// The user interrupted the command: 128 and the number of SIGINT, as shells report it.
pub const INTERRUPTED: u8 = 130;

/// All exit codes with their meanings, in the words of the help.
pub const ALL: [(u8, &str); 9] = [
    (SUCCESS, "success"),
    (FAILED, "the operation failed, or status found a problem"),
    (USAGE, "invalid command line or settings"),
    (ENGINE, "Docker Engine unreachable or lost"),
    (
        CONFLICT,
        "conflict: port taken, foreign object, folder not writable, or the engine's ports not reachable",
    ),
    (NOT_READY, "not ready before the deadline (--wait ready)"),
    (
        UNHEALTHY,
        "running, but not healthy before the deadline: a required target, rule or data source fails (--wait proven)",
    ),
    (CHANGES_PENDING, "plan --detailed-exitcode: changes are pending"),
    (INTERRUPTED, "interrupted"),
];
