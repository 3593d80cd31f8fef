//! Engines whose ports are not local: in another network namespace, under another host name, behind relays.

use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use integration_tests::relay::Relay;
use integration_tests::scenario::{SERVICES, Scenario, any_ports, variable};
use integration_tests::second_engine::SecondEngine;

use crate::scenario;

const PROGRAM: &str = env!("CARGO_BIN_EXE_tdd-stack-under-test");
const RELAY: &str = env!("CARGO_BIN_EXE_socket-relay");
const MACHINE_SOCKET: &str = "/var/run/docker.sock";

/// Listeners on this machine's loopback that count connections meant for the services of another machine.
struct Traps {
    ports: String,
    connections: Arc<AtomicUsize>,
}

impl Traps {
    fn set() -> Self {
        let connections = Arc::new(AtomicUsize::new(0));
        let ports = SERVICES.map(|service| {
            let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
            let port = listener.local_addr().expect("a listener has an address").port();
            let connections = connections.clone();
            std::thread::spawn(move || {
                let count = |_: TcpStream| connections.fetch_add(1, Ordering::SeqCst);
                listener.incoming().flatten().map(count).for_each(drop);
            });
            format!("{service}={port}")
        });
        Self { ports: ports.join(","), connections }
    }

    fn caught(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

/// Relays a socket with a copy of the relay called `name`, started by `program`, and returns the new address.
fn relayed(folder: &Path, name: &str, program: &[&str], socket: &str) -> (Relay, String) {
    let (relay, new) = (folder.join(name), folder.join(format!("{name}.sock")));
    std::fs::copy(RELAY, &relay).expect("the folder is writable");
    let (from, to) = (format!("unix:{}", new.display()), format!("unix:{socket}"));
    let relay = relay.display().to_string();
    let relay = Relay::start(&[program, &[&relay]].concat(), &from, &to);
    (relay, format!("unix://{}", new.display()))
}

/// Writes a script that runs tdd-stack through another program.
fn run_by(folder: &Path, words: &str) -> PathBuf {
    let path = folder.join("wrapper");
    std::fs::write(&path, format!("#!/bin/sh\nexec {words} {PROGRAM} \"$@\"\n"))
        .expect("the folder is writable");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("this user owns the file");
    path
}

#[test]
fn remote_engine_works_without_local_connections() {
    let engine = SecondEngine::start_elsewhere(Path::new(RELAY), &variable("TDD_TEST_REGISTRY"));
    let (far, traps) = (engine.address(), Traps::set());
    let here = Scenario::on(&engine, PROGRAM, "elsewhere");
    let refused = |host: &str, arguments: &[&str]| {
        let output = here.prepare_by(Path::new(PROGRAM), Some(host), &traps.ports, arguments).run();
        output.exits(4).says("hint: run the command on the engine's machine");
        assert_eq!(traps.caught(), 0, "{arguments:?}");
        output
    };
    let works = |arguments: &[&str]| {
        here.run_on(&traps.ports, arguments).exits(0);
        assert_eq!(traps.caught(), 0, "{arguments:?}");
    };
    refused(&engine.host(), &["up"]).says("another network namespace").says("--bind ADDRESS");
    assert_eq!(here.objects("container"), [""; 0]);

    // On the engine's own machine everything works as usual.
    let there = engine.on_its_machine(PROGRAM);
    for verb in [&["up", "--wait", "proven"] as &[&str], &["status"]] {
        here.prepare_by(&there, Some(&engine.host()), &traps.ports, verb).run().exits(0);
    }

    let file = here.folder().join("backup").display().to_string();
    for verb in [
        &["up"] as &[&str],
        &["status"],
        &["alerts"],
        &["dashboards", "pull"],
        &["backup", &file],
        &["drill", "SlowQueries", "--fast"],
        &["demo", "--history", "1h"],
        &["demo"],
    ] {
        refused(&engine.host(), verb);
    }
    here.run_on(&traps.ports, &["doctor"]).exits(1);
    works(&["plan"]);
    works(&["logs", "--tail", "1"]);

    let tcp = format!("tcp://{far}:2375");
    refused(&tcp, &["status"]).says("belongs to another machine");
    // A relay on this machine forwards the socket, like `ssh -L`.
    let socket = engine.host().replace("unix://", "");
    for (name, words) in [("ssh", "ssh (process "), ("proxy", "machine `tdd-elsewhere`")] {
        let (_relay, host) = relayed(here.folder(), name, &[], &socket);
        refused(&host, &["status"]).says(words);
    }
    works(&["down"]);
    assert_eq!(here.objects("container"), [""; 0]);

    // An address that both machines know, and a chosen password.
    let password = here.folder().join("password");
    std::fs::write(&password, "long and own").expect("the folder is writable");
    let here = here.with_variable("TDD_STACK_GRAFANA_PASSWORD_FILE", &password.display().to_string());
    let bound = |host: &str, bind: &str, arguments: &[&str]| {
        let run = here.prepare_by(Path::new(PROGRAM), Some(host), &traps.ports, arguments);
        let output = run.env("TDD_STACK_BIND", bind).run();
        assert_eq!(traps.caught(), 0, "{arguments:?}");
        output
    };
    bound(&engine.host(), &far, &["up", "--wait", "proven"]).exits(0);
    bound(&engine.host(), &far, &["status"]).exits(0);
    bound(&engine.host(), &far, &["drill"])
        .exits(4)
        .says("expect the application on the engine's machine")
        .says("--app-host");
    bound(&tcp, "0.0.0.0", &["up"]).exits(0);
    bound(&tcp, "0.0.0.0", &["status"]).exits(0);
    bound(&tcp, "0.0.0.0", &["down", "--volumes"]).exits(0);
}

#[test]
fn local_engine_is_detected_by_its_network() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let scenario = scenario("own");
    scenario.succeed(&["up"]);
    let run = |program: &Path, host: &str, verb: &str| {
        scenario.prepare_by(program, Some(host), &any_ports(), &[verb]).run()
    };
    let socket = format!("unix://{MACHINE_SOCKET}");

    // A relay on a port of this machine leads to this machine.
    let port = {
        let free = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        free.local_addr().expect("a listener has an address").to_string()
    };
    let (from, to) = (format!("tcp:{port}"), format!("unix:{MACHINE_SOCKET}"));
    let _by_port = Relay::start(&[RELAY], &from, &to);
    for verb in ["status", "up"] {
        run(Path::new(PROGRAM), &format!("tcp://{port}"), verb).exits(0);
    }
    // A program without sight of the host's processes, but in the host's network.
    run(&run_by(folder.path(), "unshare --pid --fork --mount-proc"), &socket, "status").exits(0);

    // A rootless engine listens in another network, and RootlessKit publishes its ports here.
    let rootlesskit = folder.path().join("rootlesskit");
    std::fs::copy("/bin/sh", &rootlesskit).expect("the folder is writable");
    let rootlesskit = rootlesskit.display().to_string();
    let child = "setpriv --pdeathsig KILL unshare --net \"$@\"; true";
    let started_by = [rootlesskit.as_str(), "-c", child, "sh"];
    let (_rootless, host) = relayed(folder.path(), "dockerd", &started_by, MACHINE_SOCKET);
    run(Path::new(PROGRAM), &host, "status").exits(0);

    // The same socket from another network: for the program, for a program in a container, for a relay.
    let refused = |program: &Path, host: &str| {
        run(program, host, "up").exits(4).says("another network namespace").says("--bind ADDRESS");
        run(program, host, "status").exits(4);
    };
    refused(&run_by(folder.path(), "unshare --net"), &socket);
    refused(&run_by(folder.path(), "unshare --net --pid --fork --mount-proc"), &socket);
    let (_relay, host) = relayed(folder.path(), "away", &["unshare", "--net"], MACHINE_SOCKET);
    refused(Path::new(PROGRAM), &host);
}

#[test]
fn unprivileged_user_reaches_the_stack() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let scenario = scenario("user");
    scenario.succeed(&["up", "--wait", "proven"]);
    let group = std::fs::metadata(MACHINE_SOCKET).expect("the engine listens").gid();
    let program = run_by(folder.path(), &format!("setpriv --reuid 65534 --regid 65534 --groups {group}"));
    for path in [folder.path(), scenario.folder()] {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).expect("this user owns it");
    }
    let status = scenario.prepare_by(&program, None, &any_ports(), &["status"]);
    status.env("HOME", "/nonexistent").run().exits(0);
}
