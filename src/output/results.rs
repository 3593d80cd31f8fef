//! The screens of results, one file a command.

mod alerts;
mod backup;
mod bundle;
mod check;
mod demo;
mod doctor;
mod down;
mod drill;
mod files;
mod log;
mod plan;
mod status;
mod up;
mod version;

pub use check::CheckReport;
pub use demo::{DemoScreen, Received, ReceivedAlert};
pub use down::Removed;
pub use files::{FileOutcome, FileReport};
pub use up::{Summary, Timing, Timings};
