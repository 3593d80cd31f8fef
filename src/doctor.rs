//! Diagnoses whether a stack can run and monitor. Each problem comes with a fix.
//!
//! Makes no requests: `collect` gathers the facts.

mod answer;
pub mod collect;
mod configuration;
mod engine;
mod facts;
mod peer;
mod running;
mod site;

pub use answer::{FromInside, ProbeAnswer, from_wget, last_asked};
pub use configuration::{receivers, targets};
pub use facts::{
    EngineFacts, Facts, FolderFacts, ImageFacts, ImageState, Link, ServiceFacts, Space, Unanswered,
};
pub use peer::{Peer, Role, Scrape, is_reachable, place};

use crate::config::settings::AppHost;

/// The result of one check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The check's name, which is stable for scripts.
    pub check: &'static str,
    /// The service, file, job or address, for a check that has several subjects.
    pub subject: Option<String>,
    /// The result.
    pub state: Severity,
    /// What the check found.
    pub what: String,
    /// The fix.
    pub fix: Option<String>,
    /// The finding in a few words, where they say enough.
    pub brief: Option<Brief>,
}

/// A finding in a few words, such as `nothing listens on port` with the item `8501`.
///
/// Findings of one check with the same words and the same fix have one cause, and a screen shows them as one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Brief {
    /// The words that such findings share.
    pub text: String,
    /// What follows them.
    pub item: Option<String>,
    /// The fix that such findings share, if they have one.
    pub fix: Option<String>,
}

/// The severity of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// No problem.
    Good,
    /// A problem that does not stop the stack.
    Warning,
    /// The stack cannot run, or does not monitor something that it should.
    Bad,
}

/// The options that the diagnosis depends on next to the facts.
#[derive(Clone, Debug)]
pub struct DoctorOptions {
    /// The stack's name.
    pub stack: String,
    /// The name of the stack's network.
    pub network: String,
    /// Where the containers look for the user's programs.
    pub app_host: AppHost,
    /// Whether an application that does not run is an error.
    pub require_app: bool,
}

/// Returns the findings, ordered from the engine to the user's programs.
pub fn diagnose(facts: &Facts, options: &DoctorOptions) -> Vec<Finding> {
    let mut findings = engine::diagnose(facts, options);
    findings.extend(site::diagnose(facts));
    findings.extend(running::diagnose(facts, options));
    findings.extend(facts.peers.iter().filter_map(|peer| peer.diagnose(facts.bridge.as_deref(), options)));
    findings
}

/// Returns the worst state among the findings.
pub fn worst(findings: &[Finding]) -> Severity {
    findings.iter().map(|finding| finding.state).max().unwrap_or(Severity::Good)
}

impl Finding {
    fn new(check: &'static str, state: Severity, what: impl Into<String>) -> Self {
        Self { check, subject: None, state, what: what.into(), fix: None, brief: None }
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

    fn brief(self, text: impl Into<String>) -> Self {
        let fix = self.fix.clone();
        Self { brief: Some(Brief { text: text.into(), item: None, fix }), ..self }
    }

    fn brief_on(self, text: impl Into<String>, item: impl Into<String>) -> Self {
        let fix = self.fix.clone();
        Self { brief: Some(Brief { text: text.into(), item: Some(item.into()), fix }), ..self }
    }

    fn brief_fix(mut self, fix: impl Into<String>) -> Self {
        if let Some(brief) = &mut self.brief {
            brief.fix = Some(fix.into());
        }
        self
    }
}
