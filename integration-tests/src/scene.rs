//! One user's machine: an engine, a folder and a loopback address that no other test uses.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use fake_engine::FakeEngine;
use tdd_stack::config::settings::{Layer, Settings};
use tdd_stack::services;
use tempfile::TempDir;

use crate::cli::{Output, PLAN, TddStack};

/// Where the configuration files are, below the folder.
const CONFIGURATION: &str = "config/monitoring";

/// A port below those that systems pick.
const FREE_PORT: u16 = 20_000;

/// A machine on which the program is run.
#[derive(Debug)]
pub struct Scene {
    /// The engine.
    pub engine: FakeEngine,
    program: PathBuf,
    folder: TempDir,
    address: Ipv4Addr,
}

impl Scene {
    /// Returns a machine with an engine that has nothing, and can pull everything.
    pub fn new(program: &str) -> Self {
        Self::with(FakeEngine::start(), program)
    }

    /// Returns a machine with an engine that has the images already.
    pub fn with_images(program: &str) -> Self {
        let scene = Self::new(program);
        for reference in default_images() {
            scene.engine.pull(&reference);
        }
        scene
    }

    /// Returns a machine on which `up` has run already, and forgets how.
    pub fn after_up(program: &str) -> Self {
        let scene = Self::with_images(program);
        scene.run(["up"]).exits(0);
        scene.engine.forget();
        scene
    }

    /// Returns a machine with this engine.
    pub fn with(engine: FakeEngine, program: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        Self { engine, program: program.into(), folder, address: own_address() }
    }

    /// Returns the folder that `--dir` names.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Returns the address on which the services are published.
    pub fn address(&self) -> Ipv4Addr {
        self.address
    }

    /// Returns a port of that address. Nothing listens there, and nothing is given it by chance.
    pub fn free_port(&self) -> u16 {
        FREE_PORT
    }

    /// Returns the path of a configuration file.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder().join(CONFIGURATION).join(name)
    }

    /// Returns what a configuration file says.
    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.file(name)).expect("the file can be read")
    }

    /// Replaces what a configuration file says, as the user would.
    pub fn edit(&self, name: &str, content: &str) {
        std::fs::create_dir_all(self.folder().join(CONFIGURATION)).expect("the folder can be made");
        std::fs::write(self.file(name), content).expect("the file can be written");
    }

    /// Writes the settings file.
    pub fn settings(&self, yaml: &str) {
        std::fs::write(self.folder().join("tdd-stack.yaml"), yaml).expect("the file can be written");
    }

    /// Begins a run that knows the engine and the folder, and nothing else.
    pub fn bare(&self) -> TddStack {
        TddStack::new(&self.program)
            .env("DOCKER_HOST", self.engine.host())
            .env("TDD_STACK_DIR", self.folder())
    }

    /// Begins a run that publishes on free ports of the scene's own address.
    pub fn tdd_stack<const N: usize>(&self, arguments: [&str; N]) -> TddStack {
        let ports =
            ["prometheus", "grafana", "node-exporter", "alertmanager"].map(|name| format!("{name}=auto"));
        self.bare()
            .env("TDD_STACK_BIND", self.address.to_string())
            .env("TDD_STACK_PORT", ports.join(","))
            .args(arguments)
    }

    /// Asserts that nothing is left to do.
    #[track_caller]
    pub fn is_converged(&self) {
        self.run(PLAN).exits(0);
    }

    /// Asserts that `up` reaches the wanted state as soon as nothing goes wrong, and that the next one changes nothing.
    #[track_caller]
    pub fn converges(&self) {
        self.engine.recover();
        self.run(["up"]).exits(0);
        self.engine.forget();
        self.run(["up"]).exits(0);
        assert_eq!(self.engine.changes(), [""; 0]);
    }

    /// Runs the program to its end.
    pub fn run<const N: usize>(&self, arguments: [&str; N]) -> Output {
        self.tdd_stack(arguments).run()
    }
}

/// Returns the references of the images that a stack needs without any settings.
fn default_images() -> Vec<String> {
    let settings = Settings::resolve(Layer::default(), &services::names()).expect("the defaults are good");
    services::assemble(&settings).services.iter().map(|service| service.image.to_string()).collect()
}

/// Returns a loopback address of this test's own, so that no test meets another's ports.
fn own_address() -> Ipv4Addr {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    // Each test may be a process of its own, and then all counts are alike.
    let number = std::process::id().wrapping_mul(1009).wrapping_add(count) % (1 << 22);
    Ipv4Addr::from_bits(Ipv4Addr::new(127, 64, 0, 1).to_bits() + (number << 1))
}
