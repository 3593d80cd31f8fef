//! The command line: flags and their environment variables. Its types stop here.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::commands;
use crate::config::settings::{
    AppHost, FILE_NAME, HostPort, Layer, OutputFormat, PASSWORD_WAYS, Password, PasswordOrigin,
    PasswordSource, ProgressFormat,
};
use crate::error::{Error, Result, exit_code};
use crate::files;

/// Start Prometheus, Grafana, node-exporter and Alertmanager, and see that they observe
///
/// Talks to the Docker Engine itself. Files of the configuration are written to config/monitoring, where you
/// may edit them; they are never overwritten.
#[derive(Debug, Parser)]
#[command(name = "tdd-stack", version, max_term_width = 100, after_help = exit_codes())]
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

/// The flags that every verb takes; each may stand in the environment or in tdd-stack.yaml too.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct GlobalArgs {
    /// Name of the stack, the first part of every object's name [default: tdd]
    #[arg(long, global = true, env = "TDD_STACK_STACK", value_name = "NAME")]
    stack: Option<String>,

    /// Folder that holds config/monitoring and tdd-stack.yaml [default: .]
    #[arg(long, global = true, env = "TDD_STACK_DIR", value_name = "DIR")]
    dir: Option<PathBuf>,

    /// Docker Engine to talk to: `unix://PATH` or `tcp://HOST:PORT`
    #[arg(long, global = true, env = "TDD_STACK_HOST", value_name = "URL")]
    host: Option<String>,

    /// Docker context that names the engine
    #[arg(long, global = true, env = "TDD_STACK_CONTEXT", value_name = "NAME")]
    context: Option<String>,

    /// Registry to take all images from
    #[arg(long, global = true, env = "TDD_STACK_REGISTRY", value_name = "HOST")]
    registry: Option<String>,

    /// Image of a service
    #[arg(long, global = true, env = "TDD_STACK_IMAGE", value_name = "SERVICE=REF", value_delimiter = ',',
          value_parser = pair::<String>)]
    image: Vec<(String, String)>,

    /// Host port of a service, `auto` for any free one
    #[arg(long, global = true, env = "TDD_STACK_PORT", value_name = "SERVICE=PORT", value_delimiter = ',',
          value_parser = pair::<HostPort>)]
    port: Vec<(String, HostPort)>,

    /// Address to publish ports on [default: 127.0.0.1]
    #[arg(long, global = true, env = "TDD_STACK_BIND", value_name = "ADDR")]
    bind: Option<IpAddr>,

    /// Where the application is: `host`, an IP address, or `network` [default: host]
    #[arg(long, global = true, env = "TDD_STACK_APP_HOST", value_name = "WHERE")]
    app_host: Option<AppHost>,

    /// `environment` label of every series and alert [default: development]
    #[arg(long, global = true, env = "TDD_STACK_ENVIRONMENT", value_name = "NAME")]
    environment: Option<String>,

    /// File with the password of Grafana's admin [default: admin123]
    ///
    /// The variable `TDD_STACK_GRAFANA_PASSWORD` may hold the password itself.
    #[arg(long, global = true, env = "TDD_STACK_GRAFANA_PASSWORD_FILE", value_name = "FILE")]
    grafana_password_file: Option<PathBuf>,

    /// Ask for the password of Grafana's admin on the terminal
    #[arg(long, global = true, env = "TDD_STACK_GRAFANA_PASSWORD_PROMPT")]
    grafana_password_prompt: bool,

    // It is known only to be refused with the other ways, and what it is given is not even kept.
    #[arg(long, global = true, hide = true, value_name = "PASSWORD", num_args = 0..=1,
          default_missing_value = "", value_parser = discarded)]
    grafana_password: Option<Discarded>,

    /// Fail at once where another program changes the stack, instead of waiting for it
    #[arg(long, global = true, env = "TDD_STACK_NO_WAIT")]
    no_wait: bool,

    /// Folder for diagnostics of failures [default: ~/.local/state/tdd-stack/diagnostics]
    #[arg(long, global = true, env = "TDD_STACK_DIAGNOSTICS", value_name = "DIR")]
    diagnostics: Option<PathBuf>,

    /// Show details: times of operations, images, every check
    #[arg(long, short, global = true, env = "TDD_STACK_VERBOSE")]
    verbose: bool,

    /// Form of results on standard output [default: human]
    #[arg(long, global = true, env = "TDD_STACK_OUTPUT", value_enum, value_name = "FORM")]
    output: Option<OutputFormat>,

    /// Form of progress on standard error [default: auto]
    #[arg(long, global = true, env = "TDD_STACK_PROGRESS", value_enum, value_name = "FORM")]
    progress: Option<ProgressFormat>,
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

impl GlobalArgs {
    /// Returns the form that results were asked for in, for errors that come before the settings.
    pub(crate) fn output(&self) -> OutputFormat {
        self.output.unwrap_or_default()
    }

    /// Returns flags over the environment over the settings file; `services` are those that may be named.
    ///
    /// `variable` tells the environment: where a flag is given, clap forgets the variable, and yet each may set
    /// another service.
    pub(crate) fn into_layer(
        self,
        services: &[&str],
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Layer> {
        if self.grafana_password.is_some() {
            return Err(Error::Usage {
                place: "--grafana-password".into(),
                reason: format!(
                    "every user of this machine can read a command line, so no password is taken from there: give \
                     it with {PASSWORD_WAYS}, or have one made with `up --generate-password`"
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
        let environment = Layer {
            image: pairs("TDD_STACK_IMAGE", &variable)?,
            port: pairs("TDD_STACK_PORT", &variable)?,
            grafana_password: password("TDD_STACK_GRAFANA_PASSWORD", &variable)?,
            ..Layer::default()
        };
        let flags = Layer {
            stack: self.stack,
            dir: self.dir,
            host: self.host,
            context: self.context,
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
            no_wait: self.no_wait.then_some(true),
            verbose: self.verbose.then_some(true),
            diagnostics: self.diagnostics,
            output: self.output,
            progress: self.progress,
        };
        Ok(flags.over(environment).over(file))
    }
}

fn pairs<T>(name: &str, variable: impl Fn(&str) -> Option<String>) -> Result<BTreeMap<String, T>>
where
    T: std::str::FromStr,
    T::Err: std::fmt::Display,
{
    let text = variable(name).unwrap_or_default();
    let words = text.split(',').filter(|word| !word.is_empty());
    let read = |word| pair(word).map_err(|reason| Error::Usage { place: name.to_string(), reason });
    words.map(read).collect()
}

fn password(name: &str, variable: impl Fn(&str) -> Option<String>) -> Result<Option<PasswordSource>> {
    let known = variable(name).map(|text| Password::new(text, PasswordOrigin::Environment)).transpose();
    let known = known.map_err(|reason| Error::Usage { place: name.to_string(), reason })?;
    Ok(known.map(PasswordSource::Known))
}

/// Stands for a value that is not kept.
#[derive(Clone, Copy, Debug)]
struct Discarded;

#[expect(clippy::unnecessary_wraps, reason = "clap wants a parser that may fail")]
fn discarded(_: &str) -> std::result::Result<Discarded, std::convert::Infallible> {
    Ok(Discarded)
}

fn pair<T>(text: &str) -> std::result::Result<(String, T), String>
where
    T: std::str::FromStr,
    T::Err: std::fmt::Display,
{
    let (service, value) = text.split_once('=').ok_or("write it as SERVICE=VALUE")?;
    Ok((service.to_string(), value.parse().map_err(|error: T::Err| error.to_string())?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn command_line_is_consistent() {
        Cli::command().debug_assert();
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
}
