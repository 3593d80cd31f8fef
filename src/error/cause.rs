//! Causes by which a hint is chosen.

/// The engine is older than the API that is needed.
#[derive(Clone, Debug, thiserror::Error)]
#[error("it speaks API {api}, and 1.41 (Docker Engine 20.10) is the oldest that will do")]
pub struct TooOld {
    /// The newest version of the API that it speaks.
    pub api: String,
}
