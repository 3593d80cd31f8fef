//! What the stack shows of itself, of the host and of the application, and what is said of what it does not.

mod diagnostics;
mod doctor;
mod host_metrics;
mod logging;
mod logs;
mod observe;
mod preconditions;
