//! The values that the program reasons about: what should exist, what exists, and what it reports. No I/O.

pub mod alert;
pub mod event;
pub mod observed;
pub mod pull_progress;
pub mod sanitize;
pub mod scrape_hints;
pub mod stack;
pub mod verification;
