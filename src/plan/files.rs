//! The desired contents of the configuration files: the user's version, or else the shipped one.

use std::collections::BTreeMap;

use super::Cause;
use crate::config::validate;
use crate::error::{ConfigFault, Error, Result};
use crate::model::observed::{Author, Observed};
use crate::model::stack::Stack;

/// The desired contents of the configuration files: the user's version, or else the shipped one.
pub(super) struct DesiredFiles(pub(super) BTreeMap<&'static str, DesiredFile>);

pub(super) struct DesiredFile {
    /// The desired content.
    pub(super) content: String,
    /// The author of the content.
    pub(super) author: Author,
    /// Why the file is written, if it is.
    pub(super) write: Option<Cause>,
}

impl DesiredFiles {
    /// Returns the desired contents of a stack's files.
    pub(super) fn of(stack: &Stack, observed: &Observed) -> Self {
        let wanted = |file: &crate::model::stack::ConfigFile| {
            let shipped = |write| DesiredFile {
                content: file.content.clone().into_owned(),
                author: Author::Program,
                write,
            };
            match observed.disk.get(file.name) {
                None => shipped(Some(Cause::Absent)),
                Some(seen) if seen.content == file.content => shipped(None),
                Some(seen) if seen.author == Author::Program => shipped(Some(Cause::NewerShipped)),
                Some(seen) => {
                    DesiredFile { content: seen.content.clone(), author: Author::User, write: None }
                }
            }
        };
        Self(stack.files.iter().map(|file| (file.name, wanted(file))).collect())
    }

    /// Rejects invalid files of the user before any tool reads them.
    pub(super) fn check(&self, stack: &Stack) -> Result<()> {
        let delivered = stack.services.iter().filter_map(|service| service.config.as_ref());
        let edited = delivered.flat_map(|config| self.edited(&config.files));
        let faults: Vec<ConfigFault> = edited
            .filter_map(|name| {
                let found = validate::fault(&name, &self.0.get(name.as_str())?.content)?;
                Some(found.in_file(stack.folder.join(name)))
            })
            .collect();
        if faults.is_empty() { Ok(()) } else { Err(Error::Faults(faults)) }
    }

    /// Returns the contents of the named files, by name.
    pub(super) fn contents(&self, names: &[&'static str]) -> Vec<(String, String)> {
        let content = |name: &&'static str| Some(((*name).to_string(), self.0.get(name)?.content.clone()));
        names.iter().filter_map(content).collect()
    }

    /// Returns the names of the files that the user edited.
    pub(super) fn edited(&self, names: &[&'static str]) -> Vec<String> {
        let is_edited =
            |name: &&&'static str| self.0.get(**name).is_some_and(|file| file.author == Author::User);
        names.iter().filter(is_edited).map(ToString::to_string).collect()
    }
}
