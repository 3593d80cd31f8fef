//! The options of `up`.

/// When images are pulled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PullPolicy {
    /// Missing images are pulled.
    #[default]
    Missing,
    /// All images are pulled.
    Always,
    /// No images are pulled.
    Never,
}

/// When the stack is verified.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum VerifyTime {
    /// Whenever Prometheus' normal intervals allow it.
    #[default]
    Later,
    /// As soon as possible: a Prometheus that starts uses shortened intervals.
    Now,
}

/// Whether edits that were made to a dashboard inside Grafana are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DashboardEdits {
    /// They are kept, and the file is not imported.
    #[default]
    Keep,
    /// The file overwrites them.
    Overwrite,
}

/// Options for reaching the desired state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// When images are pulled.
    pub pull: PullPolicy,
    /// When the stack is verified.
    pub proof: VerifyTime,
    /// Whether edits that were made to a dashboard inside Grafana are kept.
    pub edits: DashboardEdits,
}
