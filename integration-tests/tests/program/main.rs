//! The program without a useful engine: help, output, settings, demo and file formats.

mod backup_file;
mod demo;
mod diagnostics;
mod help;
mod output;
mod settings;
mod terminal;
