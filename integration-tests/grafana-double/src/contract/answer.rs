//! An answer of Grafana, and violations of the contract.

use std::fmt;

use serde_json::Value;

/// The result of an assertion.
pub type Checked = Result<(), Violation>;

/// An answer with its request.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The request, for messages.
    pub request: String,
    /// The status.
    pub status: u16,
    /// The content type.
    pub content_type: String,
    /// The body.
    pub text: String,
    /// The body as JSON, or `null`.
    pub body: Value,
}

/// A violation of the contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation(String);

impl fmt::Display for Violation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for Violation {}

impl Violation {
    /// Returns a violation that is not about an answer.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl Answer {
    /// Requires a status.
    pub fn has_status(&self, status: u16) -> Result<&Self, Violation> {
        self.has_one_of(&[status])
    }

    /// Requires one of several statuses.
    pub fn has_one_of(&self, statuses: &[u16]) -> Result<&Self, Violation> {
        self.demand(statuses.contains(&self.status), &format!("status {statuses:?}"))
    }

    /// Requires a message.
    pub fn has_message(&self, message: &str) -> Result<&Self, Violation> {
        self.has("/message", message)
    }

    /// Requires a value at a place in the body.
    pub fn has(&self, place: &str, value: impl Into<Value>) -> Result<&Self, Violation> {
        let value = value.into();
        self.demand(self.at(place) == &value, &format!("{value} at `{place}`"))
    }

    /// Requires any other condition.
    pub fn demand(&self, holds: bool, what: &str) -> Result<&Self, Violation> {
        if holds { Ok(self) } else { Err(self.lacks(what)) }
    }

    /// Returns the violation for a missing value.
    pub fn lacks(&self, what: &str) -> Violation {
        let Self { request, status, text, .. } = self;
        Violation(format!("{request}: expected {what}, but it answered {status} {}", text.trim()))
    }

    /// Returns the value at a place in the body, or `null`.
    pub fn at(&self, place: &str) -> &Value {
        self.body.pointer(place).unwrap_or(&Value::Null)
    }

    /// Returns the number at a place.
    pub fn number_at(&self, place: &str) -> Result<u64, Violation> {
        self.at(place).as_u64().ok_or_else(|| self.lacks(&format!("a number at `{place}`")))
    }

    /// Returns the text at a place.
    pub fn text_at(&self, place: &str) -> Result<String, Violation> {
        let text = self.at(place).as_str();
        text.map(str::to_string).ok_or_else(|| self.lacks(&format!("a text at `{place}`")))
    }
}
