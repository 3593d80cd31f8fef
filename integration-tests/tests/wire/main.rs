//! The program against the fake engine on a Unix socket: requests, changes and handling of faults.

mod check;
mod credentials;
mod dashboards;
mod diagnostics;
mod down;
mod drill;
mod elsewhere;
mod engine;
mod lock;
mod paused;
mod status;
mod up;
mod up_changes;
mod up_faults;
