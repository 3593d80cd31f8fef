//! Judges whether a stack can run, and whether it can see what it shall see. Each fault has its cure.
//!
//! Never asks anything: `examine` finds the facts.

mod answer;
pub mod collect;
mod configuration;
mod engine;
mod facts;
mod peer;
mod running;
mod site;

pub use answer::{FromInside, ProbeAnswer, from_wget, last_asked};
pub use configuration::{receivers, syntax_fault, targets};
pub use facts::{
    EngineFacts, Facts, FolderFacts, ImageFacts, ImageState, Link, ServiceFacts, Space, Unanswered,
};
pub use peer::{Peer, Role, Scrape, is_reachable, place};

use crate::config::settings::AppHost;

/// What one check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The check, a word that scripts may rely on.
    pub check: &'static str,
    /// What was checked, where the check has more than one: a service, a file, a job, an address.
    pub subject: Option<String>,
    /// How it is.
    pub state: Severity,
    /// What was seen.
    pub what: String,
    /// What to do about it.
    pub fix: Option<String>,
}

/// How something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// As it should be.
    Good,
    /// Worth knowing; the stack runs all the same.
    Warning,
    /// The stack cannot run, or cannot see what it shall see.
    Bad,
}

/// What a judgement depends on beside the facts.
#[derive(Clone, Debug)]
pub struct DoctorOptions {
    /// The stack's name.
    pub stack: String,
    /// Its network's name.
    pub network: String,
    /// Where the containers look for the user's own programs.
    pub app_host: AppHost,
    /// Whether an application that does not run is bad.
    pub require_app: bool,
}

/// Returns what the facts amount to, in the order in which one would look.
pub fn diagnose(facts: &Facts, options: &DoctorOptions) -> Vec<Finding> {
    let mut findings = engine::diagnose(facts, options);
    findings.extend(site::diagnose(facts));
    findings.extend(running::diagnose(facts, options));
    findings.extend(facts.peers.iter().filter_map(|peer| peer.diagnose(facts.bridge.as_deref(), options)));
    findings
}

/// Returns the worst state among findings.
pub fn worst(findings: &[Finding]) -> Severity {
    findings.iter().map(|finding| finding.state).max().unwrap_or(Severity::Good)
}

impl Finding {
    fn new(check: &'static str, state: Severity, what: impl Into<String>) -> Self {
        Self { check, subject: None, state, what: what.into(), fix: None }
    }

    fn good(check: &'static str, what: impl Into<String>) -> Self {
        Self::new(check, Severity::Good, what)
    }

    fn warning(check: &'static str, what: impl Into<String>) -> Self {
        Self::new(check, Severity::Warning, what)
    }

    fn bad(check: &'static str, what: impl Into<String>) -> Self {
        Self::new(check, Severity::Bad, what)
    }

    fn on(self, subject: impl Into<String>) -> Self {
        Self { subject: Some(subject.into()), ..self }
    }

    fn fix(self, fix: impl Into<String>) -> Self {
        Self { fix: Some(fix.into()), ..self }
    }
}
