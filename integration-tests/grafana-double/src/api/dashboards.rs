//! `/api/dashboards`, and the effects of saving a dashboard.

mod handlers;
mod refusal;
mod save;

pub(crate) use handlers::{add, by_uid, home, remove};
pub(crate) use refusal::unknown_dashboard;
pub(crate) use save::{Wanted, save};
