//! The `tdd-stack` program.

fn main() {}
