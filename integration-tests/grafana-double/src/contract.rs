//! The contract with Grafana's HTTP API: assertions on which `tdd-stack` relies, for any Grafana.
//!
//! This crate's tests check the double strictly; `grafana-contract` checks a real Grafana, and tolerates differences
//! between releases. Each assertion removes the objects that it creates.

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

/// Precondition of an assertion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Only an address and a login.
    Nothing,
    /// A Prometheus that the Grafana can reach.
    Prometheus,
    /// A data source from a file.
    ReadOnlyDataSource,
    /// A dashboard from a file.
    ProvisionedDashboard,
    /// Permission to lock the login for some minutes.
    LockOut,
}

/// One assertion.
#[derive(Clone, Copy, Debug)]
pub struct Assertion {
    /// Its number in the contract.
    pub number: u8,
    /// Its title.
    pub title: &'static str,
    /// Its precondition.
    pub needs: Needs,
    check: for<'a> fn(&'a Grafana) -> BoxFuture<'a, Checked>,
}

macro_rules! assertion {
    ($number:literal, $needs:ident, $check:path, $title:literal) => {
        Assertion {
            number: $number,
            title: $title,
            needs: Needs::$needs,
            check: |grafana| Box::pin($check(grafana)),
        }
    };
}

/// Every assertion that can be checked over HTTP. The last one locks the login.
///
/// 1, 3 and 10 are missing, because they need control of the process.
pub const ASSERTIONS: [Assertion; 37] = [
    assertion!(2, Nothing, health::answers_without_login, "health needs no login"),
    assertion!(4, Nothing, health::counts_no_login, "health ignores wrong logins"),
    assertion!(5, Nothing, health::healthz, "healthz answers Ok"),
    assertion!(6, Nothing, login::missing, "a missing login is rejected"),
    assertion!(7, Nothing, login::wrong, "a wrong password is rejected"),
    assertion!(9, Nothing, login::right, "the right password shows the organisation"),
    assertion!(11, Nothing, login::change, "a password is changed with the old one"),
    assertion!(12, Nothing, data_sources::add, "a data source is added"),
    assertion!(13, Nothing, data_sources::taken, "names and uids are unique"),
    assertion!(14, Nothing, data_sources::malformed, "a malformed data source is rejected"),
    assertion!(15, Nothing, data_sources::read, "a data source is read by uid without secrets"),
    assertion!(16, Nothing, data_sources::update, "a data source is updated without a version"),
    assertion!(17, Nothing, data_sources::stale, "an outdated version is a conflict"),
    assertion!(18, ReadOnlyDataSource, data_sources::read_only, "a read-only data source cannot be changed"),
    assertion!(19, Nothing, data_sources::remove, "a data source is deleted once"),
    assertion!(20, Nothing, data_sources::default, "only one data source is the default"),
    assertion!(21, Prometheus, queries::health, "data source health follows Prometheus"),
    assertion!(22, Prometheus, queries::proxy, "the proxy passes status and body through"),
    assertion!(23, Prometheus, queries::query, "a query returns columns, a failed one 400"),
    assertion!(24, Nothing, folders::add, "a folder needs a title and a new uid"),
    assertion!(25, Nothing, folders::unknown, "an unknown folder is not found"),
    assertion!(26, Nothing, dashboards::add, "a new dashboard has version one"),
    assertion!(27, Nothing, dashboards::change, "a changed dashboard gets a higher version"),
    assertion!(28, Nothing, dashboards::same, "an identical save is accepted"),
    assertion!(29, Nothing, dashboards::conflict, "an outdated save is a conflict"),
    assertion!(30, Nothing, dashboards::current, "a save of the current version is accepted"),
    assertion!(31, Nothing, dashboards::same_title, "a title does not identify a dashboard"),
    assertion!(32, Nothing, dashboards::no_title, "a dashboard needs a title"),
    assertion!(33, Nothing, dashboards::missing, "a save needs a dashboard"),
    assertion!(34, Nothing, dashboards::illegal_uid, "a uid with illegal characters is rejected"),
    assertion!(35, Nothing, dashboards::unknown_id, "an unknown id is not found, no id is a new dashboard"),
    assertion!(36, ProvisionedDashboard, dashboards::provisioned, "a provisioned dashboard cannot be saved"),
    assertion!(37, Nothing, dashboards::read, "a dashboard is read back unchanged"),
    assertion!(38, Nothing, dashboards::remove, "a deleted dashboard is not found"),
    assertion!(39, Nothing, search::finds, "the search eventually finds a dashboard"),
    assertion!(
        40,
        Nothing,
        organisation::home_and_reload,
        "a home dashboard is preferred, provisioning reloaded"
    ),
    assertion!(8, LockOut, login::lock_out, "five wrong tries lock the name"),
];

impl Assertion {
    /// Returns the assertion with this number.
    pub fn numbered(number: u8) -> Option<Self> {
        ASSERTIONS.into_iter().find(|assertion| assertion.number == number)
    }

    /// Returns whether a target meets the precondition.
    pub fn can_be_checked(&self, target: &Target) -> bool {
        match self.needs {
            Needs::Nothing => true,
            Needs::Prometheus => target.prometheus.is_some(),
            Needs::ReadOnlyDataSource => target.read_only_data_source.is_some(),
            Needs::ProvisionedDashboard => target.provisioned_dashboard.is_some(),
            Needs::LockOut => target.may_lock_out,
        }
    }

    /// Checks the assertion, and removes the objects that it created.
    pub async fn check(&self, grafana: &Grafana) -> Checked {
        let checked = (self.check)(grafana).await;
        grafana.clean_up().await;
        checked
    }
}
