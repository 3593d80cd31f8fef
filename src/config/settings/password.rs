//! The password of Grafana's `admin`: its value, which is never shown, and its origin.

use std::fmt;
use std::path::PathBuf;

use super::WELL_KNOWN_PASSWORD;

/// The length of the shortest password that Grafana accepts.
const SHORTEST: usize = 4;

/// A text that is not printed by mistake: it has no `Display`, and its `Debug` is `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

/// A password with its origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Password {
    /// The password itself.
    pub secret: Secret,
    /// The origin.
    pub origin: PasswordOrigin,
}

/// The origin of a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PasswordOrigin {
    /// The specification.
    Default,
    /// The user typed it.
    Prompt,
    /// A file of the user.
    File(PathBuf),
    /// The environment.
    Environment,
    /// This program generated it and stores it in this file.
    Generated(PathBuf),
}

/// The source of a password, or the password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PasswordSource {
    /// The terminal.
    Prompt,
    /// A file.
    File(PathBuf),
    /// The password is known.
    Known(Password),
}

impl Secret {
    /// Wraps a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Returns the text, for the few places that pass it on.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "***")
    }
}

impl Password {
    /// Returns a password that Grafana accepts, or the reason why it does not, without the password.
    pub fn new(text: impl Into<String>, origin: PasswordOrigin) -> Result<Self, String> {
        let text = text.into();
        let reason = if text.is_empty() {
            "the password is empty".into()
        } else if text.chars().any(char::is_control) {
            "the password has more than one line, or a control character".into()
        } else if text.trim() != text {
            "the password begins or ends with a space, which Grafana removes".into()
        } else if text.chars().count() < SHORTEST {
            format!("the password has fewer than {SHORTEST} characters, which Grafana refuses")
        } else {
            return Ok(Self { secret: Secret::new(text), origin });
        };
        Err(reason)
    }

    /// Returns whether it is the default password, from any origin.
    pub fn is_well_known(&self) -> bool {
        self.secret.reveal() == WELL_KNOWN_PASSWORD
    }

    /// Returns whether the user set it, so that it may replace the one that Grafana has.
    pub fn is_chosen(&self) -> bool {
        self.origin != PasswordOrigin::Default
    }
}

impl Default for Password {
    fn default() -> Self {
        Self { secret: Secret::new(WELL_KNOWN_PASSWORD), origin: PasswordOrigin::Default }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_output_hides_the_secret() {
        let password = Password::new("open-sesame", PasswordOrigin::Environment).unwrap();
        let source = PasswordSource::Known(password.clone());
        let all = format!("{password:?} {source:?} {:?}", password.secret);
        assert!(all.contains("***") && !all.contains("sesame"), "{all}");
    }

    #[test]
    fn invalid_password_is_rejected_without_showing_it() {
        for (text, words) in [
            ("", "empty"),
            ("abc", "fewer than 4"),
            (" sesame", "space"),
            ("sesame\t", "control character"),
            ("two\nlines", "more than one line"),
        ] {
            let reason = Password::new(text, PasswordOrigin::Prompt).unwrap_err();
            assert!(reason.contains(words), "{text:?}: {reason}");
            assert!(text.trim().is_empty() || !reason.contains(text.trim()), "{reason}");
        }
        assert!(Password::new("pässwort mit \"$__file{x}\"", PasswordOrigin::Prompt).is_ok());
    }

    #[test]
    fn well_known_password_is_detected_from_any_source() {
        let given = Password::new("admin123", PasswordOrigin::File("secret".into())).unwrap();
        assert!(given.is_well_known() && given.is_chosen());
        assert!(Password::default().is_well_known() && !Password::default().is_chosen());
    }
}
