//! node-exporter shows the host: its memory, its file systems, its name; and nothing of its own container.

use std::process::Command;

use integration_tests::http;
use integration_tests::scenario::{Scenario, eventually};
use integration_tests::second_engine::SecondEngine;

use crate::scenario;

/// The label that says what the engine refused.
const WITHOUT: &str = "tdd-stack.without";

fn metrics(scenario: &Scenario) -> Vec<String> {
    let answer = http::get(&format!("{}/metrics", scenario.url("node-exporter")));
    assert_eq!(answer.status, 200);
    answer.text.lines().filter(|line| !line.starts_with('#')).map(ToString::to_string).collect()
}

/// Returns the value of the one series whose line has all these parts.
fn value(metrics: &[String], parts: &[&str]) -> Option<f64> {
    let mut found = metrics.iter().filter(|line| parts.iter().all(|part| line.contains(part)));
    let line = found.next()?;
    assert_eq!(found.next(), None, "{parts:?} is not one series");
    line.rsplit_once(' ')?.1.parse().ok()
}

/// Returns what a command prints on this machine.
fn here(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().expect("the command can be run");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn number(text: &str) -> f64 {
    text.trim().parse().unwrap_or_else(|_| panic!("`{text}` is no number"))
}

#[test]
fn memory_and_file_systems_are_the_hosts_and_network_counters_are_nobodys() {
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
    // N3: these would be the container's.
    let foreign = ["network_", "netstat_", "sockstat_", "arp_", "softnet_", "udp_", "nf_conntrack_"];
    let foreign: Vec<&String> = metrics
        .iter()
        .filter(|line| foreign.iter().any(|name| line.starts_with(&format!("node_{name}"))))
        .collect();
    assert!(foreign.is_empty(), "{foreign:#?}");
    // N4.
    let name = format!("nodename=\"{}\"", scenario.container("node-exporter"));
    assert_eq!(value(&metrics, &["node_uname_info{", &name]), Some(1.0));
    // N6: what the engine mounts for its containers is no file system of the host.
    let hidden = ["/dev", "/proc", "/sys", "/var/lib/docker/", "/run/credentials"];
    let shown: Vec<&String> = metrics
        .iter()
        .filter(|line| line.starts_with("node_filesystem_size_bytes"))
        .filter(|line| hidden.iter().any(|path| line.contains(&format!("mountpoint=\"{path}"))))
        .collect();
    assert!(shown.is_empty(), "{shown:#?}");
    // N7: the engine takes a dollar sign as it is.
    let arguments = scenario.inspect("node-exporter")["Args"].to_string();
    assert!(arguments.contains("($|/)") && !arguments.contains("$$"), "{arguments}");
}

#[test]
fn disks_are_described_by_the_hosts_records() {
    let scenario = scenario("udev");
    scenario.succeed(&["up"]);
    metrics(&scenario);
    let arguments = scenario.inspect("node-exporter")["Args"].to_string();
    assert!(arguments.contains("--path.udev.data=/rootfs/run/udev/data"), "{arguments}");
    // N5: only a host without such records may be said to have none.
    let log = scenario.succeed(&["logs", "node-exporter"]).stdout;
    let has_records = std::path::Path::new("/run/udev/data").is_dir();
    assert!(!(has_records && log.contains("disabling udev")), "{log}");
    assert!(!log.contains("path=/run/udev/data"), "{log}");
}

#[test]
fn the_text_about_memory_says_which_machine_is_measured() {
    let scenario = scenario("text");
    scenario.succeed(&["init"]);
    // N8.
    let text = std::fs::read_to_string(scenario.file("README.md")).unwrap();
    let lines = text.lines().filter(|line| line.contains("`memory_usage_percent`"));
    let lines: Vec<&str> = lines.filter(|line| line.contains("Docker Desktop")).collect();
    assert_eq!(lines.len(), 1, "{text}");
}

#[test]
fn a_host_that_does_not_share_its_root_is_told_what_is_not_seen() {
    let scenario = scenario("private");
    scenario.succeed(&["up"]);
    let inspected = scenario.inspect("node-exporter");
    let refused =
        inspected["Config"]["Labels"][WITHOUT].as_str().is_some_and(|label| label.contains("rslave"));
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").unwrap();
    let root = mounts.lines().find(|line| line.split(' ').nth(4) == Some("/")).unwrap();
    // N2: the engine of this machine decides which of both is shown.
    assert_eq!(refused, !root.contains(" shared:"), "{root}");
    let status = scenario.run(&["status"]);
    assert_eq!(status.stdout.contains("rslave"), refused, "{}", status.stdout);
}

#[test]
fn a_mount_made_after_the_start_shows_its_own_size() {
    let engine = SecondEngine::start();
    let scenario = Scenario::on(&engine, env!("CARGO_BIN_EXE_tdd-stack-under-test"), "shared");
    scenario.succeed(&["up"]);
    let inspected = scenario.inspect("node-exporter");
    assert_eq!(inspected["Config"]["Labels"][WITHOUT], serde_json::Value::Null);
    // N1. The list of mounts is that of the machine's first process, the sizes come from the engine's side.
    let listed = Mounted::on(&scenario.folder().display().to_string());
    engine.run_on_its_host(&["mount", "-t", "tmpfs", "-o", "size=7m", "later", &listed.folder]);
    let mountpoint = format!("mountpoint=\"{}\"", listed.folder);
    let size = || value(&metrics(&scenario), &["node_filesystem_size_bytes{", &mountpoint]);
    eventually("the new mount has its own size", size, |size| *size == Some(7.0 * 1024.0 * 1024.0));
}

/// A small file system on this machine, for the time of a test.
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
fn node_exporter_logs_no_error_of_scrapes_and_probes() {
    let scenario = scenario("host-log");
    scenario.succeed(&["up"]);
    for _ in 0..3 {
        // Each is a whole scrape, as Prometheus makes them; each status is a probe that reads no page to its end.
        metrics(&scenario);
        scenario.run(&["status"]);
    }
    let log = scenario.succeed(&["logs"]).stdout;
    let of_it: Vec<&str> = log.lines().filter(|line| line.starts_with("node-exporter ")).collect();
    assert!(of_it.iter().any(|line| line.contains("Listening on")), "{of_it:#?}");
    // A machine without udev is told once, at the start.
    let at_start = "disabling udev device properties";
    let errors = of_it.iter().filter(|line| line.contains("level=ERROR") && !line.contains(at_start));
    assert_eq!(errors.collect::<Vec<_>>(), [&""; 0]);
}
