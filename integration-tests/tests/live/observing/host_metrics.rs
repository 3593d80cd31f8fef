//! node-exporter shows the host's memory, file systems and name, and nothing about its container.

use std::process::Command;

use integration_tests::http;
use integration_tests::scenario::{Scenario, eventually};
use integration_tests::second_engine::SecondEngine;

use crate::scenario;

/// The label with the option that the engine rejected.
const WITHOUT: &str = "tdd-stack.without";

fn metrics(scenario: &Scenario) -> Vec<String> {
    let answer = http::get(&format!("{}/metrics", scenario.url("node-exporter")));
    assert_eq!(answer.status, 200);
    answer.text.lines().filter(|line| !line.starts_with('#')).map(ToString::to_string).collect()
}

/// Returns the value of the only series whose line contains all these parts.
fn value(metrics: &[String], parts: &[&str]) -> Option<f64> {
    let mut found = metrics.iter().filter(|line| parts.iter().all(|part| line.contains(part)));
    let line = found.next()?;
    assert_eq!(found.next(), None, "{parts:?} is not one series");
    line.rsplit_once(' ')?.1.parse().ok()
}

/// Returns the output of a command on this machine.
fn here(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().expect("the command starts");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn number(text: &str) -> f64 {
    text.trim().parse().unwrap_or_else(|_| panic!("`{text}` is not a number"))
}

#[test]
fn host_memory_and_file_systems_are_shown_without_network() {
    let scenario = scenario("host");
    scenario.succeed(&["up"]);
    let metrics = metrics(&scenario);
    let memory = std::fs::read_to_string("/proc/meminfo").unwrap();
    let total = memory.lines().find_map(|line| line.strip_prefix("MemTotal:")).unwrap();
    let total = number(total.trim_end_matches("kB")) * 1024.0;
    assert_eq!(value(&metrics, &["node_memory_MemTotal_bytes "]), Some(total), "not the container's limit");
    let size = here("df", &["--block-size=1", "--output=size", "/"]);
    let size = number(size.lines().last().unwrap());
    assert_eq!(value(&metrics, &["node_filesystem_size_bytes{", "mountpoint=\"/\""]), Some(size));
    let inodes = here("df", &["--output=itotal", "/"]);
    let inodes = number(inodes.lines().last().unwrap());
    assert_eq!(value(&metrics, &["node_filesystem_files{", "mountpoint=\"/\""]), Some(inodes));
    // N3: these metrics would describe the container's network.
    let foreign = ["network_", "netstat_", "sockstat_", "arp_", "softnet_", "udp_", "nf_conntrack_"];
    let foreign: Vec<&String> = metrics
        .iter()
        .filter(|line| foreign.iter().any(|name| line.starts_with(&format!("node_{name}"))))
        .collect();
    assert!(foreign.is_empty(), "{foreign:#?}");
    // N4.
    let name = format!("nodename=\"{}\"", scenario.container("node-exporter"));
    assert_eq!(value(&metrics, &["node_uname_info{", &name]), Some(1.0));
    // N6: file systems that the engine mounts for containers are excluded.
    let hidden = ["/dev", "/proc", "/sys", "/var/lib/docker/", "/run/credentials"];
    let shown: Vec<&String> = metrics
        .iter()
        .filter(|line| line.starts_with("node_filesystem_size_bytes"))
        .filter(|line| hidden.iter().any(|path| line.contains(&format!("mountpoint=\"{path}"))))
        .collect();
    assert!(shown.is_empty(), "{shown:#?}");
    // N7: the engine does not expand dollar signs.
    let arguments = scenario.inspect("node-exporter")["Args"].to_string();
    assert!(arguments.contains("($|/)") && !arguments.contains("$$"), "{arguments}");
}

#[test]
fn udev_records_of_the_host_are_used() {
    let scenario = scenario("udev");
    scenario.succeed(&["up"]);
    metrics(&scenario);
    let arguments = scenario.inspect("node-exporter")["Args"].to_string();
    assert!(arguments.contains("--path.udev.data=/rootfs/run/udev/data"), "{arguments}");
    // N5: a host without udev records may log that it has none.
    let log = scenario.succeed(&["logs", "node-exporter"]).stdout;
    let has_records = std::path::Path::new("/run/udev/data").is_dir();
    assert!(!(has_records && log.contains("disabling udev")), "{log}");
    assert!(!log.contains("path=/run/udev/data"), "{log}");
}

#[test]
fn shipped_readme_explains_memory_on_docker_desktop() {
    let scenario = scenario("text");
    scenario.succeed(&["init"]);
    // N8.
    let text = std::fs::read_to_string(scenario.file("README.md")).unwrap();
    let lines = text.lines().filter(|line| line.contains("`memory_usage_percent`"));
    let lines: Vec<&str> = lines.filter(|line| line.contains("Docker Desktop")).collect();
    assert_eq!(lines.len(), 1, "{text}");
}

#[test]
fn status_reports_rslave_only_when_it_is_missing() {
    let scenario = scenario("private");
    scenario.succeed(&["up"]);
    let inspected = scenario.inspect("node-exporter");
    let refused =
        inspected["Config"]["Labels"][WITHOUT].as_str().is_some_and(|label| label.contains("rslave"));
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").unwrap();
    let root = mounts.lines().find(|line| line.split(' ').nth(4) == Some("/")).unwrap();
    // N2: the engine of this machine decides which case applies.
    assert_eq!(refused, !root.contains(" shared:"), "{root}");
    let status = scenario.run(&["status", "--verbose"]);
    assert_eq!(status.stdout.contains("rslave"), refused, "{}", status.stdout);
}

#[test]
fn later_mount_has_its_real_size() {
    let engine = SecondEngine::start();
    let scenario = Scenario::on(&engine, env!("CARGO_BIN_EXE_tdd-stack-under-test"), "shared");
    scenario.succeed(&["up"]);
    let inspected = scenario.inspect("node-exporter");
    assert_eq!(inspected["Config"]["Labels"][WITHOUT], serde_json::Value::Null);
    // N1: mount points come from the machine's first process, sizes from the engine's mount namespace.
    let listed = Mounted::on(&scenario.folder().display().to_string());
    engine.run_on_its_host(&["mount", "-t", "tmpfs", "-o", "size=7m", "later", &listed.folder]);
    let mountpoint = format!("mountpoint=\"{}\"", listed.folder);
    let size = || value(&metrics(&scenario), &["node_filesystem_size_bytes{", &mountpoint]);
    eventually("the new mount has its own size", size, |size| *size == Some(7.0 * 1024.0 * 1024.0));
}

/// A small file system on this machine that is unmounted on drop.
struct Mounted {
    folder: String,
}

impl Mounted {
    fn on(folder: &str) -> Self {
        let status = Command::new("mount").args(["-t", "tmpfs", "-o", "size=5m", "later", folder]).status();
        assert!(status.is_ok_and(|status| status.success()), "{folder} cannot be mounted on");
        Self { folder: folder.into() }
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        here("umount", &[&self.folder]);
    }
}

#[test]
fn scrapes_and_probes_cause_no_log_errors() {
    let scenario = scenario("host-log");
    scenario.succeed(&["up"]);
    for _ in 0..3 {
        // A complete scrape as Prometheus makes it; each `status` probes without reading metrics.
        metrics(&scenario);
        scenario.run(&["status"]);
    }
    let log = scenario.succeed(&["logs"]).stdout;
    let of_it: Vec<&str> = log.lines().filter(|line| line.starts_with("node-exporter ")).collect();
    assert!(of_it.iter().any(|line| line.contains("Listening on")), "{of_it:#?}");
    // On a machine without udev, node-exporter logs this once at its start.
    let at_start = "disabling udev device properties";
    let errors = of_it.iter().filter(|line| line.contains("level=ERROR") && !line.contains(at_start));
    assert_eq!(errors.collect::<Vec<_>>(), [&""; 0]);
}
