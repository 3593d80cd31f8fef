//! Makes sure that Grafana accepts the login, with at most one wrong try: five lock the account for five
//! minutes.

use super::Applier;
use crate::context::StackContext;
use crate::error::{Error, Result};
use crate::execute::readiness::Waiter;
use crate::http::GrafanaClient;
use crate::plan::LoginCase;

/// Sets the password of a running Grafana. It is read from standard input, because other users can see
/// arguments.
const RESET: [&str; 7] = [
    "grafana",
    "cli",
    "--homepath",
    "/usr/share/grafana",
    "admin",
    "reset-admin-password",
    "--password-from-stdin",
];

const ACTION: &str = "set the password inside Grafana";

impl Applier<'_> {
    /// Tries the login once, unless it is known to be rejected, and sets the password if that is allowed.
    pub(super) async fn set_login(&self, waiter: Waiter<'_>, case: LoginCase) -> Result<()> {
        let grafana =
            GrafanaClient::new(self.context.http, waiter.base("grafana").await?, self.context.stack);
        if case != LoginCase::Refused {
            match grafana.log_in().await {
                Err(Error::GrafanaLogin { .. }) if case == LoginCase::Unproven => {}
                tried => return tried,
            }
        }
        let reset = tokio::time::timeout_at(waiter.deadline, self.reset_password());
        reset.await.map_err(Error::engine(ACTION))??;
        match grafana.log_in_again().await {
            // While the account is locked, Grafana rejects the right password with the same answer.
            Err(Error::GrafanaLogin { url, user, volume, .. }) => {
                Err(Error::GrafanaLogin { url, user, volume, was_set: true })
            }
            tried => tried,
        }
    }

    async fn reset_password(&self) -> Result<()> {
        let StackContext { operator, stack, .. } = self.context;
        let container = stack.container("grafana");
        let secret = &stack.login.password.secret;
        match operator.execute_with(&container, &RESET, secret).await? {
            (0, _) => Ok(()),
            (code, output) => {
                let last = output.lines().map(str::trim).rfind(|line| !line.is_empty());
                let reason =
                    format!("`grafana cli` exited with code {code}: {}", last.unwrap_or("no output"));
                Err(Error::engine(ACTION)(reason))
            }
        }
    }
}
