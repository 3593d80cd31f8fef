//! The conventions of the `docker` command: where the engine is, how images are named, logins, and what engines say.

pub mod credentials;
pub mod endpoint;
pub mod image_reference;
pub mod phrases;
