//! Conventions of the `docker` command: engine address, image references, logins, and phrases of engines.

pub mod credentials;
pub mod endpoint;
pub mod image_reference;
pub mod phrases;
