//! The kinds of operations. JSON output guarantees their names.

use std::fmt;

/// A kind of operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Writes a configuration file.
    Write,
    /// Pulls an image.
    Pull,
    /// Checks configuration files.
    Check,
    /// Creates a network.
    CreateNetwork,
    /// Creates a volume.
    CreateVolume,
    /// Stops a container.
    Stop,
    /// Removes a container.
    Remove,
    /// Renames a previous container.
    SetAside,
    /// Gives a previous container its name again.
    PutBack,
    /// Creates a container.
    Create,
    /// Uploads files into a container.
    Upload,
    /// Writes the password file into a container.
    WritePasswordFile,
    /// Starts a container.
    Start,
    /// Makes a service reload its files.
    Reload,
    /// Restarts a container.
    Restart,
    /// Unpauses a container.
    Unpause,
    /// Waits until a service is ready.
    Await,
    /// Checks that each service answers by name.
    CheckConnectivity,
    /// Checks a login.
    CheckLogin,
    /// Sets a login.
    SetLogin,
    /// Creates or updates a data source.
    DataSource,
    /// Imports a dashboard.
    Import,
    /// Waits for a data source.
    WaitDataSource,
    /// Waits until monitoring is healthy.
    WaitHealthy,
    /// Removes a network.
    RemoveNetwork,
    /// Removes a volume.
    RemoveVolume,
    /// Removes an image.
    RemoveImage,
}

impl Verb {
    /// Returns the name, which scripts rely on.
    pub fn word(self) -> &'static str {
        match self {
            Self::Write => "write",
            Self::Pull => "pull",
            Self::Check => "check",
            Self::CreateNetwork => "create-network",
            Self::CreateVolume => "create-volume",
            Self::Stop => "stop",
            Self::Remove => "remove",
            Self::SetAside => "rename",
            Self::PutBack => "rename-back",
            Self::Create => "create",
            Self::Upload => "upload",
            Self::WritePasswordFile => "write-password-file",
            Self::Start => "start",
            Self::Reload => "reload",
            Self::Restart => "restart",
            Self::Unpause => "unpause",
            Self::Await => "wait-ready",
            Self::CheckConnectivity => "check-connectivity",
            Self::CheckLogin => "check-login",
            Self::SetLogin => "set-login",
            Self::DataSource => "set-data-source",
            Self::Import => "import-dashboard",
            Self::WaitDataSource => "wait-data-source",
            Self::WaitHealthy => "wait-healthy",
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
