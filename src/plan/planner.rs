//! The state of the planner while it decides what `up` changes.

use std::collections::BTreeMap;

use super::Plan;
use super::files::DesiredFiles;
use super::request::VerifyTime;
use crate::model::observed::{Container, Observed};
use crate::model::stack::{Service, Stack};

/// The plan so far, and its inputs.
pub(super) struct Planner<'a> {
    pub(super) stack: &'a Stack,
    pub(super) observed: &'a Observed,
    pub(super) files: DesiredFiles,
    pub(super) proof: VerifyTime,
    pub(super) plan: Plan,
    /// The checks of edited files; every change to the stack depends on them.
    pub(super) checks: Vec<usize>,
    /// The operation after which each service is ready, if one is planned.
    pub(super) awaited: BTreeMap<&'static str, usize>,
    /// The services that start with shortened intervals.
    pub(super) quickened: Vec<&'a Service>,
    /// The previous containers that are kept until everything else is done.
    pub(super) set_aside: Vec<(&'a Service, &'a Container)>,
}
