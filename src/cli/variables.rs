//! The variables of the flags. clap's own support rejects empty variables and names the flag in errors.

use std::ffi::{OsStr, OsString};

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command};

use crate::config::settings::boolean;
use crate::config::settings::suggestion::closest;
use crate::error::{Error, Result};

/// The prefix of the variables' names.
pub(super) const PREFIX: &str = "TDD_STACK_";

/// The variable that has no flag.
const PASSWORD: &str = "TDD_STACK_GRAFANA_PASSWORD";

/// A flag that gets its value from a variable.
#[derive(Debug)]
pub(super) struct Variable {
    /// The names of the verbs above the flag; empty for a global flag.
    pub(super) verbs: Vec<String>,
    /// The id of the flag.
    pub(super) id: String,
    /// The name of the flag.
    pub(super) flag: String,
    /// The name of the variable.
    pub(super) name: String,
    /// The value in the form that the flag takes.
    pub(super) value: OsString,
}

/// Returns the values of the flags that are not on the command line. Lists are merged per service later, so they are only
/// checked here.
pub(super) fn values(
    command: &Command,
    matches: &ArgMatches,
    set: &[(String, OsString)],
) -> Result<Vec<Variable>> {
    let mut found = Vec::new();
    let (mut command, mut matches, mut verbs) = (command, matches, Vec::new());
    loop {
        for arg in command.get_arguments() {
            let Some(name) = arg.get_env().and_then(OsStr::to_str) else { continue };
            let Some((_, text)) = set.iter().find(|(known, _)| known == name) else { continue };
            let is_list = matches!(arg.get_action(), ArgAction::Append);
            let is_given = matches.value_source(arg.get_id().as_str()) == Some(ValueSource::CommandLine);
            if is_given && !is_list {
                continue;
            }
            let value = value(arg, name, text)?;
            if !is_list {
                let flag = arg.get_long().unwrap_or_default().to_string();
                let (id, name) = (arg.get_id().to_string(), name.to_string());
                found.push(Variable { verbs: verbs.clone(), id, flag, name, value });
            }
        }
        let Some((verb, inner)) = matches.subcommand() else { return Ok(found) };
        let Some(next) = command.find_subcommand(verb) else { return Ok(found) };
        verbs.push(verb.to_string());
        (command, matches) = (next, inner);
    }
}

/// Returns the value of a variable in the form that its flag takes.
fn value(arg: &Arg, name: &str, text: &OsStr) -> Result<OsString> {
    let invalid = |reason: String| Error::Usage { place: name.to_string(), reason };
    if matches!(arg.get_action(), ArgAction::SetTrue) {
        let shown = text.to_string_lossy();
        let on = text.to_str().and_then(boolean);
        let on = on.ok_or_else(|| invalid(format!("`{shown}` is neither `true` nor `false`")))?;
        return Ok(on.to_string().into());
    }
    let mut word = OsString::from(format!("--{}=", arg.get_long().unwrap_or_default()));
    word.push(text);
    let alone = Command::new("tdd-stack").arg(arg.clone().env(None::<&str>));
    match alone.try_get_matches_from([OsString::from("tdd-stack"), word]) {
        Ok(_) => Ok(text.to_os_string()),
        Err(error) => Err(invalid(reason(arg, text, &error))),
    }
}

fn reason(arg: &Arg, text: &OsStr, error: &clap::Error) -> String {
    if error.kind() == ErrorKind::InvalidUtf8 {
        return "the value is not valid UTF-8".into();
    }
    let text = text.to_string_lossy();
    if let Some(cause) = std::error::Error::source(error) {
        return format!("invalid value `{text}`: {cause}");
    }
    let values = arg.get_possible_values();
    let values: Vec<&str> = values.iter().map(clap::builder::PossibleValue::get_name).collect();
    format!("`{text}` is not a valid value; the values are {}", values.join(", "))
}

/// Returns a warning for each variable with the prefix of this program that it does not use.
pub(super) fn unknown(command: &Command, set: &[(String, OsString)]) -> Vec<String> {
    let mut known = vec![PASSWORD.to_string()];
    collect(command, &mut known);
    let warning = |name: &str| {
        let ends = known.iter().filter_map(|name| name.strip_prefix(PREFIX));
        let hint = closest(name.trim_start_matches(PREFIX), ends);
        let hint = hint.map(|end| format!("; did you mean {PREFIX}{end}?")).unwrap_or_default();
        format!("unknown variable {name}{hint}")
    };
    let mut unknown: Vec<&str> = set.iter().map(|(name, _)| name.as_str()).collect();
    unknown.retain(|name| !known.iter().any(|known| known == name));
    unknown.sort_unstable();
    unknown.into_iter().map(warning).collect()
}

fn collect(command: &Command, known: &mut Vec<String>) {
    let names = command.get_arguments().filter_map(|arg| arg.get_env()?.to_str());
    known.extend(names.map(ToString::to_string));
    command.get_subcommands().for_each(|verb| collect(verb, known));
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::super::Cli;
    use super::*;

    #[test]
    fn unknown_variables_are_named_with_a_suggestion() {
        let set = |name: &str| (name.to_string(), OsString::from("x"));
        let set = [
            set("TDD_STACK_RESGISTRY"),
            set("TDD_STACK_WAIT"),
            set("TDD_STACK_GRAFANA_PASSWORD"),
            set("TDD_STACK_QUUX"),
        ];
        assert_eq!(
            unknown(&Cli::command(), &set),
            [
                "unknown variable TDD_STACK_QUUX",
                "unknown variable TDD_STACK_RESGISTRY; did you mean TDD_STACK_REGISTRY?",
            ]
        );
    }
}
