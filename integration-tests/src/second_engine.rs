//! An engine of the tests' own beside the machine's: a second `dockerd` that may be killed, restarted and wiped.
//!
//! Never touches the machine's engine: folder, socket, mounts, containerd and addresses are its own, and it writes no
//! rules of the packet filter. One rule is added by hand, since the first engine's drop what passes between containers of a
//! bridge that it does not know. All of it goes when the engine is dropped; what a killed test run left behind goes
//! when the next one starts. Never skips: without root or a `dockerd` the test fails and says what is missing.

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

/// How long an engine may take to answer or to end; a stop waits ten seconds for each container.
const PATIENCE: Duration = Duration::from_mins(1);

/// An engine of the tests' own.
#[derive(Debug)]
pub struct SecondEngine {
    folder: PathBuf,
    range: Range,
    process: Mutex<Option<Child>>,
    /// The network of its own that it is in, where it is in one.
    elsewhere: Option<Elsewhere>,
}

impl SecondEngine {
    /// Starts an engine that has nothing: no image, no container.
    pub fn start() -> Self {
        let user = run("id", &["-u"]).unwrap_or_default();
        assert_eq!(user.trim(), "0", "a second engine can be started by root only");
        leftovers::sweep();
        let (range, folder) = claim();
        let engine = Self { folder, range, process: Mutex::new(None), elsewhere: None };
        let prepared = range.admit().and_then(|()| range.make_bridge());
        prepared.unwrap_or_else(|problem| panic!("{problem}"));
        engine.launch();
        engine
    }

    /// Starts an engine in a network namespace of its own and under another host name, as if on another machine; it
    /// reaches this machine's registry by its own loopback. `relay` is the program `socket-relay`.
    pub fn start_elsewhere(relay: &Path, registry: &str) -> Self {
        let user = run("id", &["-u"]).unwrap_or_default();
        assert_eq!(user.trim(), "0", "a second engine can be started by root only");
        leftovers::sweep();
        let (range, folder) = claim();
        let made = Elsewhere::make(range, &folder, relay, registry);
        let elsewhere = made.unwrap_or_else(|problem| panic!("{problem}"));
        let engine = Self { folder, range, process: Mutex::new(None), elsewhere: Some(elsewhere) };
        engine.launch();
        engine
    }

    /// Returns the address of the machine that an engine elsewhere is on, as this machine knows it.
    pub fn address(&self) -> String {
        self.elsewhere.as_ref().expect("the engine is elsewhere").address()
    }

    /// Returns a program that runs another one in the network of an engine elsewhere.
    pub fn on_its_machine(&self, program: &str) -> PathBuf {
        self.elsewhere.as_ref().expect("the engine is elsewhere").wrap(&self.folder, program)
    }

    /// Returns the engine's address, as `DOCKER_HOST` takes it.
    pub fn host(&self) -> String {
        format!("unix://{}", self.folder.join("engine.sock").display())
    }

    /// Runs the `docker` command on this engine, which must succeed, and returns what it prints.
    pub fn docker(&self, arguments: &[&str]) -> String {
        let printed = run("docker", &[&["--host", &self.host()], arguments].concat());
        printed.unwrap_or_else(|problem| panic!("{problem}"))
    }

    /// Stops the engine as its service manager would, and its containers with it.
    pub fn stop(&self) {
        self.end("TERM").unwrap_or_else(|problem| panic!("{problem}"));
    }

    /// Kills the engine: it tidies nothing up, and its containers live on until it starts again.
    pub fn kill(&self) {
        self.end("KILL").unwrap_or_else(|problem| panic!("{problem}"));
    }

    /// Starts the engine again after a stop or a kill, and waits until it answers.
    pub fn launch(&self) {
        self.try_launch().unwrap_or_else(|problem| panic!("{problem}"));
    }

    /// Stops the engine and starts it again.
    pub fn restart(&self) {
        self.stop();
        self.launch();
    }

    /// Runs a command where the engine's mounts are seen, which must succeed, and returns what it prints.
    pub fn run_on_its_host(&self, command: &[&str]) -> String {
        let id = self.process().as_ref().map(Child::id).expect("the engine runs").to_string();
        let printed = run("nsenter", &[&["--mount", "--target", &id, "--"], command].concat());
        printed.unwrap_or_else(|problem| panic!("{problem}"))
    }

    /// Removes every container, network and volume; images stay.
    pub fn wipe(&self) {
        self.try_wipe().unwrap_or_else(|problem| panic!("{problem}"));
        // A new start gives new networks their range again.
        self.stop();
        std::fs::remove_dir_all(self.networks()).expect("the engine has stopped");
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
        // Its mounts are its own, and `/` is shared in there, as it is on most hosts.
        let mounts = ["unshare", "--mount", "--propagation", "shared"].map(String::from);
        let mut command = elsewhere.into_iter().chain(mounts).chain(["dockerd".to_string()]);
        let started = Command::new(command.next().unwrap_or_default())
            .args(command)
            // The machine's own file would be read otherwise.
            .args(["--config-file", &path("daemon.json")])
            .args(["--data-root", &path("data"), "--exec-root", &path("exec"), "--pidfile", &path("pid")])
            .args(["--host", &self.host()])
            // With the bridge `none` it would remove the `docker0` of the machine's engine.
            .args(own)
            .args(["--iptables=false", "--ip6tables=false", "--ip-masq=false"])
            .args(self.pool())
            // What containers are told is the host is the bridge of the first network that is made.
            .args(["--host-gateway-ip", &self.range.gateway()])
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(error_log)
            .spawn();
        let child = started.map_err(|error| format!("cannot run `unshare`: {error}"))?;
        *self.process() = Some(child);
        let answers = || run("docker", &["--host", &self.host(), "version"]).is_ok();
        let is_there = wait_until(answers, || self.has_ended());
        is_there.then_some(()).ok_or_else(|| format!("the second engine does not answer:\n{}", self.log()))
    }

    /// Returns the argument that gives networks their addresses. Where an engine has a default network from before, it
    /// removes `docker0` for being given any, and that is the machine's engine's; its networks have theirs by then.
    fn pool(&self) -> Option<String> {
        let is_new = !self.networks().exists();
        is_new.then(|| format!("--default-address-pool=base={},size=27", self.range))
    }

    /// Returns the folder in which the engine keeps what networks it has.
    fn networks(&self) -> PathBuf {
        self.folder.join("data/network")
    }

    fn end(&self, signal: &str) -> Result<(), String> {
        let Some(mut child) = self.process().take() else { return Ok(()) };
        run("kill", &["-s", signal, &child.id().to_string()])?;
        if wait_until(|| !matches!(child.try_wait(), Ok(None)), || false) {
            // The next engine takes a containerd that is still dying for its own, and waits for it in vain.
            let is_gone = wait_until(|| !self.containerd_runs(), || false);
            return is_gone.then_some(()).ok_or_else(|| "containerd outlives the second engine".into());
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
        // The engine itself tidies up best: networks, mounts and control groups.
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

/// Takes a range of addresses and the folder that stands for it, both used by nobody else.
fn claim() -> (Range, PathBuf) {
    // Runs at the same time begin at different places.
    for range in Range::all_from(std::process::id()) {
        let folder = leftovers::folder(range);
        if !range.is_taken() && std::fs::create_dir(&folder).is_ok() {
            leftovers::sign(&folder);
            std::fs::write(folder.join("daemon.json"), "{}").expect("the new folder can be written");
            return (range, folder);
        }
    }
    panic!("every range of addresses for a second engine is taken");
}

/// Asks again and again until it is so; `false` when patience or hope is at an end.
fn wait_until(mut is_so: impl FnMut() -> bool, is_hopeless: impl Fn() -> bool) -> bool {
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
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
