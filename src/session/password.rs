//! Reads the password of Grafana's `admin` user from terminal, file or environment, or uses the generated
//! one.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use rand::SeedableRng;
use rand::distr::{Alphanumeric, SampleString};
use rand::rngs::{ChaCha20Rng, SysRng};
use tokio::sync::oneshot;

use super::signals::interrupted;
use crate::config::settings::{PASSWORD_WAYS, Password, PasswordOrigin, PasswordSource};
use crate::error::{Error, Result};
use crate::files;
use crate::model::sanitize;
use crate::output::{LocalModes, TerminalModeGuard};

/// The flag of the prompt.
const PROMPT: &str = "--grafana-password-prompt";

/// Letters and digits: 142 bits of entropy, and no character that a shell or a URL changes.
const LENGTH: usize = 24;

/// How a command gets the password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PasswordPolicy {
    /// Whether a typed password may become a new one, so that it is prompted for twice.
    pub(crate) twice: bool,
    /// Whether a password is generated if none exists.
    pub(crate) make: Option<MadePassword>,
}

/// What happens to a generated password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MadePassword {
    /// It is stored.
    Stored,
    /// It is discarded, because nothing is changed.
    Forgotten,
}

/// Returns the password of the settings, else the generated one, else the well-known one.
pub(crate) async fn find(
    source: Option<PasswordSource>,
    stack: &str,
    wish: PasswordPolicy,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Password> {
    match look(source, stack, wish, variable)? {
        Some(password) => Ok(password),
        None => ask(wish.twice).await,
    }
}

/// Returns the password, or `None` if it has to be typed.
fn look(
    source: Option<PasswordSource>,
    stack: &str,
    wish: PasswordPolicy,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Option<Password>> {
    if let (Some(_), Some(source)) = (wish.make, &source) {
        let given = match source {
            PasswordSource::Prompt => format!("`{PROMPT}`"),
            PasswordSource::File(path) => format!("the file `{}`", sanitize::path(path)),
            PasswordSource::Known(_) => "TDD_STACK_GRAFANA_PASSWORD".to_string(),
        };
        return Err(usage("--generate-password", format!("a password is already given by {given}")));
    }
    match source {
        Some(PasswordSource::Known(password)) => Ok(Some(password)),
        Some(PasswordSource::Prompt) => Ok(None),
        Some(PasswordSource::File(path)) => match read(&path)? {
            Some(text) => in_file(&path, &text, PasswordOrigin::File(path.clone())).map(Some),
            None => Err(unusable(&path, "the file does not exist")),
        },
        None => stored_or_made(state_file(stack, variable), wish.make).map(Some),
    }
}

fn stored_or_made(path: Option<PathBuf>, make: Option<MadePassword>) -> Result<Password> {
    let Some(path) = path else {
        return match make {
            Some(_) => Err(usage(
                "--generate-password",
                "no place to store the password: neither XDG_STATE_HOME nor HOME is set",
            )),
            None => Ok(Password::default()),
        };
    };
    if let Some(text) = read(&path)? {
        return in_file(&path, &text, PasswordOrigin::Generated(path.clone()));
    }
    let Some(keep) = make else { return Ok(Password::default()) };
    let fresh = random()?;
    let text = match keep {
        MadePassword::Forgotten => fresh,
        // If another `up` stored one in the meantime, both use that one.
        MadePassword::Stored => files::write_private(&path, &fresh)?,
    };
    in_file(&path, &text, PasswordOrigin::Generated(path.clone()))
}

/// Returns the file of the password that was generated for a stack.
fn state_file(stack: &str, variable: impl Fn(&str) -> Option<String>) -> Option<PathBuf> {
    Some(files::state_folder(variable)?.join(stack).join("grafana-password"))
}

/// Removes the generated password of a stack whose data is deleted, and returns its file.
pub(crate) fn forget(stack: &str, variable: impl Fn(&str) -> Option<String>) -> Result<Option<PathBuf>> {
    match state_file(stack, variable) {
        Some(path) => Ok(files::remove_private(&path)?.then_some(path)),
        None => Ok(None),
    }
}

fn random() -> Result<String> {
    let mut random = ChaCha20Rng::try_from_rng(&mut SysRng).map_err(|error| {
        usage("--generate-password", format!("the system's random source failed: {error}"))
    })?;
    Ok(Alphanumeric.sample_string(&mut random, LENGTH))
}

fn read(path: &Path) -> Result<Option<String>> {
    files::read_text(path).map_err(|error| match error {
        // The parser's own message quotes a byte of the secret.
        Error::Faults(_) => unusable(path, "it is not a short UTF-8 text"),
        other => other,
    })
}

fn in_file(path: &Path, text: &str, origin: PasswordOrigin) -> Result<Password> {
    let text = text.strip_suffix('\n').unwrap_or(text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    Password::new(text, origin).map_err(|reason| unusable(path, &reason))
}

fn unusable(path: &Path, reason: &str) -> Error {
    usage(&format!("the password file `{}`", sanitize::path(path)), reason)
}

async fn ask(twice: bool) -> Result<Password> {
    // A script must not hang at a prompt that no one sees.
    if !std::io::stdin().is_terminal() {
        let reason = format!("standard input is not a terminal: use another of {PASSWORD_WAYS}");
        return Err(usage(PROMPT, reason));
    }
    // Echo is off before the prompt appears.
    let _silent = TerminalModeGuard::begin(std::io::stdin(), LocalModes::ECHO);
    let text = typed("Password of Grafana's admin: ").await?;
    let password = Password::new(text, PasswordOrigin::Prompt).map_err(|reason| usage(PROMPT, reason))?;
    if twice && typed("Repeat the password: ").await? != password.secret.reveal() {
        return Err(usage(PROMPT, "the two passwords differ"));
    }
    Ok(password)
}

/// Returns a typed line, unless the user interrupts the prompt at any moment.
async fn typed(prompt: &'static str) -> Result<String> {
    tokio::select! {
        // The signal handler is installed before the prompt appears; an interrupt in between would be lost.
        biased;
        () = interrupted() => Err(Error::Interrupted),
        line = read_line(prompt) => line,
    }
}

async fn read_line(prompt: &'static str) -> Result<String> {
    let (sender, line) = oneshot::channel();
    // The thread is not joined: after an interrupt it still reads.
    std::thread::spawn(move || drop(sender.send(rpassword::prompt_password(prompt))));
    let unread = |reason: String| usage(PROMPT, format!("cannot read from the terminal: {reason}"));
    let line = line.await.map_err(|error| unread(error.to_string()))?;
    line.map_err(|error| unread(error.to_string()))
}

fn usage(place: &str, reason: impl Into<String>) -> Error {
    Error::Usage { place: place.into(), reason: reason.into() }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    const LOOK: PasswordPolicy = PasswordPolicy { twice: false, make: None };
    const MAKE: PasswordPolicy = PasswordPolicy { twice: false, make: Some(MadePassword::Stored) };

    fn find(
        source: Option<PasswordSource>,
        stack: &str,
        wish: PasswordPolicy,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Password> {
        look(source, stack, wish, variable).map(|found| found.expect("no prompt is needed"))
    }

    fn home(folder: &Path) -> impl Fn(&str) -> Option<String> {
        move |name| (name == "HOME").then(|| folder.display().to_string())
    }

    fn given(folder: &Path, text: &str) -> PasswordSource {
        let path = folder.join("secret");
        fs::write(&path, text).unwrap();
        PasswordSource::File(path)
    }

    #[test]
    fn password_file_loses_only_its_line_end() {
        let folder = tempfile::tempdir().unwrap();
        for text in ["open sesame", "open sesame\n", "open sesame\r\n"] {
            let found = find(Some(given(folder.path(), text)), "tdd", LOOK, home(folder.path())).unwrap();
            assert_eq!(found.secret.reveal(), "open sesame");
        }
    }

    #[test]
    fn invalid_password_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        for (text, words) in [("", "is empty"), ("\n", "is empty"), ("a line\nanother", "more than one line")]
        {
            let error = find(Some(given(folder.path(), text)), "tdd", LOOK, home(folder.path()))
                .unwrap_err()
                .to_string();
            assert!(error.contains(words) && error.contains("/secret"), "{error}");
            assert!(!error.contains("a line"), "{error}");
        }
        let nowhere = Some(PasswordSource::File(folder.path().join("nowhere")));
        let error = find(nowhere, "tdd", LOOK, home(folder.path())).unwrap_err();
        assert!(error.exit_code() == 2 && error.to_string().contains("nowhere"), "{error}");
    }

    #[test]
    fn generated_password_is_random_private_and_found_again() {
        let folder = tempfile::tempdir().unwrap();
        let made = find(None, "one", MAKE, home(folder.path())).unwrap();
        let text = made.secret.reveal();
        assert!(text.len() >= 20 && text.chars().all(|c| c.is_ascii_alphanumeric()), "{text}");
        let path = folder.path().join(".local/state/tdd-stack/one/grafana-password");
        assert_eq!(made.origin, PasswordOrigin::Generated(path.clone()));
        let rights = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((rights(&path), rights(path.parent().unwrap())), (0o600, 0o700));
        assert_eq!(find(None, "one", LOOK, home(folder.path())).unwrap(), made, "found");
        assert_eq!(find(None, "one", MAKE, home(folder.path())).unwrap(), made, "not generated again");
        assert_ne!(find(None, "other", MAKE, home(folder.path())).unwrap().secret, made.secret);
        assert_eq!(find(None, "third", LOOK, home(folder.path())).unwrap(), Password::default());
    }

    #[test]
    fn dry_run_stores_no_password() {
        let folder = tempfile::tempdir().unwrap();
        let wish = PasswordPolicy { make: Some(MadePassword::Forgotten), ..LOOK };
        assert!(!find(None, "tdd", wish, home(folder.path())).unwrap().is_well_known());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn given_password_overrides_the_generated_one() {
        let folder = tempfile::tempdir().unwrap();
        find(None, "tdd", MAKE, home(folder.path())).unwrap();
        let found = find(Some(given(folder.path(), "given")), "tdd", LOOK, home(folder.path())).unwrap();
        assert_eq!(found.secret.reveal(), "given");
        let error = find(Some(given(folder.path(), "given")), "tdd", MAKE, home(folder.path())).unwrap_err();
        assert!(error.to_string().contains("already given by the file"), "{error}");
    }

    #[test]
    fn state_folder_follows_the_xdg_standard() {
        let at = |state: Option<&str>, home: Option<&str>| {
            let (state, home) = (state.map(String::from), home.map(String::from));
            state_file("tdd", move |name| if name == "HOME" { home.clone() } else { state.clone() })
        };
        let expected = |folder: &str| Some(PathBuf::from(format!("{folder}/tdd-stack/tdd/grafana-password")));
        assert_eq!(at(Some("/state"), Some("/home/me")), expected("/state"));
        assert_eq!(at(Some("state"), Some("/home/me")), expected("/home/me/.local/state"));
        assert_eq!(at(None, None), None);
        assert_eq!(find(None, "tdd", LOOK, |_| None).unwrap(), Password::default());
        assert_eq!(find(None, "tdd", MAKE, |_| None).unwrap_err().exit_code(), 2);
    }
}
