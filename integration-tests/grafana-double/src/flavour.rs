//! The two behaviours of Grafana's releases when saving dashboards.

use clap::ValueEnum;

/// The behaviour of the double when saving dashboards.
///
/// Classic is the default: it is confirmed from 9.4 to 13.0, and unified only from 13.2 on. The behaviour of the pinned
/// 13.1.7 is unknown, because the change was merged and reverted during 13.1. Clients must support both, so every test
/// runs with both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Flavour {
    /// A conflict is 412 with a `status`, and every save makes a new version.
    #[default]
    Classic,
    /// A conflict is 409 without `status`, and a save without a change keeps the version.
    Unified,
}

impl Flavour {
    /// Both flavours, for tests.
    pub const ALL: [Self; 2] = [Self::Classic, Self::Unified];

    /// Returns its value of `TDD_DOUBLE_FLAVOUR`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Classic => "classic",
            Self::Unified => "unified",
        }
    }

    /// Returns a release of Grafana that may have this behaviour.
    pub(crate) fn version(self) -> &'static str {
        match self {
            Self::Classic => "13.1.7",
            Self::Unified => "13.2.3",
        }
    }
}
