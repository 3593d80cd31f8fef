//! tdd-stack: brings up a monitoring stack through the Docker Engine API and proves that it observes.

pub mod endpoint;
pub mod image_reference;
pub mod layers;
pub mod registry_auth;
