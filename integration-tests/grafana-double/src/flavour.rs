//! The two ways in which Grafana's releases save dashboards.

use clap::ValueEnum;

/// Which of Grafana's two ways of saving dashboards the double follows.
///
/// The default is the classic way. It is attested from 9.4 to 13.0; the new one surely only from 13.2 on. Whether
/// 13.1.7, the release that the stack pins, has it is not settled: it was merged, reverted and merged again while
/// 13.1 was being made. A client has to cope with both, so every test runs against both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Flavour {
    /// A conflict is 412 with a `status`, and every save makes a new version.
    #[default]
    Classic,
    /// A conflict is 409 without `status`, and a save without a change keeps the version.
    Unified,
}

impl Flavour {
    /// Both, for tests that go through them.
    pub const ALL: [Self; 2] = [Self::Classic, Self::Unified];

    /// Returns the value of `TDD_DOUBLE_FLAVOUR` that selects it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Classic => "classic",
            Self::Unified => "unified",
        }
    }

    /// Returns a release of Grafana that may behave this way.
    pub(crate) fn version(self) -> &'static str {
        match self {
            Self::Classic => "13.1.7",
            Self::Unified => "13.2.3",
        }
    }
}
