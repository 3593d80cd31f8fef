//! The state of the double as plain values.
//!
//! Only `store` accesses the disk.

pub(crate) mod dashboard;
pub(crate) mod data_source;
pub(crate) mod folder;
pub(crate) mod lockout;
pub(crate) mod password;
pub(crate) mod slug;
pub(crate) mod store;
pub(crate) mod uid;

use serde::{Deserialize, Serialize};

use crate::flavour::Flavour;
use crate::name::NAME;
use dashboard::Dashboard;
use data_source::DataSource;
use folder::Folder;
use lockout::WrongTry;
use password::Hashed;

/// The state of the double.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct State {
    /// Identifies the writer of the file.
    double: String,
    /// The users; the first one is created at the first start.
    pub(crate) users: Vec<User>,
    /// Recent wrong passwords.
    pub(crate) wrong_tries: Vec<WrongTry>,
    /// The data sources in the order of their creation.
    pub(crate) data_sources: Vec<DataSource>,
    /// The highest number of a data source so far.
    pub(crate) last_data_source_id: u64,
    /// The folders.
    pub(crate) folders: Vec<Folder>,
    /// The dashboards.
    pub(crate) dashboards: Vec<Dashboard>,
    /// The highest number of a dashboard or folder so far, if numbers are sequential.
    last_dashboard_id: u64,
    /// The preferences of the organisation.
    pub(crate) preferences: Preferences,
}

/// A user.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct User {
    /// The number.
    pub(crate) id: u64,
    /// The name in lower case.
    pub(crate) login: String,
    /// The password.
    pub(crate) password: Hashed,
}

/// The author, time and flavour of a change.
#[derive(Clone, Debug, Default)]
pub(crate) struct Author {
    /// The user's name.
    pub(crate) login: String,
    /// The time.
    pub(crate) now_ms: u64,
    /// The flavour.
    pub(crate) flavour: Flavour,
}

/// The preferences of the organisation; an empty text is none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Preferences {
    /// The home dashboard.
    pub(crate) home_dashboard_uid: String,
    /// The colours.
    pub(crate) theme: String,
    /// The time zone.
    pub(crate) timezone: String,
}

impl Default for State {
    fn default() -> Self {
        Self {
            double: NAME.to_string(),
            users: Vec::new(),
            wrong_tries: Vec::new(),
            data_sources: Vec::new(),
            last_data_source_id: 0,
            folders: Vec::new(),
            dashboards: Vec::new(),
            last_dashboard_id: 0,
            preferences: Preferences::default(),
        }
    }
}

impl State {
    /// Creates the first administrator, unless a user exists.
    pub(crate) fn ensure_admin(&mut self, login: &str, password: &str) -> bool {
        if !self.users.is_empty() {
            return false;
        }
        self.users.push(User { id: 1, login: login.to_lowercase(), password: Hashed::new(password) });
        true
    }

    /// Returns the data source with this uid.
    pub(crate) fn data_source(&self, uid: &str) -> Option<&DataSource> {
        self.data_sources.iter().find(|known| known.uid == uid)
    }

    /// Returns the folder with this uid.
    pub(crate) fn folder(&self, uid: &str) -> Option<&Folder> {
        self.folders.iter().find(|known| known.uid == uid)
    }

    /// Returns the dashboard with this uid.
    pub(crate) fn dashboard(&self, uid: &str) -> Option<&Dashboard> {
        self.dashboards.iter().find(|known| known.uid == uid)
    }

    /// Returns the number of a new dashboard or folder; the unified flavour uses large ones.
    pub(crate) fn next_dashboard_id(&mut self, flavour: Flavour) -> u64 {
        match flavour {
            Flavour::Classic => {
                self.last_dashboard_id += 1;
                self.last_dashboard_id
            }
            Flavour::Unified => (1 << 51) | (uid::random() >> 13),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_admin_password_is_kept() {
        let mut state = State::default();
        assert!(state.ensure_admin("Admin", "first"));
        assert!(!state.ensure_admin("admin", "second"));
        assert_eq!(state.users.len(), 1);
        assert!(state.users[0].login == "admin" && state.users[0].password.is("first"));
    }
}
