//! `/api/datasources`, and paths below a data source.

mod handlers;
mod health;
mod proxy;
mod rules;

pub(crate) use handlers::{add, by_name, by_uid, id_by_name, list, remove_by_name, remove_by_uid, update};
pub(crate) use health::health;
pub(crate) use proxy::{proxy, proxy_root};
pub(crate) use rules::{change, insert, not_found};
