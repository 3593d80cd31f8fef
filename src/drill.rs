//! Makes alerts fire on purpose, and follows each one to its receiver.

pub mod runner;
pub mod trace;
