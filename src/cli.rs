//! The command line: flags and their environment variables. Its types stop here.

mod page;
mod parse;
mod redirect;
mod stop;
mod variables;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Args, CommandFactory, Parser, Subcommand};

use crate::commands;
use crate::config::settings::{
    AppHost, FILE_NAME, HostPort, Layer, OutputFormat, PASSWORD_WAYS, Password, PasswordOrigin,
    PasswordSource, ProgressFormat, pair, pairs,
};
use crate::error::{Error, Result, exit_code};
use crate::files;

pub(crate) use parse::parse;

/// Run Prometheus, Grafana, node-exporter and Alertmanager in Docker
///
/// Talks to the Docker Engine directly, and checks that monitoring works. Writes the configuration to config/monitoring,
/// where you can edit it; an edited file is never overwritten.
///
/// Every global option has a variable (`--app-host`: `TDD_STACK_APP_HOST`) and, except `--dir` and
/// `--grafana-password-prompt`, a key in tdd-stack.yaml (`app-host`). Options override variables, and variables override
/// the file. Without a password option, Grafana's login is admin / admin123; `TDD_STACK_GRAFANA_PASSWORD` sets the password
/// itself.
#[derive(Debug, Parser)]
#[command(name = "tdd-stack", version, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: GlobalArgs,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Up(commands::up::Args),
    Status(commands::status::Args),
    Down(commands::down::Args),
    Plan(commands::plan::Args),
    Init(commands::init::Args),
    Check(commands::check::Args),
    Logs(commands::logs::Args),
    Demo(commands::demo::Args),
    Drill(commands::drill::Args),
    Alerts(commands::alerts::Args),
    Doctor(commands::doctor::Args),
    Dashboards(commands::dashboards::Args),
    SupportBundle(commands::support_bundle::Args),
    Backup(commands::backup::Args),
    Restore(commands::restore::Args),
    Version(commands::version::Args),
}

/// The flags of every verb. Each has a variable, and most have a key in tdd-stack.yaml.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct GlobalArgs {
    /// Name of the stack, and prefix of all its objects [default: tdd]
    #[arg(long, global = true, env = "TDD_STACK_STACK", value_name = "NAME")]
    stack: Option<String>,

    /// Folder of config/monitoring and tdd-stack.yaml [default: .]
    #[arg(long, global = true, env = "TDD_STACK_DIR", value_name = "DIR")]
    dir: Option<PathBuf>,

    /// Docker Engine to use: `unix://PATH` or `tcp://HOST:PORT`
    #[arg(long, global = true, env = "TDD_STACK_HOST", value_name = "URL")]
    host: Option<String>,

    /// Docker context that names the engine to use
    #[arg(long, global = true, env = "TDD_STACK_CONTEXT", value_name = "NAME")]
    context: Option<String>,

    /// Registry to pull all images from
    #[arg(long, global = true, env = "TDD_STACK_REGISTRY", value_name = "HOST")]
    registry: Option<String>,

    /// Image of a service, repeatable
    #[arg(long, global = true, env = "TDD_STACK_IMAGE", value_name = "SERVICE=REF", value_delimiter = ',',
          value_parser = pair::<String>)]
    image: Vec<(String, String)>,

    /// Host port of a service, `auto` for any free port, repeatable
    #[arg(long, global = true, env = "TDD_STACK_PORT", value_name = "SERVICE=PORT", value_delimiter = ',',
          value_parser = pair::<HostPort>)]
    port: Vec<(String, HostPort)>,

    /// Address to publish ports on [default: 127.0.0.1]
    #[arg(long, global = true, env = "TDD_STACK_BIND", value_name = "ADDR")]
    bind: Option<IpAddr>,

    /// Host of your application: `host`, `network` or an IP [default: host]
    #[arg(long, global = true, env = "TDD_STACK_APP_HOST", value_name = "WHERE")]
    app_host: Option<AppHost>,

    /// `environment` label of all series and alerts [default: development]
    #[arg(long, global = true, env = "TDD_STACK_ENVIRONMENT", value_name = "NAME")]
    environment: Option<String>,

    /// File that contains the password of Grafana's admin
    #[arg(long, global = true, env = "TDD_STACK_GRAFANA_PASSWORD_FILE", value_name = "FILE")]
    grafana_password_file: Option<PathBuf>,

    /// Prompt for the password of Grafana's admin
    #[arg(long, global = true, env = "TDD_STACK_GRAFANA_PASSWORD_PROMPT")]
    grafana_password_prompt: bool,

    // Exists only so that the error can name the other ways. Its value is not kept.
    #[arg(long, global = true, hide = true, value_name = "PASSWORD", num_args = 0..=1,
          default_missing_value = "", value_parser = discarded)]
    grafana_password: Option<Discarded>,

    /// Fail immediately if another program is changing the stack
    #[arg(long, global = true, env = "TDD_STACK_NO_WAIT")]
    no_wait: bool,

    /// Folder for diagnostics [default: ~/.local/state/tdd-stack/diagnostics]
    #[arg(long, global = true, env = "TDD_STACK_DIAGNOSTICS", value_name = "DIR")]
    diagnostics: Option<PathBuf>,

    /// Show details: times of operations, images, every check
    #[arg(long, short, global = true, env = "TDD_STACK_VERBOSE")]
    verbose: bool,

    /// Format of results on standard output [default: human]
    #[arg(long, global = true, env = "TDD_STACK_OUTPUT", value_enum, value_name = "FORMAT")]
    output: Option<OutputFormat>,

    /// Format of progress on standard error [default: auto]
    #[arg(long, global = true, env = "TDD_STACK_PROGRESS", value_enum, value_name = "FORMAT")]
    progress: Option<ProgressFormat>,

    /// The flag or variable of each value, by the name of the flag.
    #[arg(skip)]
    places: BTreeMap<String, String>,
}

/// Returns the list of exit codes for the end of the help.
fn exit_codes() -> String {
    let line = |(code, meaning): (u8, &str)| {
        let first = format!("  {code:<5}");
        let options = textwrap::Options::new(72).initial_indent(&first).subsequent_indent("       ");
        format!("\n{}", textwrap::fill(meaning, options))
    };
    let lines: String = exit_code::ALL.into_iter().map(line).collect();
    format!("Exit codes:{lines}")
}

impl Cli {
    /// Returns the command line as clap knows it, with its help pages.
    pub(crate) fn layout() -> clap::Command {
        page::command(Self::command(), &exit_codes())
    }
}

impl GlobalArgs {
    /// Returns the requested format of results, for errors before the settings are known.
    pub(crate) fn output(&self) -> OutputFormat {
        self.output.unwrap_or_default()
    }

    /// Returns the settings of flags, variables and the settings file. `services` are the names that may be used.
    ///
    /// `variable` reads the environment. The values of `image`, `port` and the password come from there here; parsing has
    /// already filled in the variables of the other flags.
    pub(crate) fn into_layer(
        self,
        services: &[&str],
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Layer> {
        if self.grafana_password.is_some() {
            return Err(Error::Usage {
                place: "--grafana-password".into(),
                reason: format!(
                    "every user of this machine can see a command line, so it does not take a password: pass it with \
                     {PASSWORD_WAYS}, or generate one with `up --generate-password`"
                ),
            });
        }
        let dir = self.dir.clone().unwrap_or_else(|| PathBuf::from("."));
        let path = dir.join(FILE_NAME);
        let text = files::read_text(&path).map_err(|error| error.of_settings(&path))?;
        let file = match text {
            Some(text) => Layer::from_yaml(&text, &path, services)?,
            None => Layer::default(),
        };
        let variable = |name: &str| variable(name).filter(|text| !text.is_empty());
        let environment = Layer {
            image: lists("TDD_STACK_IMAGE", variable)?,
            port: lists("TDD_STACK_PORT", variable)?,
            grafana_password: password("TDD_STACK_GRAFANA_PASSWORD", variable)?,
            ..Layer::default()
        };
        Ok(self.flags().over(environment.with_places("TDD_STACK_IMAGE", "TDD_STACK_PORT")).over(file))
    }

    fn flags(self) -> Layer {
        let is_flag = |key: &str| self.places.get(key).is_some_and(|place| place.starts_with("--"));
        // Both name the engine: a flag overrides the variable of the other one.
        let host = self.host.filter(|_| is_flag("host") || !is_flag("context"));
        let context = self.context.filter(|_| is_flag("context") || !is_flag("host"));
        let has_no_wait = self.places.contains_key("no-wait");
        let has_verbose = self.places.contains_key("verbose");
        Layer {
            stack: self.stack,
            dir: self.dir,
            host,
            context,
            registry: self.registry,
            image: self.image.into_iter().collect(),
            port: self.port.into_iter().collect(),
            bind: self.bind,
            app_host: self.app_host,
            environment: self.environment,
            grafana_password: self
                .grafana_password_prompt
                .then_some(PasswordSource::Prompt)
                .or(self.grafana_password_file.map(PasswordSource::File)),
            no_wait: has_no_wait.then_some(self.no_wait),
            verbose: has_verbose.then_some(self.verbose),
            diagnostics: self.diagnostics,
            output: self.output,
            progress: self.progress,
            places: self.places,
        }
        .with_places("--image", "--port")
    }
}

fn lists<T>(name: &str, variable: impl Fn(&str) -> Option<String>) -> Result<BTreeMap<String, T>>
where
    T: std::str::FromStr,
    T::Err: std::fmt::Display,
{
    pairs(&variable(name).unwrap_or_default())
        .map_err(|reason| Error::Usage { place: name.to_string(), reason })
}

fn password(name: &str, variable: impl Fn(&str) -> Option<String>) -> Result<Option<PasswordSource>> {
    let known = variable(name).map(|text| Password::new(text, PasswordOrigin::Environment)).transpose();
    let known = known.map_err(|reason| Error::Usage { place: name.to_string(), reason })?;
    Ok(known.map(PasswordSource::Known))
}

/// Represents a value that is not kept.
#[derive(Clone, Copy, Debug)]
struct Discarded;

#[expect(clippy::unnecessary_wraps, reason = "clap expects a parser that can fail")]
fn discarded(_: &str) -> std::result::Result<Discarded, std::convert::Infallible> {
    Ok(Discarded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::layout().debug_assert();
    }

    #[test]
    fn every_global_flag_has_a_variable() {
        let command = Cli::command();
        let flags = command.get_arguments().filter(|arg| arg.is_global_set() && !arg.is_hide_set());
        let mut count = 0;
        for flag in flags {
            let long = flag.get_long().unwrap();
            let variable = format!("TDD_STACK_{}", long.to_uppercase().replace('-', "_"));
            assert_eq!(flag.get_env().and_then(|name| name.to_str()), Some(variable.as_str()));
            count += 1;
        }
        assert_eq!(count, 16);
    }

    #[test]
    fn help_texts_are_short_and_without_a_full_stop() {
        fn check(command: &clap::Command) {
            let name = command.get_name();
            let about = command.get_about().map(ToString::to_string);
            let args = command.get_arguments().filter(|arg| !arg.is_hide_set());
            let helps = args.flat_map(|arg| {
                let values = arg.get_possible_values();
                let values: Vec<_> = values.iter().filter_map(|value| value.get_help().cloned()).collect();
                arg.get_help().cloned().into_iter().chain(values)
            });
            for text in about.into_iter().chain(helps.map(|help| help.to_string())) {
                assert!(text.chars().count() <= 72 && !text.contains('\n'), "{name}: {text}");
                assert!(text.starts_with(|c: char| c.is_ascii_uppercase() || c == '`'), "{name}: {text}");
                assert!(!text.ends_with('.'), "{name}: {text}");
            }
            assert!(
                command.get_arguments().all(|arg| arg.get_help().is_some() || arg.is_hide_set()),
                "{name}"
            );
            command.get_subcommands().for_each(check);
        }
        check(&Cli::command());
    }
}
