//! Environment variables of the double: Grafana's, and some for tests.
//!
//! Only clap reads the environment, and the help never shows a password.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;

use crate::flavour::Flavour;

/// Serve a test double of Grafana's HTTP API
///
/// It is not Grafana. It reads the `GF_...` variables that it supports, and ignores others.
#[derive(Debug, Parser)]
#[command(name = "grafana-double", version)]
pub(crate) struct Flags {
    /// Address to listen on; empty for all
    #[arg(long, env = "GF_SERVER_HTTP_ADDR", default_value = "")]
    http_addr: String,
    /// Port to listen on
    #[arg(long, env = "GF_SERVER_HTTP_PORT", default_value = "3000")]
    http_port: u16,
    /// Public address of the server; only its path is used
    #[arg(long, env = "GF_SERVER_ROOT_URL", default_value = "")]
    root_url: String,
    /// Folder for the state
    #[arg(long, env = "GF_PATHS_DATA", default_value = "/var/lib/grafana")]
    data: PathBuf,
    /// Folder with `datasources/*.yaml` and `dashboards/*.yaml`
    #[arg(long, env = "GF_PATHS_PROVISIONING", default_value = "/etc/grafana/provisioning")]
    provisioning: PathBuf,
    /// Name of the first administrator
    #[arg(long, env = "GF_SECURITY_ADMIN_USER", default_value = "")]
    admin_user: String,
    /// File with the name of the first administrator
    #[arg(long, env = "GF_SECURITY_ADMIN_USER__FILE", default_value = "")]
    admin_user_file: String,
    /// Password of the first administrator; without effect once there is a user
    #[arg(long, env = "GF_SECURITY_ADMIN_PASSWORD", default_value = "", hide_env_values = true)]
    admin_password: String,
    /// File with the password of the first administrator
    #[arg(long, env = "GF_SECURITY_ADMIN_PASSWORD__FILE", default_value = "")]
    admin_password_file: String,
    /// Behaviour when saving dashboards
    #[arg(long, env = "TDD_DOUBLE_FLAVOUR", default_value = "classic")]
    flavour: Flavour,
    /// Time before the port opens, like that of migrations
    #[arg(long, env = "TDD_DOUBLE_START_DELAY", default_value = "0s", value_parser = parse_duration)]
    start_delay: Duration,
    /// Time before a new dashboard or folder appears in the search
    #[arg(long, env = "TDD_DOUBLE_SEARCH_DELAY", default_value = "0s", value_parser = parse_duration)]
    search_delay: Duration,
    /// Time within which wrong passwords count
    #[arg(long, env = "TDD_DOUBLE_LOCKOUT_WINDOW", default_value = "5m", value_parser = parse_duration)]
    lockout_window: Duration,
}

/// The checked settings of one run.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// The address to listen on.
    pub(crate) address: String,
    /// The port to listen on.
    pub(crate) port: u16,
    /// The path of the public address, without a slash at its end.
    pub(crate) sub_url: String,
    /// The folder for the state.
    pub(crate) data: PathBuf,
    /// The folder with provisioning files.
    pub(crate) provisioning: PathBuf,
    /// The first administrator's name.
    pub(crate) admin_user: String,
    /// The first administrator's password.
    pub(crate) admin_password: String,
    /// The behaviour when saving dashboards.
    pub(crate) flavour: Flavour,
    /// The time before the port opens.
    pub(crate) start_delay: Duration,
    /// The time before the search finds new objects.
    pub(crate) search_delay: Duration,
    /// The time within which wrong passwords count.
    pub(crate) lockout_window: Duration,
}

impl Settings {
    /// Reads the files in the flags, and applies Grafana's defaults.
    pub(crate) fn resolve(flags: Flags) -> Result<Self, String> {
        let secret = |name, value, file| secret(name, value, file);
        let admin_user = secret("GF_SECURITY_ADMIN_USER", flags.admin_user, &flags.admin_user_file)?;
        let admin_password =
            secret("GF_SECURITY_ADMIN_PASSWORD", flags.admin_password, &flags.admin_password_file)?;
        let or_admin = |value: String| if value.is_empty() { "admin".to_string() } else { value };
        Ok(Self {
            address: if flags.http_addr.is_empty() { "0.0.0.0".into() } else { flags.http_addr },
            port: flags.http_port,
            sub_url: sub_url(&flags.root_url),
            data: flags.data,
            provisioning: flags.provisioning,
            admin_user: or_admin(admin_user),
            admin_password: or_admin(admin_password),
            flavour: flags.flavour,
            start_delay: flags.start_delay,
            search_delay: flags.search_delay,
            lockout_window: flags.lockout_window,
        })
    }
}

/// Returns a value that may come from a file, like Grafana's entry point and its `$__file{}`.
fn secret(name: &str, value: String, file: &str) -> Result<String, String> {
    if !file.is_empty() {
        if !value.is_empty() {
            return Err(format!("ERROR: Both {name} and {name}__FILE are set (but are exclusive)"));
        }
        let text = fs::read_to_string(file).map_err(|error| format!("{name}__FILE: `{file}`: {error}"))?;
        // The shell's `$(cat file)` removes only line ends.
        return Ok(text.trim_end_matches('\n').to_string());
    }
    match value.strip_prefix("$__file{").and_then(|rest| rest.strip_suffix('}')) {
        Some(path) => fs::read_to_string(path)
            .map(|text| text.trim().to_string())
            .map_err(|error| format!("{name}: `{path}`: {error}")),
        None => Ok(value),
    }
}

/// Returns the path of a URL, without the slash at its end.
fn sub_url(root_url: &str) -> String {
    let rest = root_url.split_once("://").map_or(root_url, |(_, rest)| rest);
    rest.find('/').map_or(String::new(), |slash| rest[slash..].trim_end_matches('/').to_string())
}

fn parse_duration(text: &str) -> Result<Duration, String> {
    if let Ok(seconds) = text.parse::<u64>() {
        return Ok(Duration::from_secs(seconds));
    }
    humantime::parse_duration(text).map_err(|error| format!("no duration such as `2s` or `500ms`: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sub_url_is_the_path_of_the_root_url() {
        assert_eq!(sub_url(""), "");
        assert_eq!(sub_url("http://localhost:3000/"), "");
        assert_eq!(sub_url("%(protocol)s://%(domain)s:%(http_port)s/grafana/"), "/grafana");
    }

    #[test]
    fn defaults_are_those_of_grafana() {
        let settings = Settings::resolve(Flags::parse_from(["grafana-double"])).unwrap();
        assert_eq!((settings.address.as_str(), settings.port), ("0.0.0.0", 3000));
        assert_eq!((settings.admin_user.as_str(), settings.admin_password.as_str()), ("admin", "admin"));
        assert_eq!(settings.lockout_window, Duration::from_mins(5));
        assert_eq!(settings.flavour, Flavour::Classic);
    }

    #[test]
    fn duration_may_be_plain_seconds() {
        assert_eq!(parse_duration("2"), Ok(Duration::from_secs(2)));
        assert_eq!(parse_duration("1500ms"), Ok(Duration::from_millis(1500)));
        assert!(parse_duration("soon").is_err());
    }

    #[test]
    fn password_file_loses_line_end_and_excludes_the_variable() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), " se cret \n").unwrap();
        let path = file.path().to_str().unwrap();
        assert_eq!(secret("GF_X", String::new(), path), Ok(" se cret ".to_string()));
        assert_eq!(secret("GF_X", format!("$__file{{{path}}}"), ""), Ok("se cret".to_string()));
        let both = secret("GF_X", "a".into(), path).unwrap_err();
        assert_eq!(both, "ERROR: Both GF_X and GF_X__FILE are set (but are exclusive)");
    }
}
