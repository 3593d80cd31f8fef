//! The program without an engine that does anything: its pages, its outputs, its settings, and its own formats.

mod backup_file;
mod demo;
mod diagnostics;
mod help;
mod output;
mod settings;
mod terminal;
