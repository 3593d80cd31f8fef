//! Runs the double as a child process for tests.
//!
//! The process is killed by its id on drop.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// The time limit of every wait.
const LIMIT: Duration = Duration::from_secs(20);

/// A running double.
#[derive(Debug)]
pub struct Running {
    child: Child,
    lines: Receiver<String>,
    log: Vec<String>,
    base: String,
}

impl Running {
    /// Starts the double on a free loopback port, and waits until it listens.
    ///
    /// Its environment contains only the given variables; a given `GF_SERVER_HTTP_PORT` takes precedence.
    pub fn start(program: &str, data: &Path, variables: &[(&str, &str)]) -> Result<Self, String> {
        let mut running = Self::spawn(program, data, variables)?;
        let line = running.wait_for("HTTP Server Listen")?;
        let address = line.split("address=").nth(1).and_then(|rest| rest.split(' ').next());
        running.base = format!("http://{}", address.ok_or_else(|| format!("no address in `{line}`"))?);
        Ok(running)
    }

    /// Starts the double without waiting.
    pub fn spawn(program: &str, data: &Path, variables: &[(&str, &str)]) -> Result<Self, String> {
        let mut child = Command::new(program)
            .env_clear()
            .env("GF_SERVER_HTTP_ADDR", "127.0.0.1")
            .env("GF_SERVER_HTTP_PORT", "0")
            .env("GF_PATHS_DATA", data)
            .env("GF_PATHS_PROVISIONING", data.join("provisioning"))
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .map_err(|error| format!("`{program}`: {error}"))?;
        let (sender, lines) = channel();
        if let Some(output) = child.stdout.take() {
            // The output is read to its end, because a full pipe would block the double.
            std::thread::spawn(move || {
                let mut lines = BufReader::new(output).lines().map_while(Result::ok);
                // After the test no receiver exists, but the rest must still be read.
                lines.by_ref().for_each(|line| drop(sender.send(line)));
            });
        }
        Ok(Self { child, lines, log: Vec::new(), base: String::new() })
    }

    /// Returns its address.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Waits for a line of its log, and returns it.
    pub fn wait_for(&mut self, text: &str) -> Result<String, String> {
        let deadline = Instant::now() + LIMIT;
        loop {
            match self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    self.log.push(line.clone());
                    if line.contains(text) {
                        return Ok(line);
                    }
                }
                Err(RecvTimeoutError::Timeout) => return Err(self.without(text, "in time")),
                Err(RecvTimeoutError::Disconnected) => return Err(self.without(text, "before the end")),
            }
        }
    }

    /// Returns the current log.
    pub fn log(&mut self) -> String {
        self.log.extend(self.lines.try_iter());
        self.log.join("\n")
    }

    /// Stops the double, and returns its exit status.
    pub fn stop(&mut self) -> Result<ExitStatus, String> {
        let id = self.child.id().to_string();
        let asked = Command::new("kill").args(["-TERM", &id]).status();
        asked.map_err(|error| format!("`kill -TERM {id}`: {error}"))?;
        self.wait()
    }

    /// Waits until it exits, and returns its exit status.
    pub fn wait(&mut self) -> Result<ExitStatus, String> {
        // The output closes at the exit, so this does not poll.
        match self.wait_for("\0") {
            Err(reason) if reason.contains("before the end") => {
                self.child.wait().map_err(|error| error.to_string())
            }
            _ => Err(format!("it did not end; its log:\n{}", self.log.join("\n"))),
        }
    }

    fn without(&self, text: &str, when: &str) -> String {
        format!("no line with `{text}` {when}; the log:\n{}", self.log.join("\n"))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // The process may have exited already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
