//! Stable codes by which scripts distinguish errors.

use super::Error;

impl Error {
    /// Returns the stable code of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Problems(_) => "problems",
            Self::Backup { .. } => "backup",
            Self::Unhealthy(_) => "unhealthy",
            Self::CleanUp(_) => self.first().code(),
            Self::Conflicts(_) | Self::PortLost { .. } => "conflict",
            Self::Died { .. } => "exited",
            Self::Drill(_) => "drill",
            Self::Engine { .. } => "engine",
            Self::EngineLost { .. } => "engine-lost",
            Self::EngineUnknown { .. } => "engine-unknown",
            Self::EngineUnreachable { .. } => "engine-unreachable",
            Self::Faults(_) => "configuration",
            Self::File { .. } => "file",
            Self::Firewall(_) => "firewall",
            Self::Grafana { .. } => "grafana",
            Self::GrafanaLogin { .. } => "grafana-login",
            Self::History { .. } => "history",
            Self::Http { .. } => "http",
            Self::InUse { .. } => "in-use",
            Self::DrillInterrupted | Self::Interrupted => "interrupted",
            Self::LockLost { .. } => "lock-lost",
            Self::Locked { .. } => "locked",
            Self::NoDemo { .. } => "no-demo",
            Self::NoProgram { .. } => "no-program",
            Self::NotReady { .. } => "not-ready",
            Self::NotRolledBack { .. } => "not-rolled-back",
            Self::OutOfReach(_) => "not-reachable",
            Self::Pull { .. } => "pull",
            Self::Restore { .. } => "restore",
            Self::RolledBack { .. } => "rolled-back",
            Self::CommandLine(..) | Self::SettingsFile { .. } | Self::Usage { .. } => "usage",
        }
    }
}
