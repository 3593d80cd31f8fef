//! The kinds of operations. Their words are promised in JSON.

use std::fmt;

/// A kind of operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Write a file of the configuration.
    Write,
    /// Pull an image.
    Pull,
    /// Check files.
    Check,
    /// Create a network.
    CreateNetwork,
    /// Create a volume.
    CreateVolume,
    /// Stop a container.
    Stop,
    /// Remove a container.
    Remove,
    /// Keep a container under another name.
    SetAside,
    /// Give a kept container its name again.
    PutBack,
    /// Create a container.
    Create,
    /// Put files into a container.
    Upload,
    /// Put the password into a container.
    WritePasswordFile,
    /// Start a container.
    Start,
    /// Have a service read its files again.
    Reload,
    /// Restart a container.
    Restart,
    /// Let a paused container go on.
    Unpause,
    /// Wait for a service.
    Await,
    /// Reach every service by its name.
    CheckConnectivity,
    /// Try a login.
    CheckLogin,
    /// Set a login.
    SetLogin,
    /// Set a data source.
    DataSource,
    /// Import a dashboard.
    Import,
    /// Wait for a data source.
    WaitDataSource,
    /// Wait until monitoring works.
    WaitHealthy,
    /// Remove a network.
    RemoveNetwork,
    /// Remove a volume.
    RemoveVolume,
    /// Remove an image.
    RemoveImage,
}

impl Verb {
    /// Returns the word, which scripts rely on.
    pub fn word(self) -> &'static str {
        match self {
            Self::Write => "write",
            Self::Pull => "pull",
            Self::Check => "check",
            Self::CreateNetwork => "create-network",
            Self::CreateVolume => "create-volume",
            Self::Stop => "stop",
            Self::Remove => "remove",
            Self::SetAside => "set-aside",
            Self::PutBack => "put-back",
            Self::Create => "create",
            Self::Upload => "upload",
            Self::WritePasswordFile => "deliver-login",
            Self::Start => "start",
            Self::Reload => "reload",
            Self::Restart => "restart",
            Self::Unpause => "unpause",
            Self::Await => "await",
            Self::CheckConnectivity => "reach",
            Self::CheckLogin => "check-login",
            Self::SetLogin => "set-login",
            Self::DataSource => "data-source",
            Self::Import => "import",
            Self::WaitDataSource => "await-source",
            Self::WaitHealthy => "await-proof",
            Self::RemoveNetwork => "remove-network",
            Self::RemoveVolume => "remove-volume",
            Self::RemoveImage => "remove-image",
        }
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}
