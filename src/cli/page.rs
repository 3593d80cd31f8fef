//! The layout of the help pages: compact, with the global options only on the first page.

use clap::builder::styling::Style;
use clap::{Arg, ArgAction, Command};

/// Returns the command line with its help pages. `-h` and `--help` print the same page.
///
/// clap's own long form takes four lines for each flag, and repeats the global flags on every page.
pub(super) fn command(root: Command, exit_codes: &str) -> Command {
    let header = *root.get_styles().get_header();
    let globals: Vec<Arg> =
        root.get_arguments().filter(|arg| arg.is_global_set() && !arg.is_hide_set()).cloned().collect();
    let further = pointer(&globals, header);
    let root = root.mut_subcommands(|verb| {
        let verb = globals.iter().fold(verb, |verb, arg| verb.arg(arg.clone().hide(true)));
        page(verb, header, &further)
    });
    let exit_codes = exit_codes.trim_end();
    let (title, list) = exit_codes.split_once('\n').unwrap_or((exit_codes, ""));
    compact(root, header, &format!("{header}{title}{header:#}\n{list}"))
}

/// Lays out the page of a verb and the pages of its subcommands.
fn page(verb: Command, header: Style, further: &str) -> Command {
    compact(verb.mut_subcommands(|inner| page(inner, header, further)), header, further)
}

/// Moves long descriptions below the options, so that each option takes as few lines as possible.
fn compact(command: Command, header: Style, last: &str) -> Command {
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    let long = command.get_long_about().map(ToString::to_string).unwrap_or_default();
    let details = long.trim_start_matches(&about).trim().to_string();
    let values: Vec<String> = command.get_arguments().filter_map(|arg| values(arg, header)).collect();
    let below: Vec<String> = [details]
        .into_iter()
        .chain(values)
        .chain([last.to_string()])
        .filter(|text| !text.is_empty())
        .collect();
    let command = command.long_about(None::<&str>).after_help(below.join("\n\n"));
    command.mut_args(|arg| {
        let is_described = is_described(&arg);
        // One rule on the first page names the variables of all of them.
        let is_global = arg.is_global_set();
        arg.hide_possible_values(is_described).hide_env(is_global)
    })
}

/// Returns the values of an argument with their descriptions.
fn values(arg: &Arg, header: Style) -> Option<String> {
    if arg.is_hide_set() || !is_described(arg) {
        return None;
    }
    let values = arg.get_possible_values();
    let width = values.iter().map(|value| value.get_name().len()).max().unwrap_or_default();
    let name = match arg.get_long() {
        Some(long) => format!("--{long}"),
        None => value_name(arg),
    };
    let lines = values.iter().map(|value| {
        let help = value.get_help().map(ToString::to_string).unwrap_or_default();
        format!("\n  {:width$}  {help}", value.get_name())
    });
    Some(format!("{header}Values of {name}:{header:#}{}", lines.collect::<String>()))
}

fn is_described(arg: &Arg) -> bool {
    arg.get_possible_values().iter().any(|value| value.get_help().is_some())
}

/// Returns the line that names the global options.
fn pointer(globals: &[Arg], header: Style) -> String {
    let flag = |arg: &Arg| {
        let flag = format!("--{}", arg.get_long().unwrap_or_default());
        match arg.get_action() {
            ArgAction::SetTrue => flag,
            // The value must not be separated from its flag at the end of a line.
            _ => format!("{flag}\u{a0}{}", value_name(arg)),
        }
    };
    let flags: Vec<String> = globals.iter().map(flag).collect();
    // Its own line: clap's wrapping repeats the blank line above at every break in the line after a heading.
    format!("{header}Global options{header:#} (`tdd-stack --help` describes them):\n  {}", flags.join(", "))
}

fn value_name(arg: &Arg) -> String {
    arg.get_value_names().and_then(<[_]>::first).map(ToString::to_string).unwrap_or_default()
}
