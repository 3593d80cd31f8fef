//! What the user configures: the settings, and the files of the configuration folder. Text in, values out.

pub mod check_output;
pub mod dashboard;
pub mod settings;
pub mod tuning;
pub mod validate;
