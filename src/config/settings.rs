//! The settings of the user: flags override variables, variables override the settings file.
//!
//! Never reads flags or the environment: `cli` passes them as a [`Layer`].

mod file;
mod layer;
mod password;
pub mod suggestion;
mod values;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};

pub use file::KEYS;
pub use layer::Layer;
pub use password::{Password, PasswordOrigin, PasswordSource, Secret};
pub use values::{AppHost, HostPort, OutputFormat, ProgressFormat, boolean, pair, pairs};

use crate::docker::image_reference::ImageReference;
use crate::error::{Error, Result};

/// The name of the settings file, inside `--dir`.
pub const FILE_NAME: &str = "tdd-stack.yaml";

/// The default name of a stack.
pub const DEFAULT_STACK: &str = "tdd";

/// The ways to give a password, for messages.
pub const PASSWORD_WAYS: &str =
    "`--grafana-password-file`, `--grafana-password-prompt` or TDD_STACK_GRAFANA_PASSWORD";

/// The Grafana password of the specification. It is published, so it is only accepted on loopback addresses.
pub const WELL_KNOWN_PASSWORD: &str = "admin123";

/// The settings with all defaults filled in.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The name of the stack, and prefix of the name of every object.
    pub stack: String,
    /// The folder that contains `config/monitoring`.
    pub dir: PathBuf,
    /// The engine's address, if it is set.
    pub host: Option<String>,
    /// The Docker context, if it is set.
    pub context: Option<String>,
    /// The registry that replaces the one of each image.
    pub registry: Option<String>,
    /// Images by service.
    pub images: BTreeMap<String, ImageReference>,
    /// Host ports by service.
    pub ports: BTreeMap<String, HostPort>,
    /// The address on which ports are published.
    pub bind: IpAddr,
    /// Where the containers find the application and the alert receiver.
    pub app_host: AppHost,
    /// The `environment` label of every series and alert.
    pub environment: String,
    /// The password of Grafana's `admin`.
    pub grafana_password: Password,
    /// Whether to fail immediately if another program is changing the stack.
    pub no_wait: bool,
    /// Whether details are shown.
    pub verbose: bool,
    /// The folder for diagnostics of failures, if it is set.
    pub diagnostics: Option<PathBuf>,
    /// The format of results on standard output.
    pub output: OutputFormat,
    /// The format of progress on standard error.
    pub progress: ProgressFormat,
    /// The variable or the line of the settings file that names the engine, if no flag does.
    pub engine_place: Option<String>,
}

impl Settings {
    /// Fills in the defaults and checks each value. `services` are the names that `image` and `port` may use.
    pub fn resolve(layer: Layer, services: &[&str]) -> Result<Self> {
        layer.check(services).map_err(|fault| usage(&fault.place, fault.reason))?;
        let bind_place = layer.place("bind");
        let engine_key = if layer.host.is_some() { "host" } else { "context" };
        let is_flag = |place: &String| place.starts_with("--");
        let engine_place = layer.places.get(engine_key).cloned().filter(|place| !is_flag(place));
        let grafana_password = match layer.grafana_password {
            None => Password::default(),
            Some(PasswordSource::Known(password)) => password,
            Some(PasswordSource::Prompt | PasswordSource::File(_)) => {
                return Err(usage("--grafana-password-file", "the password was not read"));
            }
        };
        let images = layer.image.into_iter().map(parse_image).collect::<Result<_>>()?;
        let settings = Self {
            stack: layer.stack.unwrap_or_else(|| DEFAULT_STACK.into()),
            dir: layer.dir.unwrap_or_else(|| PathBuf::from(".")),
            host: layer.host,
            context: layer.context,
            registry: layer.registry,
            images,
            ports: layer.port,
            bind: layer.bind.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST)),
            app_host: layer.app_host.unwrap_or_default(),
            environment: layer.environment.unwrap_or_else(|| "development".into()),
            grafana_password,
            no_wait: layer.no_wait.unwrap_or_default(),
            verbose: layer.verbose.unwrap_or_default(),
            diagnostics: layer.diagnostics,
            output: layer.output.unwrap_or_default(),
            progress: layer.progress.unwrap_or_default(),
            engine_place,
        };
        if !settings.bind.is_loopback() && settings.grafana_password.is_well_known() {
            return Err(usage(
                &bind_place,
                format!(
                    "{} is reachable from other machines, and Grafana's password is the default one: set \
                     another with {PASSWORD_WAYS}, or generate one with `up --generate-password`",
                    settings.bind
                ),
            ));
        }
        Ok(settings)
    }

    /// Returns the folder of the configuration files.
    pub fn config_folder(&self) -> PathBuf {
        let folder = Path::new("config/monitoring");
        if self.dir == Path::new(".") { folder.to_path_buf() } else { self.dir.join(folder) }
    }
}

fn usage(place: &str, reason: impl Into<String>) -> Error {
    Error::Usage { place: place.into(), reason: reason.into() }
}

fn parse_image((service, text): (String, String)) -> Result<(String, ImageReference)> {
    let image = text.parse::<ImageReference>().map_err(|error| usage("--image", error.to_string()))?;
    Ok((service, image))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVICES: &[&str] = &["prometheus", "grafana"];

    fn file(text: &str) -> Result<Layer> {
        Layer::from_yaml(text, Path::new("tdd-stack.yaml"), SERVICES)
    }

    #[test]
    fn defaults_follow_the_specification() {
        let settings = Settings::resolve(Layer::default(), SERVICES).unwrap();
        assert_eq!(settings.stack, "tdd");
        assert_eq!(settings.grafana_password.secret.reveal(), "admin123");
        assert!(settings.bind.is_loopback());
    }

    #[test]
    fn upper_layer_overrides_and_maps_merge() {
        let below =
            file("stack: below\nregistry: a:5000\nport: {grafana: 3001, prometheus: auto}\n").unwrap();
        let above = Layer {
            stack: Some("above".into()),
            port: [("grafana".to_string(), HostPort::Fixed(3002))].into(),
            ..Layer::default()
        };
        let settings = Settings::resolve(above.over(below), SERVICES).unwrap();
        assert_eq!(settings.stack, "above");
        assert_eq!(settings.registry.as_deref(), Some("a:5000"));
        assert_eq!(settings.ports["grafana"], HostPort::Fixed(3002));
        assert_eq!(settings.ports["prometheus"], HostPort::Auto);
    }

    #[test]
    fn context_overrides_a_host_of_the_layer_below() {
        let below = file("host: tcp://example:2375").unwrap();
        let above = Layer { context: Some("remote".into()), ..Layer::default() };
        let merged = above.over(below);
        assert_eq!((merged.host, merged.context.as_deref()), (None, Some("remote")));
    }

    #[test]
    fn file_errors_name_file_line_and_key() {
        for (yaml, words) in [
            (
                "stack: tdd\nprot:\n  grafana: 1\n",
                "tdd-stack.yaml:2: unknown key `prot`; did you mean `port`?",
            ),
            ("x: 1\n", "tdd-stack.yaml:1: unknown key `x`; known keys: stack, host, "),
            (
                "port:\n  prometheus: 1\n  grafana: 70000\n",
                "tdd-stack.yaml:1: port: grafana: `70000` is not a port",
            ),
            ("port: grafana=1,prometheus\n", "tdd-stack.yaml:1: port: `prometheus` is not a pair"),
            ("port: [1]\n", "tdd-stack.yaml:1: port: expected a mapping or `SERVICE=VALUE,…`, not a list"),
            ("port:\n  grafana: 1\n  loki: 2\n", "tdd-stack.yaml:3: port: loki: unknown service `loki`"),
            ("stack: tdd\nport: grafana=1,loki=2\n", "tdd-stack.yaml:2: port: loki: unknown service `loki`"),
            ("# stack\nstack: Bad Name\n", "tdd-stack.yaml:2: stack: `Bad Name` is not a stack name"),
            ("bind: nowhere\n", "tdd-stack.yaml:1: bind: `nowhere` is not an IP address"),
            ("output: xml\n", "tdd-stack.yaml:1: output: unknown variant `xml`, expected `human` or `json`"),
            ("no-wait: perhaps\n", "tdd-stack.yaml:1: no-wait: `perhaps` is neither `true` nor `false`"),
            ("stack: [a]\n", "tdd-stack.yaml:1: stack: invalid type: sequence, expected a string"),
            ("- stack\n", "expected keys with values"),
        ] {
            let error = file(yaml).unwrap_err().to_string();
            assert!(error.contains(words), "{yaml}: {error}");
        }
    }

    #[test]
    fn maps_and_strings_give_the_same_values() {
        let map =
            file("image: {grafana: 'a/b:1'}\nport: {grafana: auto, prometheus: 1}\nno-wait: yes\n").unwrap();
        let list = file("image: grafana=a/b:1\nport: 'grafana=auto, prometheus=1'\nno-wait: true\n").unwrap();
        assert_eq!((&map.image, &map.port, map.no_wait), (&list.image, &list.port, list.no_wait));
        assert_eq!((map.image.len(), map.port.len(), map.no_wait), (1, 2, Some(true)));
    }

    #[test]
    fn invalid_values_are_rejected_with_a_fix() {
        for (yaml, word) in [
            ("stack: Bad Name", "lower-case"),
            ("port: {loki: 1}", "prometheus, grafana"),
            ("image: {grafana: 'grafana/grafana'}", "grafana/grafana"),
            ("bind: 0.0.0.0", "--grafana-password-file"),
            ("bind: '::'", "--generate-password"),
            ("registry: http://x", "registry.example:5000"),
        ] {
            let error = file(yaml).and_then(|layer| Settings::resolve(layer, SERVICES)).unwrap_err();
            assert!(error.to_string().contains(word), "{yaml}: {error}");
            assert_eq!(error.exit_code(), 2);
        }
    }

    #[test]
    fn bind_beyond_loopback_needs_another_password() {
        let from_file = |text: &str| Password::new(text, PasswordOrigin::File("secret".into())).unwrap();
        for (bind, password, is_fine) in [
            ("127.0.0.1", None, true),
            ("127.64.0.1", None, true),
            ("::1", None, true),
            ("0.0.0.0", None, false),
            ("::", None, false),
            ("192.168.1.7", None, false),
            ("2001:db8::7", None, false),
            ("192.168.1.7", Some("admin123"), false),
            ("192.168.1.7", Some("long-and-own"), true),
            ("::", Some("long-and-own"), true),
        ] {
            let layer = Layer {
                bind: Some(bind.parse().unwrap()),
                grafana_password: password.map(|text| PasswordSource::Known(from_file(text))),
                ..Layer::default()
            };
            assert_eq!(Settings::resolve(layer, SERVICES).is_ok(), is_fine, "{bind} {password:?}");
        }
    }

    #[test]
    fn settings_file_names_a_password_file_only() {
        let error = file("stack: mine\ngrafana-password: open-sesame\n").unwrap_err().to_string();
        assert!(error.contains(".yaml:2: ") && error.contains("`grafana-password-file`"), "{error}");
        assert!(!error.contains("sesame"), "{error}");
        let layer =
            Layer::from_yaml("grafana-password-file: secret\n", Path::new("a/tdd-stack.yaml"), SERVICES);
        assert_eq!(layer.unwrap().grafana_password, Some(PasswordSource::File("a/secret".into())));
    }

    #[test]
    fn unread_password_is_not_replaced_by_the_default() {
        let layer =
            Layer { grafana_password: Some(PasswordSource::File("secret".into())), ..Layer::default() };
        assert_eq!(Settings::resolve(layer, SERVICES).unwrap_err().exit_code(), 2);
    }
}
