//! Runs the program under test with arguments and a clean environment, and returns exit code and both outputs.
//!
//! Every run has a time limit: a program that hangs is killed through its handle, and its test fails.

mod redact;

use std::ffi::{OsStr, OsString};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

/// Longer than the slowest run on a busy machine.
const LIMIT: Duration = Duration::from_mins(1);

/// Arguments that plan an `up` and report pending changes in the exit code.
pub const PLAN: [&str; 2] = ["plan", "--detailed-exitcode"];

/// A run of the program before its start.
#[derive(Debug)]
pub struct TddStack {
    program: PathBuf,
    arguments: Vec<OsString>,
    variables: Vec<(String, OsString)>,
    folder: Option<PathBuf>,
    limit: Duration,
    /// A home without a Docker configuration.
    home: TempDir,
}

/// The running program.
#[derive(Debug)]
pub struct Running {
    runtime: Runtime,
    child: Child,
    stdout: JoinHandle<Vec<u8>>,
    stderr: JoinHandle<Vec<u8>>,
    limit: Duration,
    _home: TempDir,
}

/// The result of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// The exit code.
    pub code: i32,
    /// The standard output.
    pub stdout: String,
    /// The standard error.
    pub stderr: String,
}

impl TddStack {
    /// Creates a run of the program at `program`, which [`program!`](crate::program) returns.
    pub fn new(program: impl Into<PathBuf>) -> Self {
        let home = tempfile::tempdir().expect("a temporary folder can be created");
        Self {
            program: program.into(),
            arguments: Vec::new(),
            variables: Vec::new(),
            folder: None,
            limit: LIMIT,
            home,
        }
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<A: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.arguments.extend(arguments.into_iter().map(|argument| argument.as_ref().to_os_string()));
        self
    }

    /// Sets an environment variable; otherwise only the search path and the home are set.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.variables.push((name.into(), value.as_ref().to_os_string()));
        self
    }

    /// Runs the program in a folder.
    #[must_use]
    pub fn in_folder(mut self, folder: &Path) -> Self {
        self.folder = Some(folder.to_path_buf());
        self
    }

    /// Sets a longer time limit.
    #[must_use]
    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Returns the environment of the program.
    pub fn environment(&self) -> Vec<(String, OsString)> {
        // A binary built for coverage must know where to write its profile.
        let kept = ["PATH", "LLVM_PROFILE_FILE"];
        let inherited = kept.iter().filter_map(|name| Some(((*name).to_string(), std::env::var_os(name)?)));
        let home = ("HOME".to_string(), self.home.path().as_os_str().to_os_string());
        inherited.chain([home]).chain(self.variables.clone()).collect()
    }

    /// Returns the program and its arguments.
    pub fn command_line(&self) -> (&Path, &[OsString]) {
        (&self.program, &self.arguments)
    }

    /// Starts the program.
    pub fn spawn(self) -> Running {
        let runtime = crate::runtime::own();
        let mut command = Command::new(&self.program);
        command
            .args(&self.arguments)
            .env_clear()
            .envs(self.environment())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        if let Some(folder) = &self.folder {
            command.current_dir(folder);
        }
        let entered = runtime.enter();
        let mut child = command.spawn().expect("the program under test starts");
        drop(entered);
        let stdout = runtime.spawn(read(child.stdout.take().expect("the stream is piped")));
        let stderr = runtime.spawn(read(child.stderr.take().expect("the stream is piped")));
        Running { runtime, child, stdout, stderr, limit: self.limit, _home: self.home }
    }

    /// Runs the program until it exits.
    pub fn run(self) -> Output {
        self.spawn().finish()
    }
}

impl Running {
    /// Sends a signal, such as `INT`.
    pub fn signal(&self, name: &str) {
        let id = self.child.id().expect("the program still runs").to_string();
        let sent = std::process::Command::new("kill").args(["-s", name, &id]).status();
        assert!(sent.is_ok_and(|status| status.success()), "SIG{name} cannot be sent to the program");
    }

    /// Kills the program, and waits until it has exited.
    pub fn kill(mut self) {
        self.runtime.block_on(self.child.kill()).expect("the program can be killed");
    }

    /// Waits until the program exits.
    pub fn finish(self) -> Output {
        let (status, output) = self.end();
        if status.code().is_none() {
            let Output { stdout, stderr, .. } = output;
            panic!("the program was killed by a signal\n--- stdout\n{stdout}\n--- stderr\n{stderr}");
        }
        output
    }

    /// Waits until the program exits or a signal ends it; the exit code is then 128 plus the signal's number, as in a
    /// shell.
    pub fn finish_or_die(self) -> Output {
        self.end().1
    }

    fn end(mut self) -> (ExitStatus, Output) {
        let ended =
            self.runtime.block_on(async { tokio::time::timeout(self.limit, self.child.wait()).await });
        let in_time = ended.is_ok();
        if !in_time {
            self.child.start_kill().expect("the program can be killed");
        }
        let text = |task: JoinHandle<Vec<u8>>| {
            let bytes = self.runtime.block_on(task).expect("reading does not panic");
            String::from_utf8_lossy(&bytes).into_owned()
        };
        let (stdout, stderr) = (text(self.stdout), text(self.stderr));
        let Some(status) = ended.ok().and_then(Result::ok) else {
            panic!("the program did not end\n--- stdout\n{stdout}\n--- stderr\n{stderr}");
        };
        let code = status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or_default());
        (status, Output { code, stdout, stderr })
    }
}

impl Output {
    /// Asserts the exit code, and shows both outputs if it differs.
    #[track_caller]
    pub fn exits(&self, code: i32) -> &Self {
        assert_eq!(self.code, code, "\n--- stdout\n{}\n--- stderr\n{}", self.stdout, self.stderr);
        self
    }

    /// Asserts that standard error contains these words.
    #[track_caller]
    pub fn says(&self, words: &str) -> &Self {
        assert!(self.stderr.contains(words), "standard error lacks {words:?}:\n{}", self.stderr);
        self
    }

    /// Asserts that standard error does not contain these words.
    #[track_caller]
    pub fn does_not_say(&self, words: &str) -> &Self {
        assert!(!self.stderr.contains(words), "standard error has {words:?}:\n{}", self.stderr);
        self
    }

    /// Returns standard output, which must be one JSON object.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| {
            panic!("standard output is not a single JSON object: {error}\n{}\n{}", self.stdout, self.stderr)
        })
    }

    /// Returns exit code and outputs as one text without variable values.
    pub fn to_snapshot(&self) -> String {
        let (stdout, stderr) = (redact::all(&self.stdout), redact::all(&self.stderr));
        format!("exit {}\n--- stdout\n{stdout}--- stderr\n{stderr}", self.code)
    }
}

async fn read(mut pipe: impl AsyncRead + Unpin) -> Vec<u8> {
    let mut bytes = Vec::new();
    // Output from before an error of the pipe is still useful.
    drop(pipe.read_to_end(&mut bytes).await);
    bytes
}
