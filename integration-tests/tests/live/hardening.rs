//! Restrictions of the containers, as the engine reports them and as processes inside see them.

use std::collections::BTreeMap;
use std::process::Command;

use integration_tests::http;
use integration_tests::scenario::{SERVICES, Scenario, docker};
use serde_json::{Value, json};

use crate::scenario;

const MEBIBYTE: u64 = 1024 * 1024;
/// The user of each image and the memory limit of each service.
const EXPECTED: [(&str, &str, u64); 4] = [
    ("prometheus", "nobody", 1024),
    ("grafana", "472", 512),
    ("node-exporter", "nobody", 128),
    ("alertmanager", "nobody", 256),
];
/// Paths of an engine's socket; node-exporter sees the host's files too.
const SOCKETS: [&str; 4] =
    ["/var/run/docker.sock", "/run/docker.sock", "/rootfs/var/run/docker.sock", "/rootfs/run/docker.sock"];

/// Runs a command in a service's container, and returns whether it succeeded and its output.
fn inside(scenario: &Scenario, service: &str, user: Option<&str>, command: &[&str]) -> (bool, String) {
    let container = scenario.container(service);
    let user = user.map(|user| ["--user", user]);
    let output = Command::new("docker")
        .arg("exec")
        .args(user.iter().flatten())
        .arg(&container)
        .args(command)
        .output()
        .expect("the `docker` command starts");
    let printed = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&printed).into_owned())
}

#[test]
#[expect(clippy::print_stdout, reason = "the table belongs to the output")]
fn containers_have_documented_limits_and_no_privileges() {
    let scenario = scenario("hardened");
    scenario.succeed(&["up"]);
    for (service, user, memory) in EXPECTED {
        let inspected = scenario.inspect(service);
        let host = &inspected["HostConfig"];
        let image = docker(&["image", "inspect", inspected["Image"].as_str().unwrap()]);
        let image: Value = serde_json::from_str(&image).unwrap();
        let ports: Vec<&Value> = inspected["NetworkSettings"]["Ports"]
            .as_object()
            .unwrap()
            .values()
            .flat_map(|port| port.as_array().into_iter().flatten().map(|binding| &binding["HostIp"]))
            .collect();
        let seen = json!({
            "read-only root": host["ReadonlyRootfs"],
            "dropped": host["CapDrop"],
            "added": host["CapAdd"],
            "privileged": host["Privileged"],
            "security": host["SecurityOpt"],
            "user": inspected["Config"]["User"],
            "user is the image's": inspected["Config"]["User"] == image[0]["Config"]["User"],
            "memory": host["Memory"],
            "pids": host["PidsLimit"],
            "log": host["LogConfig"],
            "restart": host["RestartPolicy"]["Name"],
            // Engines report an empty list as `null` or `[]`.
            "devices": host["Devices"].as_array().map_or(0, Vec::len),
            "pid, ipc": [&host["PidMode"], &host["IpcMode"]],
            "ports": ports,
            "engine socket mounted": inspected["Mounts"].to_string().contains("docker.sock"),
        });
        let expected = json!({
            "read-only root": true,
            "dropped": ["ALL"],
            "added": null,
            "privileged": false,
            "security": ["no-new-privileges"],
            "user": user,
            "user is the image's": true,
            "memory": memory * MEBIBYTE,
            "pids": 512,
            "log": {"Type": "json-file", "Config": {"max-size": "10m", "max-file": "3"}},
            "restart": "unless-stopped",
            "devices": 0,
            "pid, ipc": ["", "private"],
            "ports": ["127.0.0.1"],
            "engine socket mounted": false,
        });
        println!("{service}: {seen}");
        assert_eq!(seen, expected, "{service}");
    }
}

#[test]
#[expect(clippy::print_stdout, reason = "the table belongs to the output")]
fn container_processes_have_no_privileges() {
    let scenario = scenario("inside");
    scenario.succeed(&["up"]);
    for service in SERVICES {
        let (_, status) = inside(&scenario, service, None, &["cat", "/proc/1/status"]);
        let status: BTreeMap<&str, &str> = status
            .lines()
            .filter_map(|line| line.split_once(':'))
            .map(|(key, value)| (key, value.trim()))
            .collect();
        for set in ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"] {
            assert_eq!(status[set], "0000000000000000", "{service}: {set}");
        }
        assert_eq!(status["NoNewPrivs"], "1", "{service}");
        assert_eq!(status["Seccomp"], "2", "{service}: system calls are not filtered");
        assert!(!status["Uid"].split_whitespace().any(|id| id == "0"), "{service}: {}", status["Uid"]);
        // Not even root can write to the read-only root folder.
        let (wrote, printed) = inside(&scenario, service, Some("0"), &["touch", "/left-behind"]);
        assert!(!wrote && printed.contains("Read-only file system"), "{service}: {printed}");
        for socket in SOCKETS {
            let (is_open, _) = inside(&scenario, service, None, &["test", "-w", socket]);
            assert!(!is_open, "{service} can access the engine at {socket}");
        }
        println!(
            "{service}: uid {} CapBnd {} threads {}",
            status["Uid"], status["CapBnd"], status["Threads"]
        );
    }
    let folder = scenario.stack();
    let (wrote, printed) =
        inside(&scenario, "node-exporter", Some("0"), &["mkdir", &format!("/rootfs/tmp/{folder}")]);
    assert!(!wrote && printed.contains("Read-only file system"), "the host's files are writable: {printed}");
}

#[test]
fn prometheus_port_rejects_stop_reload_and_admin() {
    let scenario = scenario("quit");
    scenario.succeed(&["up"]);
    let before = (scenario.ids(), scenario.started());
    for method in ["POST", "PUT", "GET"] {
        for path in ["/-/quit", "/-/reload"] {
            let answer = http::request(method, &format!("{}{path}", scenario.url("prometheus")), None, None);
            assert!([403, 405].contains(&answer.status), "{method} {path}: {answer:?}");
            assert!(method == "GET" || answer.status == 403, "{method} {path}: {answer:?}");
        }
    }
    for path in ["delete_series?match[]=up", "clean_tombstones", "snapshot"] {
        let url = format!("{}/api/v1/admin/tsdb/{path}", scenario.url("prometheus"));
        let answer = http::request("POST", &url, None, None);
        assert!(answer.text.contains("admin APIs disabled"), "{path}: {answer:?}");
    }
    assert_eq!(http::get(&format!("{}/-/ready", scenario.url("prometheus"))).status, 200);
    assert_eq!((scenario.ids(), scenario.started()), before);
    assert_eq!(scenario.inspect("prometheus")["RestartCount"], 0);
}
