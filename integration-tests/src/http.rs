//! Plain HTTP requests to services.
#![expect(clippy::disallowed_types, reason = "tests use a separate client")]

use std::sync::LazyLock;
use std::time::Duration;

use serde_json::Value;
use tokio::runtime::Runtime;

static RUNTIME: LazyLock<Runtime> = LazyLock::new(crate::runtime::own);

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status, or 0 without an answer.
    pub status: u16,
    /// The body, or the reason for a missing answer.
    pub text: String,
}

/// The login of a request.
#[derive(Clone, Copy, Debug)]
pub struct Login<'a> {
    /// The user name.
    pub user: &'a str,
    /// The password.
    pub password: &'a str,
}

/// The login of the specification.
pub const ADMIN: Login<'_> = Login { user: "admin", password: "admin123" };

/// Sends a GET request.
pub fn get(url: &str) -> Answer {
    request("GET", url, None, None)
}

/// Sends a request, optionally with a login and JSON.
pub fn request(method: &str, url: &str, login: Option<Login<'_>>, body: Option<&Value>) -> Answer {
    let method = method.parse().unwrap_or_else(|_| panic!("`{method}` is not a method"));
    RUNTIME.block_on(async {
        let mut request = client().request(method, url);
        if let Some(login) = login {
            request = request.basic_auth(login.user, Some(login.password));
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        match request.send().await {
            Ok(answer) => {
                Answer { status: answer.status().as_u16(), text: answer.text().await.unwrap_or_default() }
            }
            Err(error) => Answer { status: 0, text: error.to_string() },
        }
    })
}

impl Answer {
    /// Returns the body as JSON, or `Null` if it is not JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }
}

fn client() -> reqwest::Client {
    reqwest::Client::builder()
        .no_proxy()
        .timeout(Duration::from_secs(20))
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .expect("a client without TLS can be created")
}
