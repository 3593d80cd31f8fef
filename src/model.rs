//! The values that the program works with: the desired state, the observed state and reports. They do no I/O.

pub mod alert;
pub mod event;
pub mod log;
pub mod observed;
pub mod pull_progress;
pub mod sanitize;
pub mod scrape_hints;
pub mod stack;
pub mod verification;
