//! Hints for words that other programs use.

use std::ffi::OsString;

use clap::CommandFactory;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::Cli;
use crate::error::Error;

/// Verbs of other programs, each with a hint.
const VERBS: [(&[&str], &str); 6] = [
    (&["ls", "list", "ps"], "`tdd-stack status` shows the services"),
    (&["restart", "start", "run"], "`tdd-stack up` starts services that do not run, and applies changes"),
    (&["rm", "remove", "stop"], "`tdd-stack down` removes the stack, but keeps its data"),
    (&["log"], "`tdd-stack logs` shows the logs of the services"),
    (&["pull"], "`tdd-stack up --pull always` pulls all images"),
    (&["config"], "`tdd-stack init` writes the configuration files, `tdd-stack check` checks them"),
];

/// Flags of other programs, each with its verb and a hint.
const FLAGS: [(&str, &[&str], &str); 1] =
    [("up", &["-d", "--detach"], "`tdd-stack up` always runs in the background; omit the flag")];

/// Returns an error of the command line, with a hint in place of clap's suggestion if one fits better.
pub(super) fn with_hint(words: &[OsString], error: clap::Error) -> clap::Error {
    let is_verb = |verb: &str| words.iter().any(|word| word == verb);
    let hint = match (error.kind(), context(&error, ContextKind::InvalidSubcommand)) {
        (ErrorKind::InvalidSubcommand, Some(verb)) => {
            let known = VERBS.iter().find(|(verbs, _)| verbs.contains(&verb));
            known.map(|(_, hint)| (None, format!("unrecognized subcommand '{verb}'"), *hint))
        }
        (ErrorKind::UnknownArgument, _) => context(&error, ContextKind::InvalidArg).and_then(|flag| {
            let known = FLAGS.iter().find(|(verb, flags, _)| is_verb(verb) && flags.contains(&flag));
            known.map(|(verb, _, hint)| (Some(*verb), format!("unexpected argument '{flag}' found"), *hint))
        }),
        _ => None,
    };
    let Some((verb, message, hint)) = hint else { return error };
    let mut command = Cli::command();
    command.build();
    let text = format!("{message}\n\n  hint: {hint}");
    match verb.and_then(|verb| command.find_subcommand_mut(verb)) {
        Some(verb) => verb.error(error.kind(), text),
        None => command.error(error.kind(), text),
    }
}

/// Returns an error of the command line as one of this program, with the first tip as its hint.
pub(super) fn described(error: &clap::Error) -> Error {
    let rendered = error.to_string();
    let mut paragraphs = rendered.split("\n\n");
    let first: Vec<&str> = paragraphs.next().unwrap_or_default().lines().map(str::trim).collect();
    let tip = |line: &str| {
        let line = line.trim();
        Some(line.strip_prefix("tip: ").or_else(|| line.strip_prefix("hint: "))?.to_string())
    };
    let message = first.join(" ").trim_start_matches("error: ").to_string();
    let hint = rendered.lines().find_map(tip).unwrap_or_else(|| "`--help` lists the options".into());
    Error::CommandLine(message, hint)
}

fn context(error: &clap::Error, kind: ContextKind) -> Option<&str> {
    match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text),
        _ => None,
    }
}
