//! Something goes wrong: what is said, what is left, and how it goes on.

mod container;
mod engine;
mod files;
mod firewall;
mod proxy;
mod registry;
