//! Parses the command line, with variables as defaults of the flags.

use std::collections::BTreeMap;
use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{ArgMatches, Command, CommandFactory, FromArgMatches};

use super::stop::Stop;
use super::variables::{self, Variable};
use super::{Cli, redirect};
use crate::error::Error;
use crate::output;
use crate::session::environment;

type Parsed<T> = std::result::Result<T, Stop>;

/// Parses the words of the command line, and warns about variables that have no meaning.
pub(crate) fn parse(words: &[OsString]) -> Parsed<Cli> {
    let set = environment::variables(variables::PREFIX);
    let cli = parse_with(words, &set)?;
    for warning in variables::unknown(&Cli::command(), &set) {
        output::warning(&warning);
    }
    Ok(cli)
}

fn parse_with(words: &[OsString], set: &[(String, OsString)]) -> Parsed<Cli> {
    let json = Stop::json(words, set);
    // Without variables, so that every error here is one of the command line.
    let flags = without_variables(Cli::command()).try_get_matches_from(words);
    let flags = flags.map_err(|error| refusal(words, error, json))?;
    let variables =
        variables::values(&Cli::command(), &flags, set).map_err(|error| Stop::of_value(error, json))?;
    let matches = with_variables(&variables).try_get_matches_from(words);
    let matches = matches.map_err(|error| refusal(words, error, json))?;
    let mut cli = Cli::from_arg_matches(&matches).map_err(|error| refusal(words, error, json))?;
    cli.global.places = places(&matches, &variables);
    Ok(cli)
}

/// Returns the command line without clap's own support of variables.
fn without_variables(command: Command) -> Command {
    command.mut_args(|arg| arg.env(None::<&str>)).mut_subcommands(without_variables)
}

fn with_variables(variables: &[Variable]) -> Command {
    fn set(command: Command, verbs: &[String], variable: &Variable) -> Command {
        match verbs.split_first() {
            Some((verb, inner)) => command.mut_subcommand(verb, |command| set(command, inner, variable)),
            None => command.mut_arg(&variable.id, |arg| arg.default_value(variable.value.clone())),
        }
    }
    let command = without_variables(Cli::command());
    variables.iter().fold(command, |command, variable| set(command, &variable.verbs, variable))
}

/// Returns the flag or variable of each global value.
fn places(matches: &ArgMatches, variables: &[Variable]) -> BTreeMap<String, String> {
    let command = Cli::command();
    let given = command.get_arguments().filter(|arg| {
        let id = arg.get_id().as_str();
        arg.is_global_set() && matches.value_source(id) == Some(ValueSource::CommandLine)
    });
    let flags = given.filter_map(|arg| arg.get_long()).map(|flag| (flag.to_string(), format!("--{flag}")));
    let global = variables.iter().filter(|variable| variable.verbs.is_empty());
    let variables = global.map(|variable| (variable.flag.clone(), variable.name.clone()));
    flags.chain(variables).collect()
}

/// Returns what ends the program in place of a command: a page, or an error with a hint.
fn refusal(words: &[OsString], error: clap::Error, json: bool) -> Stop {
    match error.kind() {
        ErrorKind::DisplayVersion => Stop::Page(error),
        ErrorKind::DisplayHelp => {
            // The pages are laid out with the variables in their texts.
            let page = Cli::layout().try_get_matches_from(words).err();
            Stop::Page(page.unwrap_or(error))
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand | ErrorKind::MissingSubcommand => {
            let page = Cli::layout().try_get_matches_from(words).err();
            let message = "no command is given".to_string();
            let hint = "`tdd-stack --help` lists the commands".to_string();
            Stop::usage(page.unwrap_or(error), Error::CommandLine(message, hint), json)
        }
        _ => {
            let error = redirect::with_hint(words, error);
            let described = redirect::described(&error);
            Stop::usage(error, described, json)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layer(
        words: &[&str],
        set: &[(&str, &str)],
    ) -> std::result::Result<crate::config::settings::Layer, String> {
        let words: Vec<OsString> = ["tdd-stack"].iter().chain(words).map(OsString::from).collect();
        let owned: Vec<_> =
            set.iter().map(|(name, value)| ((*name).to_string(), OsString::from(value))).collect();
        let cli = parse_with(&words, &owned).map_err(|stop| stop.to_string())?;
        let read =
            |name: &str| set.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_string());
        let folder = tempfile::tempdir().unwrap();
        let mut global = cli.global;
        global.dir = Some(folder.path().to_path_buf());
        global.into_layer(&["prometheus", "grafana"], read).map_err(|error| error.to_string())
    }

    #[test]
    fn flags_override_variables_and_both_are_named() {
        let set =
            [("TDD_STACK_STACK", "of-variable"), ("TDD_STACK_OUTPUT", "xml"), ("TDD_STACK_NO_WAIT", "Off")];
        let merged = layer(&["status", "--stack", "of-flag", "--output", "json"], &set).unwrap();
        assert_eq!((merged.stack.as_deref(), merged.place("stack").as_str()), (Some("of-flag"), "--stack"));
        assert_eq!((merged.no_wait, merged.place("no-wait").as_str()), (Some(false), "TDD_STACK_NO_WAIT"));
        let merged = layer(&["--output", "json", "status"], &set).unwrap();
        assert_eq!(merged.place("stack"), "TDD_STACK_STACK");
        let error = layer(&["status"], &set).unwrap_err();
        assert_eq!(error, "TDD_STACK_OUTPUT: `xml` is not a valid value; the values are human, json");
    }

    #[test]
    fn context_flag_overrides_a_host_variable() {
        let merged = layer(&["plan", "--context", "far"], &[("TDD_STACK_HOST", "unix:///x")]).unwrap();
        assert_eq!((merged.host, merged.context.as_deref()), (None, Some("far")));
    }

    #[test]
    fn variables_of_other_verbs_are_ignored() {
        assert!(layer(&["down"], &[("TDD_STACK_WAIT", "nonsense")]).is_ok());
        let error = layer(&["up"], &[("TDD_STACK_WAIT", "nonsense")]).unwrap_err();
        assert_eq!(error, "TDD_STACK_WAIT: `nonsense` is not a valid value; the values are ready, proven");
        let error = layer(&["up"], &[("TDD_STACK_WAIT_TIMEOUT", "soon")]).unwrap_err();
        assert_eq!(error, "TDD_STACK_WAIT_TIMEOUT: invalid value `soon`: expected number at 0");
    }
}
