//! A second `dockerd` next to the machine's engine that tests may kill, restart and wipe.
//!
//! It has its own folder, socket, mounts, containerd and addresses, and writes no packet filter rules. One rule is added
//! for it, since the first engine drops packets between containers of unknown bridges. Everything is removed on drop, or
//! by the next start after a killed test. Tests are never skipped: without root or `dockerd` they fail.

mod command;
mod elsewhere;
mod leftovers;
mod range;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use command::run;
use elsewhere::Elsewhere;
use range::Range;

/// The longest wait for an engine to answer or exit; a stop waits ten seconds for each container.
const LIMIT: Duration = Duration::from_mins(1);

/// A second engine.
#[derive(Debug)]
pub struct SecondEngine {
    folder: PathBuf,
    range: Range,
    process: Mutex<Option<Child>>,
    /// The engine's network namespace, if it is not this machine's.
    elsewhere: Option<Elsewhere>,
}

impl SecondEngine {
    /// Starts an empty engine.
    pub fn start() -> Self {
        let user = run("id", &["-u"]).unwrap_or_default();
        assert_eq!(user.trim(), "0", "a second engine needs root");
        leftovers::sweep();
        let (range, folder) = claim();
        let engine = Self { folder, range, process: Mutex::new(None), elsewhere: None };
        let prepared = range.admit().and_then(|()| range.make_bridge());
        prepared.unwrap_or_else(|problem| panic!("{problem}"));
        engine.launch();
        engine
    }

    /// Starts an engine in another network namespace and under another host name, as if on another machine. It reaches
    /// this machine's registry through its own loopback. `relay` is the program `socket-relay`.
    pub fn start_elsewhere(relay: &Path, registry: &str) -> Self {
        let user = run("id", &["-u"]).unwrap_or_default();
        assert_eq!(user.trim(), "0", "a second engine needs root");
        leftovers::sweep();
        let (range, folder) = claim();
        let made = Elsewhere::make(range, &folder, relay, registry);
        let elsewhere = made.unwrap_or_else(|problem| panic!("{problem}"));
        let engine = Self { folder, range, process: Mutex::new(None), elsewhere: Some(elsewhere) };
        engine.launch();
        engine
    }

    /// Returns the address of a remote engine's machine.
    pub fn address(&self) -> String {
        self.elsewhere.as_ref().expect("the engine is remote").address()
    }

    /// Returns a program that runs another one in the network of a remote engine.
    pub fn on_its_machine(&self, program: &str) -> PathBuf {
        self.elsewhere.as_ref().expect("the engine is remote").wrap(&self.folder, program)
    }

    /// Returns the engine's address in the form of `DOCKER_HOST`.
    pub fn host(&self) -> String {
        format!("unix://{}", self.folder.join("engine.sock").display())
    }

    /// Runs the `docker` command on this engine, which must succeed, and returns its output.
    pub fn docker(&self, arguments: &[&str]) -> String {
        let printed = run("docker", &[&["--host", &self.host()], arguments].concat());
        printed.unwrap_or_else(|problem| panic!("{problem}"))
    }

    /// Stops the engine and its containers, as its service manager would.
    pub fn stop(&self) {
        self.end("TERM").unwrap_or_else(|problem| panic!("{problem}"));
    }

    /// Kills the engine without any clean-up; its containers run until the next start.
    pub fn kill(&self) {
        self.end("KILL").unwrap_or_else(|problem| panic!("{problem}"));
    }

    /// Starts the engine after a stop or a kill, and waits until it answers.
    pub fn launch(&self) {
        self.try_launch().unwrap_or_else(|problem| panic!("{problem}"));
    }

    /// Stops and starts the engine.
    pub fn restart(&self) {
        self.stop();
        self.launch();
    }

    /// Runs a command in the engine's mount namespace, which must succeed, and returns its output.
    pub fn run_on_its_host(&self, command: &[&str]) -> String {
        let id = self.process().as_ref().map(Child::id).expect("the engine runs").to_string();
        let printed = run("nsenter", &[&["--mount", "--target", &id, "--"], command].concat());
        printed.unwrap_or_else(|problem| panic!("{problem}"))
    }

    /// Removes every container, network and volume, but no images.
    pub fn wipe(&self) {
        self.try_wipe().unwrap_or_else(|problem| panic!("{problem}"));
        // After a restart, new networks get the first addresses of the range again.
        self.stop();
        std::fs::remove_dir_all(self.networks()).expect("the stopped engine's folder is removable");
        self.launch();
    }

    fn try_launch(&self) -> Result<(), String> {
        let path = |name: &str| self.folder.join(name).display().to_string();
        let log = File::create(self.folder.join("log")).map_err(|error| error.to_string())?;
        let error_log = log.try_clone().map_err(|error| error.to_string())?;
        let (own, elsewhere): (Vec<String>, _) = match &self.elsewhere {
            None => (vec!["--bridge".into(), self.range.bridge()], Vec::new()),
            Some(elsewhere) => (elsewhere.flags(), elsewhere.launcher()),
        };
        // The engine has its own mount namespace, in which `/` is shared as on most hosts.
        let mounts = ["unshare", "--mount", "--propagation", "shared"].map(String::from);
        let mut command = elsewhere.into_iter().chain(mounts).chain(["dockerd".to_string()]);
        let started = Command::new(command.next().unwrap_or_default())
            .args(command)
            // Otherwise the engine would read the machine's configuration file.
            .args(["--config-file", &path("daemon.json")])
            .args(["--data-root", &path("data"), "--exec-root", &path("exec"), "--pidfile", &path("pid")])
            .args(["--host", &self.host()])
            // With `--bridge none` the engine would remove the `docker0` of the machine's engine.
            .args(own)
            .args(["--iptables=false", "--ip6tables=false", "--ip-masq=false"])
            .args(self.pool())
            // The bridge of the first network is the host for containers.
            .args(["--host-gateway-ip", &self.range.gateway()])
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(error_log)
            .spawn();
        let child = started.map_err(|error| format!("cannot run `unshare`: {error}"))?;
        *self.process() = Some(child);
        let answers = || run("docker", &["--host", &self.host(), "version"]).is_ok();
        let answers_in_time = wait_until(answers, || self.has_ended());
        answers_in_time
            .then_some(())
            .ok_or_else(|| format!("the second engine does not answer:\n{}", self.log()))
    }

    /// Returns the flag with the address pool of networks. An engine with existing networks would remove `docker0`, which
    /// belongs to the machine's engine, so it gets no flag: its networks have addresses already.
    fn pool(&self) -> Option<String> {
        let is_new = !self.networks().exists();
        is_new.then(|| format!("--default-address-pool=base={},size=27", self.range))
    }

    /// Returns the folder in which the engine stores its networks.
    fn networks(&self) -> PathBuf {
        self.folder.join("data/network")
    }

    fn end(&self, signal: &str) -> Result<(), String> {
        let Some(mut child) = self.process().take() else { return Ok(()) };
        run("kill", &["-s", signal, &child.id().to_string()])?;
        if wait_until(|| !matches!(child.try_wait(), Ok(None)), || false) {
            // The next engine would wait without result for a containerd that is still exiting.
            let is_gone = wait_until(|| !self.containerd_runs(), || false);
            return is_gone
                .then_some(())
                .ok_or_else(|| "containerd still runs after the second engine".into());
        }
        *self.process() = Some(child);
        Err(format!("the second engine does not end on SIG{signal}:\n{}", self.log()))
    }

    fn try_wipe(&self) -> Result<(), String> {
        let host = self.host();
        let lists: [(&[&str], &[&str]); 3] = [
            (&["ps", "--all", "--quiet"], &["rm", "--force", "--volumes"]),
            (&["network", "ls", "--quiet", "--filter", "type=custom"], &["network", "rm"]),
            (&["volume", "ls", "--quiet"], &["volume", "rm", "--force"]),
        ];
        for (list, remove) in lists {
            let listed = run("docker", &[&["--host", &host], list].concat())?;
            let names: Vec<&str> = listed.lines().collect();
            if !names.is_empty() {
                run("docker", &[&["--host", &host], remove, &names].concat())?;
            }
        }
        Ok(())
    }

    fn has_ended(&self) -> bool {
        self.process().as_mut().is_none_or(|child| !matches!(child.try_wait(), Ok(None)))
    }

    fn containerd_runs(&self) -> bool {
        let id = std::fs::read_to_string(self.folder.join("exec/containerd/containerd.pid"));
        let id: Option<u32> = id.ok().and_then(|id| id.trim().parse().ok());
        id.is_some_and(|id| PathBuf::from(format!("/proc/{id}")).exists())
    }

    fn process(&self) -> MutexGuard<'_, Option<Child>> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn log(&self) -> String {
        let log = std::fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(30)..].join("\n")
    }
}

#[expect(clippy::print_stderr, reason = "a panic here would hide the one that ends the test")]
impl Drop for SecondEngine {
    fn drop(&mut self) {
        // The engine itself removes networks, mounts and control groups best.
        let is_running = if self.has_ended() { self.try_launch() } else { Ok(()) };
        let tidied = is_running.and_then(|()| self.try_wipe()).and_then(|()| self.end("TERM"));
        if let Err(problem) = tidied {
            eprintln!("the second engine is removed by force: {problem}");
            drop(self.end("KILL"));
        }
        self.elsewhere = None;
        leftovers::remove(&self.folder, self.range);
    }
}

/// Claims an unused range of addresses and its folder.
fn claim() -> (Range, PathBuf) {
    // Parallel runs start at different ranges.
    for range in Range::all_from(std::process::id()) {
        let folder = leftovers::folder(range);
        if !range.is_taken() && std::fs::create_dir(&folder).is_ok() {
            leftovers::sign(&folder);
            std::fs::write(folder.join("daemon.json"), "{}").expect("the new folder is writable");
            return (range, folder);
        }
    }
    panic!("every range of addresses for a second engine is taken");
}

/// Waits until a condition holds; returns `false` at the limit or when it can no longer hold.
fn wait_until(mut is_so: impl FnMut() -> bool, is_hopeless: impl Fn() -> bool) -> bool {
    let began = Instant::now();
    while began.elapsed() < LIMIT {
        if is_so() {
            return true;
        }
        if is_hopeless() {
            return false;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    false
}
