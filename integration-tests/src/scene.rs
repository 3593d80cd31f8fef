//! One user's machine: an engine, a folder and a loopback address that no other test uses.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use fake_engine::FakeEngine;
use tdd_stack::config::settings::{Layer, Settings};
use tdd_stack::services;
use tempfile::TempDir;

use crate::cli::{Output, PLAN, TddStack};

/// The configuration folder below the scene's folder.
const CONFIGURATION: &str = "config/monitoring";

/// A port below the range from which systems pick.
const FREE_PORT: u16 = 20_000;

/// A machine on which the program runs.
#[derive(Debug)]
pub struct Scene {
    /// The engine.
    pub engine: FakeEngine,
    program: PathBuf,
    folder: TempDir,
    address: Ipv4Addr,
}

impl Scene {
    /// Returns a scene with an empty engine that can pull every image.
    pub fn new(program: &str) -> Self {
        Self::with(FakeEngine::start(), program)
    }

    /// Returns a scene whose engine has the images.
    pub fn with_images(program: &str) -> Self {
        let scene = Self::new(program);
        for reference in default_images() {
            scene.engine.pull(&reference);
        }
        scene
    }

    /// Returns a scene after `up`, without the requests of that run.
    pub fn after_up(program: &str) -> Self {
        let scene = Self::with_images(program);
        scene.run(["up"]).exits(0);
        scene.engine.forget();
        scene
    }

    /// Returns a scene with this engine.
    pub fn with(engine: FakeEngine, program: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be created");
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

    /// Returns the content of a configuration file.
    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.file(name)).expect("the file is readable")
    }

    /// Replaces the content of a configuration file, as the user would.
    pub fn edit(&self, name: &str, content: &str) {
        std::fs::create_dir_all(self.folder().join(CONFIGURATION)).expect("the folder can be created");
        std::fs::write(self.file(name), content).expect("the file is writable");
    }

    /// Writes the settings file.
    pub fn settings(&self, yaml: &str) {
        std::fs::write(self.folder().join("tdd-stack.yaml"), yaml).expect("the file is writable");
    }

    /// Prepares a run that knows only the engine and the folder.
    pub fn bare(&self) -> TddStack {
        TddStack::new(&self.program)
            .env("DOCKER_HOST", self.engine.host())
            .env("TDD_STACK_DIR", self.folder())
    }

    /// Prepares a run that publishes on free ports of the scene's address.
    pub fn tdd_stack<const N: usize>(&self, arguments: [&str; N]) -> TddStack {
        let ports =
            ["prometheus", "grafana", "node-exporter", "alertmanager"].map(|name| format!("{name}=auto"));
        self.bare()
            .env("TDD_STACK_BIND", self.address.to_string())
            .env("TDD_STACK_PORT", ports.join(","))
            .args(arguments)
    }

    /// Asserts that the next plan is empty.
    #[track_caller]
    pub fn is_converged(&self) {
        self.run(PLAN).exits(0);
    }

    /// Asserts that `up` reaches the desired state without faults, and that the next one changes nothing.
    #[track_caller]
    pub fn converges(&self) {
        self.engine.recover();
        self.run(["up"]).exits(0);
        self.engine.forget();
        self.run(["up"]).exits(0);
        assert_eq!(self.engine.changes(), [""; 0]);
    }

    /// Runs the program until it exits.
    pub fn run<const N: usize>(&self, arguments: [&str; N]) -> Output {
        self.tdd_stack(arguments).run()
    }
}

/// Returns the references of the images that a stack needs with default settings.
fn default_images() -> Vec<String> {
    let settings = Settings::resolve(Layer::default(), &services::names()).expect("the defaults are valid");
    services::assemble(&settings).services.iter().map(|service| service.image.to_string()).collect()
}

/// Returns a unique loopback address, so that tests never share ports.
fn own_address() -> Ipv4Addr {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    // With one process per test, all counts are equal.
    let number = std::process::id().wrapping_mul(1009).wrapping_add(count) % (1 << 22);
    Ipv4Addr::from_bits(Ipv4Addr::new(127, 64, 0, 1).to_bits() + (number << 1))
}
