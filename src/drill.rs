//! Makes alerts fire on purpose, and follows each alert to its receiver.

pub mod runner;
pub mod trace;
