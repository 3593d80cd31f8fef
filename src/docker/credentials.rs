//! Finds the credentials for a registry in Docker's configuration and its credential helpers.
//!
//! Never writes or prints a secret, and waits for a helper only for a fixed time.

mod error;

use std::collections::HashMap;
use std::fmt;
use std::fs;
use std::io;
use std::path::Path;
use std::thread;
use std::time::Duration;

use docker_credential::{CredentialRetrievalError, DockerCredential};
use serde::Deserialize;
use tokio::sync::oneshot;
use tokio::time::timeout;

pub use error::RegistryAuthError;

const HELPER_PREFIX: &str = "docker-credential-";
const HELPER_TIMEOUT: Duration = Duration::from_secs(10);
const HUB: &str = "docker.io";
const HUB_KEY: &str = "https://index.docker.io/v1/";
/// The message of a helper that works and has no credentials, fixed by the helpers' protocol.
const NOT_FOUND: &str = "credentials not found in native keychain";

/// Credentials for a registry.
#[derive(Clone, PartialEq, Eq)]
pub enum Credentials {
    /// A user name and a password.
    Password {
        /// The user name.
        username: String,
        /// The password.
        password: String,
    },
    /// A token that represents a user.
    IdentityToken(String),
}

/// Returns the credentials for a registry's host (`docker.io` for Docker Hub), or `None` if there are none.
pub async fn credentials(
    registry: &str,
    config_dir: Option<&Path>,
) -> Result<Option<Credentials>, RegistryAuthError> {
    let Some(path) = config_dir.map(|config_dir| config_dir.join("config.json")) else { return Ok(None) };
    let text = match fs::read(&path) {
        Ok(text) => text,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(source) => return Err(RegistryAuthError::Read { path, source }),
    };
    let config: Config = match serde_json::from_slice(&text) {
        Ok(config) => config,
        Err(source) => return Err(RegistryAuthError::Parse { path, source }),
    };
    for key in keys(registry) {
        let subject = Subject { registry, path: &path, helper: config.helper(&key) };
        let text = text.clone();
        let look_up = move || docker_credential::get_credential_from_reader(text.as_slice(), &key);
        let answer = bounded(HELPER_TIMEOUT, look_up).await;
        if let Some(credentials) = subject.judge(answer)? {
            return Ok(Some(credentials));
        }
    }
    Ok(None)
}

/// Converts a base64 text from the standard alphabet to the URL-safe one.
///
/// The engine decodes the header `X-Registry-Auth` with the URL-safe alphabet and, if that fails, pulls without
/// credentials. bollard encodes it with the standard one, so passwords that lead to `+` or `/` would be lost.
pub fn url_safe(value: &str) -> String {
    value.replace('+', "-").replace('/', "_")
}

impl fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Password { username, .. } => {
                formatter.debug_struct("Password").field("username", username).finish_non_exhaustive()
            }
            Self::IdentityToken(_) => formatter.debug_struct("IdentityToken").finish_non_exhaustive(),
        }
    }
}

/// The part of Docker's configuration that selects the helper.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Config {
    creds_store: Option<String>,
    cred_helpers: Option<HashMap<String, String>>,
}

impl Config {
    fn helper(&self, key: &str) -> String {
        let own = self.cred_helpers.as_ref().and_then(|helpers| helpers.get(key));
        let name = own.filter(|name| !name.is_empty()).or(self.creds_store.as_ref());
        format!("{HELPER_PREFIX}{}", name.map_or("", String::as_str))
    }
}

/// The subject of a look-up, for its errors.
struct Subject<'a> {
    registry: &'a str,
    path: &'a Path,
    helper: String,
}

type Answer = Result<DockerCredential, CredentialRetrievalError>;

impl Subject<'_> {
    fn judge(self, answer: Option<Answer>) -> Result<Option<Credentials>, RegistryAuthError> {
        let (registry, helper) = (self.registry.to_owned(), self.helper);
        let Some(answer) = answer else {
            return Err(RegistryAuthError::HelperTimeout { registry, helper, limit: HELPER_TIMEOUT });
        };
        let error = match answer {
            Ok(DockerCredential::UsernamePassword(username, password)) => {
                return Ok(Some(Credentials::Password { username, password }));
            }
            Ok(DockerCredential::IdentityToken(token)) => return Ok(Some(Credentials::IdentityToken(token))),
            Err(error) => error,
        };
        match error {
            CredentialRetrievalError::NoCredentialConfigured => Ok(None),
            CredentialRetrievalError::HelperFailure { stdout, .. } if stdout.trim() == NOT_FOUND => Ok(None),
            CredentialRetrievalError::HelperFailure { stdout, stderr, .. } => {
                let printed = stdout.lines().chain(stderr.lines()).map(str::trim);
                let message =
                    printed.into_iter().find(|line| !line.is_empty()).unwrap_or("it printed nothing");
                Err(RegistryAuthError::HelperFailed { registry, helper, message: message.to_owned() })
            }
            // Docker treats an empty `credsStore` as none.
            CredentialRetrievalError::HelperCommunicationError if helper == HELPER_PREFIX => Ok(None),
            CredentialRetrievalError::HelperCommunicationError => {
                Err(RegistryAuthError::HelperUnavailable { registry, helper })
            }
            CredentialRetrievalError::MalformedHelperResponse => {
                Err(RegistryAuthError::HelperAnswer { registry, helper })
            }
            CredentialRetrievalError::ConfigReadError => {
                Err(RegistryAuthError::Shape { path: self.path.to_owned() })
            }
            source => Err(RegistryAuthError::Entry { registry, path: self.path.to_owned(), source }),
        }
    }
}

/// Returns the names under which Docker may store a registry's credentials, the most likely one first.
fn keys(registry: &str) -> Vec<String> {
    match registry {
        HUB => vec![HUB_KEY.to_owned()],
        host => vec![host.to_owned(), format!("https://{host}")],
    }
}

/// Runs blocking work in a thread, and stops waiting for it after the limit.
async fn bounded<T: Send + 'static>(limit: Duration, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (sender, receiver) = oneshot::channel();
    // Not `spawn_blocking`: at the end of the program, the runtime would wait for a hanging helper.
    thread::spawn(move || drop(sender.send(work())));
    timeout(limit, receiver).await.ok()?.ok()
}

#[cfg(test)]
mod tests {
    use std::env;
    use std::error::Error as _;
    use std::os::unix::fs::PermissionsExt;
    use std::process::Command;
    use std::sync::mpsc;

    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use tempfile::TempDir;

    use super::*;

    fn docker_config(text: &str) -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("config.json"), text).unwrap();
        folder
    }

    fn password(username: &str, password: &str) -> Credentials {
        Credentials::Password { username: username.to_owned(), password: password.to_owned() }
    }

    #[tokio::test]
    async fn credentials_are_read_from_the_file() {
        let auth = STANDARD.encode("me:se:cret");
        let folder = docker_config(&format!(
            r#"{{"auths":{{
                "https://index.docker.io/v1/":{{"auth":"{auth}"}},
                "ghcr.io":{{"username":"you","password":"open"}},
                "https://quay.io":{{"auth":"{auth}"}},
                "azure.example":{{"auth":"{auth}","identitytoken":"token"}},
                "empty.example":{{}}
            }}}}"#
        ));
        for (registry, expected) in [
            ("docker.io", Some(password("me", "se:cret"))),
            ("ghcr.io", Some(password("you", "open"))),
            ("quay.io", Some(password("me", "se:cret"))),
            ("azure.example", Some(Credentials::IdentityToken("token".to_owned()))),
            ("empty.example", None),
            ("127.0.0.1:5000", None),
        ] {
            assert_eq!(credentials(registry, Some(folder.path())).await.unwrap(), expected, "{registry}");
        }
    }

    #[tokio::test]
    async fn missing_configuration_gives_no_credentials() {
        let folder = tempfile::tempdir().unwrap();
        for config_dir in [None, Some(folder.path()), Some(&*folder.path().join("missing"))] {
            assert_eq!(credentials("docker.io", config_dir).await.unwrap(), None);
        }
    }

    #[tokio::test]
    async fn empty_store_counts_as_none() {
        let folder = docker_config(r#"{"credsStore":"","credHelpers":{"ghcr.io":""}}"#);
        assert_eq!(credentials("ghcr.io", Some(folder.path())).await.unwrap(), None);
    }

    #[tokio::test]
    async fn malformed_file_or_entry_is_named() {
        let folder = docker_config("{\n  oops");
        let error = credentials("docker.io", Some(folder.path())).await.unwrap_err();
        let file = folder.path().join("config.json").display().to_string();
        assert_eq!(error.to_string(), format!("cannot parse `{file}`"));
        assert_eq!(error.source().unwrap().to_string(), "key must be a string at line 2 column 3");

        for entry in [r#"{"auth":"!"}"#, r#"{"auth":"eDp5","username":"a","password":"b"}"#] {
            let folder = docker_config(&format!(r#"{{"auths":{{"ghcr.io":{entry}}}}}"#));
            let error = credentials("ghcr.io", Some(folder.path())).await.unwrap_err();
            let file = folder.path().join("config.json").display().to_string();
            assert_eq!(error.to_string(), format!("the entry for ghcr.io in `{file}` is malformed"));
            assert_eq!(error.hint().unwrap(), "log in again: `docker login ghcr.io`");
        }

        let folder = docker_config(r#"{"auths":{"ghcr.io":{"auth":1}}}"#);
        let error = credentials("quay.io", Some(folder.path())).await.unwrap_err();
        let file = folder.path().join("config.json").display().to_string();
        assert_eq!(
            error.to_string(),
            format!("an entry under `auths` in `{file}` has an unexpected structure")
        );
    }

    const HELPER: &str = r#"#!/bin/sh
read -r key
case "$key" in
https://index.docker.io/v1/) echo '{"ServerURL":"x","Username":"me","Secret":"p~~~???>>>w"}' ;;
https://secure.example) echo '{"ServerURL":"x","Username":"<token>","Secret":"token"}' ;;
odd.example) echo 'hello' ;;
locked.example) echo 'the keychain is locked'; exit 1 ;;
*) echo 'credentials not found in native keychain'; exit 1 ;;
esac
"#;

    /// Runs itself in another process, because a changed PATH would affect all tests of this one.
    #[tokio::test]
    async fn helpers_on_the_path_are_called() {
        let Some(config_dir) = env::var_os("REGISTRY_AUTH_TEST_CONFIG") else {
            let folder = docker_config(r#"{"credsStore":"x","credHelpers":{"gone.example":"gone"}}"#);
            let helper = folder.path().join("docker-credential-x");
            fs::write(&helper, HELPER).unwrap();
            fs::set_permissions(&helper, fs::Permissions::from_mode(0o755)).unwrap();
            let path = format!("{}:{}", folder.path().display(), env::var_os("PATH").unwrap().display());
            let output = Command::new(env::current_exe().unwrap())
                .args(["--exact", "docker::credentials::tests::helpers_on_the_path_are_called"])
                .env("REGISTRY_AUTH_TEST_CONFIG", folder.path())
                .env("PATH", path)
                .output()
                .unwrap();
            let printed = String::from_utf8_lossy(&output.stdout);
            assert!(output.status.success() && printed.contains("1 passed"), "{printed}");
            return;
        };
        let ask = async |registry| credentials(registry, Some(Path::new(&config_dir))).await;
        assert_eq!(ask("docker.io").await.unwrap(), Some(password("me", "p~~~???>>>w")));
        let token = Credentials::IdentityToken("token".to_owned());
        assert_eq!(ask("secure.example").await.unwrap(), Some(token));
        assert_eq!(ask("unknown.example").await.unwrap(), None);

        let error = ask("locked.example").await.unwrap_err();
        let expected =
            "the credential helper `docker-credential-x` failed for locked.example: the keychain is locked";
        assert_eq!(error.to_string(), expected);
        let expected = "run the helper manually: `echo locked.example | docker-credential-x get`";
        assert_eq!(error.hint().unwrap(), expected);
        let error = ask("odd.example").await.unwrap_err();
        let expected = "the credential helper `docker-credential-x` gave an invalid answer for odd.example";
        assert_eq!(error.to_string(), expected);
        let error = ask("gone.example").await.unwrap_err();
        let expected = "cannot run the credential helper `docker-credential-gone` for gone.example";
        assert_eq!(error.to_string(), expected);
    }

    #[tokio::test]
    async fn hanging_work_is_abandoned_after_the_limit() {
        let (release, released) = mpsc::channel::<()>();
        assert_eq!(bounded(Duration::ZERO, move || released.recv().is_err()).await, None);
        drop(release);
        assert_eq!(bounded(HELPER_TIMEOUT, || 7).await, Some(7));

        let subject = Subject { registry: "ghcr.io", path: Path::new("x"), helper: "h".to_owned() };
        let expected = "the credential helper `h` did not answer for ghcr.io within 10 s";
        assert_eq!(subject.judge(None).unwrap_err().to_string(), expected);
    }

    #[test]
    fn registry_header_uses_the_url_safe_alphabet() {
        let standard = STANDARD.encode("p~~~???>>>w");
        assert_eq!(
            (standard.as_str(), url_safe(&standard).as_str()),
            ("cH5+fj8/Pz4+Pnc=", "cH5-fj8_Pz4-Pnc=")
        );
    }

    #[test]
    fn debug_output_has_no_secrets() {
        let all =
            format!("{:?} {:?}", password("me", "secret"), Credentials::IdentityToken("secret".to_owned()));
        assert_eq!(all, "Password { username: \"me\", .. } IdentityToken { .. }");
    }
}
