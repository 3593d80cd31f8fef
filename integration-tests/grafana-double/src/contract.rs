//! The contract with Grafana's HTTP API: what `tdd-stack` relies on, as assertions that any Grafana can be held to.
//!
//! The test double is held to it in this crate's tests, strictly; `grafana-contract` holds a real Grafana to it, and
//! there tolerates what differs between releases. Never leaves anything behind: what an assertion makes, it removes.

mod answer;
mod command;
mod dashboards;
mod data_sources;
mod folders;
mod grafana;
mod health;
mod login;
mod organisation;
mod queries;
mod search;

use futures_util::future::BoxFuture;

pub use answer::{Answer, Checked, Violation};
pub use command::main;
pub use grafana::{Grafana, Target};

/// What has to be given before an assertion can be checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Nothing but the address and a login.
    Nothing,
    /// A Prometheus that the Grafana can ask.
    Prometheus,
    /// A data source that a file made.
    ReadOnlyDataSource,
    /// A dashboard that a file made.
    ProvisionedDashboard,
    /// Leave to lock the login for some minutes.
    LockOut,
}

/// One assertion.
#[derive(Clone, Copy, Debug)]
pub struct Assertion {
    /// Its number in the contract.
    pub number: u8,
    /// What it says.
    pub says: &'static str,
    /// What it needs.
    pub needs: Needs,
    check: for<'a> fn(&'a Grafana) -> BoxFuture<'a, Checked>,
}

macro_rules! assertion {
    ($number:literal, $needs:ident, $check:path, $says:literal) => {
        Assertion {
            number: $number,
            says: $says,
            needs: Needs::$needs,
            check: |grafana| Box::pin($check(grafana)),
        }
    };
}

/// Every assertion that can be checked over HTTP. The one that locks the login is the last.
///
/// 1, 3 and 10 are missing: they need a hand on the process.
pub const ASSERTIONS: [Assertion; 37] = [
    assertion!(2, Nothing, health::answers_without_login, "health is answered without a login"),
    assertion!(4, Nothing, health::counts_no_login, "health counts no wrong login"),
    assertion!(5, Nothing, health::healthz, "healthz says Ok"),
    assertion!(6, Nothing, login::missing, "a missing login is refused"),
    assertion!(7, Nothing, login::wrong, "a wrong password is refused"),
    assertion!(9, Nothing, login::right, "the right password shows the organisation"),
    assertion!(11, Nothing, login::change, "a password is changed by whoever knows it"),
    assertion!(12, Nothing, data_sources::add, "a data source is added"),
    assertion!(13, Nothing, data_sources::taken, "a name or a uid is taken once only"),
    assertion!(14, Nothing, data_sources::malformed, "a data source that is not well formed is refused"),
    assertion!(15, Nothing, data_sources::read, "a data source is read by uid and without secrets"),
    assertion!(16, Nothing, data_sources::update, "a data source is updated without a version"),
    assertion!(17, Nothing, data_sources::stale, "an outdated version is a conflict"),
    assertion!(18, ReadOnlyDataSource, data_sources::read_only, "a read-only data source stays as it is"),
    assertion!(19, Nothing, data_sources::remove, "a data source is deleted once"),
    assertion!(20, Nothing, data_sources::default, "there is one default data source"),
    assertion!(21, Prometheus, queries::health, "a data source's health is that of its Prometheus"),
    assertion!(22, Prometheus, queries::proxy, "the proxy passes status and body on"),
    assertion!(23, Prometheus, queries::query, "a query returns columns, a failing one 400"),
    assertion!(24, Nothing, folders::add, "a folder is made once and needs a title"),
    assertion!(25, Nothing, folders::unknown, "an unknown folder is not found"),
    assertion!(26, Nothing, dashboards::add, "a new dashboard begins at version one"),
    assertion!(27, Nothing, dashboards::change, "a changed dashboard gets a higher version"),
    assertion!(28, Nothing, dashboards::same, "an identical save is accepted"),
    assertion!(29, Nothing, dashboards::conflict, "an outdated save is a conflict"),
    assertion!(30, Nothing, dashboards::current, "a save of the current version is accepted"),
    assertion!(31, Nothing, dashboards::same_title, "a title alone does not name a dashboard"),
    assertion!(32, Nothing, dashboards::no_title, "a dashboard needs a title"),
    assertion!(33, Nothing, dashboards::missing, "a save needs a dashboard"),
    assertion!(34, Nothing, dashboards::illegal_uid, "a uid with illegal characters is refused"),
    assertion!(35, Nothing, dashboards::unknown_id, "an unknown id is not found, none is a new dashboard"),
    assertion!(36, ProvisionedDashboard, dashboards::provisioned, "a provisioned dashboard cannot be saved"),
    assertion!(37, Nothing, dashboards::read, "a dashboard reads back as it was sent"),
    assertion!(38, Nothing, dashboards::remove, "a deleted dashboard is gone"),
    assertion!(39, Nothing, search::finds, "the search finds a dashboard in the end"),
    assertion!(
        40,
        Nothing,
        organisation::home_and_reload,
        "a home dashboard is preferred, provisioning reloaded"
    ),
    assertion!(8, LockOut, login::lock_out, "five wrong tries lock the name"),
];

impl Assertion {
    /// Returns the assertion with a number.
    pub fn numbered(number: u8) -> Option<Self> {
        ASSERTIONS.into_iter().find(|assertion| assertion.number == number)
    }

    /// Returns whether a target has what the assertion needs.
    pub fn can_be_checked(&self, target: &Target) -> bool {
        match self.needs {
            Needs::Nothing => true,
            Needs::Prometheus => target.prometheus.is_some(),
            Needs::ReadOnlyDataSource => target.read_only_data_source.is_some(),
            Needs::ProvisionedDashboard => target.provisioned_dashboard.is_some(),
            Needs::LockOut => target.may_lock_out,
        }
    }

    /// Checks the assertion, and removes what that made.
    pub async fn check(&self, grafana: &Grafana) -> Checked {
        let checked = (self.check)(grafana).await;
        grafana.clean_up().await;
        checked
    }
}
