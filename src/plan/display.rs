//! Renders a plan as text for the dry run, the tests and the log.

use std::collections::BTreeSet;
use std::fmt;

use super::{Cause, LoginCase, Operation, Plan, Verb};
use crate::model::stack::LOADED_CHECKSUM;

/// Up to this many operations of one kind are named; more are counted.
const FEW: usize = 3;

impl Operation {
    /// Returns the kind of the operation.
    pub fn verb(&self) -> Verb {
        match self {
            Self::WriteFile { .. } => Verb::Write,
            Self::Pull { .. } => Verb::Pull,
            Self::Check { .. } => Verb::Check,
            Self::CreateNetwork(_) => Verb::CreateNetwork,
            Self::CreateVolume { .. } => Verb::CreateVolume,
            Self::Stop { .. } => Verb::Stop,
            Self::Remove { .. } => Verb::Remove,
            Self::SetAside { .. } => Verb::SetAside,
            Self::PutBack { .. } => Verb::PutBack,
            Self::Create { .. } => Verb::Create,
            Self::Upload { .. } => Verb::Upload,
            Self::WritePasswordFile { .. } => Verb::WritePasswordFile,
            Self::Start { .. } => Verb::Start,
            Self::Reload { .. } => Verb::Reload,
            Self::Restart { .. } => Verb::Restart,
            Self::Unpause { .. } => Verb::Unpause,
            Self::WaitReady(_) => Verb::Await,
            Self::CheckConnectivity { .. } => Verb::CheckConnectivity,
            Self::SetLogin(LoginCase::Default) => Verb::CheckLogin,
            Self::SetLogin(LoginCase::Unproven | LoginCase::Refused) => Verb::SetLogin,
            Self::SetDataSource(_) => Verb::DataSource,
            Self::ImportDashboard { .. } => Verb::Import,
            Self::WaitDataSource { .. } => Verb::WaitDataSource,
            Self::WaitHealthy => Verb::WaitHealthy,
            Self::RemoveNetwork(_) => Verb::RemoveNetwork,
            Self::RemoveVolume(_) => Verb::RemoveVolume,
            Self::RemoveImage(_) => Verb::RemoveImage,
        }
    }

    /// Returns the object of the operation.
    pub fn target(&self) -> String {
        match self {
            Self::WriteFile { file, .. } => file.clone(),
            Self::Pull { image, .. } | Self::RemoveImage(image) => image.clone(),
            Self::Check { service, check, .. } => format!("{service} ({})", check.title()),
            Self::CreateNetwork(name)
            | Self::RemoveNetwork(name)
            | Self::RemoveVolume(name)
            | Self::CreateVolume { name, .. }
            | Self::Remove { name, .. } => name.clone(),
            Self::Stop { service, .. }
            | Self::SetAside { service, .. }
            | Self::PutBack { service, .. }
            | Self::WritePasswordFile { service, .. }
            | Self::Reload { service, .. }
            | Self::Restart { service, .. }
            | Self::Unpause { service } => service.clone(),
            Self::SetLogin(_) => "grafana".into(),
            Self::Upload { service, files, .. } => {
                let names =
                    files.iter().map(|(name, _)| name.as_str()).filter(|name| *name != LOADED_CHECKSUM);
                let names: Vec<&str> = names.collect();
                format!("{service} ({})", names.join(", "))
            }
            Self::Create { service, .. } | Self::Start { service, .. } | Self::WaitReady(service) => {
                service.name.to_string()
            }
            Self::CheckConnectivity { from, .. } => format!("from {from} to every service"),
            Self::WaitHealthy => "all required checks".into(),
            Self::SetDataSource(data_source) => data_source.uid.to_string(),
            Self::ImportDashboard { uid, .. } | Self::WaitDataSource { uid } => uid.clone(),
        }
    }

    /// Returns the service of the operation, if it belongs to one.
    pub fn service(&self) -> Option<&str> {
        match self {
            Self::Check { service, .. }
            | Self::Stop { service, .. }
            | Self::SetAside { service, .. }
            | Self::PutBack { service, .. }
            | Self::Upload { service, .. }
            | Self::WritePasswordFile { service, .. }
            | Self::Reload { service, .. }
            | Self::Restart { service, .. }
            | Self::Unpause { service }
            | Self::Pull { service, .. } => Some(service),
            Self::Create { service, .. } | Self::Start { service, .. } | Self::WaitReady(service) => {
                Some(service.name)
            }
            Self::SetLogin(_)
            | Self::SetDataSource(_)
            | Self::ImportDashboard { .. }
            | Self::WaitDataSource { .. } => Some("grafana"),
            Self::WriteFile { .. }
            | Self::CreateNetwork(_)
            | Self::CreateVolume { .. }
            | Self::Remove { .. }
            | Self::CheckConnectivity { .. }
            | Self::WaitHealthy
            | Self::RemoveNetwork(_)
            | Self::RemoveVolume(_)
            | Self::RemoveImage(_) => None,
        }
    }
}

impl Plan {
    /// Returns a short list of some operations, in order. Many of one kind are counted.
    pub fn summary(&self, steps: &BTreeSet<usize>) -> Vec<String> {
        let operations: Vec<&Operation> = steps.iter().map(|step| &self.steps[*step].operation).collect();
        let by_verb = operations.chunk_by(|one, other| one.verb() == other.verb());
        let lines = by_verb.flat_map(|alike| match alike {
            [first, .., _] if alike.len() > FEW => vec![format!("{} ({} times)", first.verb(), alike.len())],
            alike => alike.iter().map(|one| format!("{} {}", one.verb(), one.target())).collect(),
        });
        lines.collect()
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, step) in self.steps.iter().enumerate() {
            let needs: Vec<String> = step.needs.iter().map(|need| (need + 1).to_string()).collect();
            let after = if needs.is_empty() { String::new() } else { format!("  after {}", needs.join(" ")) };
            writeln!(
                f,
                "{:>3}  {:<19} {}  ({}){after}",
                index + 1,
                step.operation.verb().word(),
                step.operation.target(),
                step.cause
            )?;
        }
        Ok(())
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => write!(f, "missing"),
            Self::Asked(flag) => write!(f, "requested by {flag}"),
            Self::Edited(files) => write!(f, "you edited {}", files.join(", ")),
            Self::FilesDiffer(files) => write!(f, "{} changed", files.join(", ")),
            Self::Differs => write!(f, "differs from the desired state"),
            Self::SpecChanged(fields) if fields.is_empty() => write!(f, "its specification changed"),
            Self::SpecChanged(fields) => write!(f, "its specification changed: {}", fields.join(", ")),
            Self::ImageChanged => write!(f, "its image changed"),
            Self::Replaced => write!(f, "the container is being replaced"),
            Self::ReplacementCutOff => write!(f, "a replacement was interrupted"),
            Self::RolledBack => write!(f, "the change failed"),
            Self::NewerShipped => write!(f, "a newer version is shipped"),
            Self::NotRunning(state) => write!(f, "it is {state}"),
            Self::NotReady(last) => write!(f, "not ready: {last}"),
            Self::LoginRefused(user) => write!(f, "it rejects the login `{user}`"),
            Self::OlderData => write!(f, "existing data may have a different password"),
            Self::Unseen => write!(f, "its content could not be read"),
            Self::JustStarted => write!(f, "just started"),
            Self::NetworkGone => write!(f, "its network was removed"),
            Self::CutOff => write!(f, "left by an interrupted check"),
            Self::NotLoaded => write!(f, "its files are not loaded yet"),
            Self::QuickStart => write!(f, "intervals of 1 s until the stack is healthy"),
            Self::QuickStartOver => write!(f, "restores the configured intervals"),
        }
    }
}
