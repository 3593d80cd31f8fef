//! The words by which scripts tell errors apart.

use super::Error;

impl Error {
    /// Returns the stable word by which scripts know the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Problems(_) => "amiss",
            Self::Backup { .. } => "backup",
            Self::Unhealthy(_) => "blind",
            Self::CleanUp(_) => self.first().code(),
            Self::Conflicts(_) | Self::PortLost { .. } => "conflict",
            Self::Died { .. } => "died",
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
            Self::Interrupted => "interrupted",
            Self::LockLost { .. } => "lock-lost",
            Self::Locked { .. } => "locked",
            Self::NoDemo { .. } => "no-demo",
            Self::NoProgram { .. } => "no-program",
            Self::NotReady { .. } => "not-ready",
            Self::NotRolledBack { .. } => "not-taken-back",
            Self::OutOfReach(_) => "out-of-reach",
            Self::Pull { .. } => "pull",
            Self::Restore { .. } => "restore",
            Self::RolledBack { .. } => "taken-back",
            Self::SettingsFile { .. } | Self::Usage { .. } => "usage",
        }
    }
}
