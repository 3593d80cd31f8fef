//! The user's configuration: settings, and the files of the configuration folder. Pure: text in, values out.

pub mod check_output;
pub mod dashboard;
pub mod settings;
pub mod tuning;
pub mod validate;
