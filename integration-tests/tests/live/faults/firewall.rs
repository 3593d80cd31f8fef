//! A firewall that blocks traffic between the containers of a stack.

use std::process::Command;

use crate::scenario;

/// A rule of the machine's packet filter for one bridge, removed on drop.
struct Rule(Vec<String>);

impl Rule {
    /// Drops packets between the containers of a bridge.
    fn dropping(bridge: &str) -> Self {
        let rule = ["-i", bridge, "-o", bridge, "-j", "DROP"].map(String::from).to_vec();
        assert!(run("-I", &rule), "iptables rejects the rule");
        Self(rule)
    }
}

impl Drop for Rule {
    fn drop(&mut self) {
        run("-D", &self.0);
    }
}

fn run(verb: &str, rule: &[String]) -> bool {
    let command = Command::new("iptables").args(["--wait", verb, "FORWARD"]).args(rule).status();
    command.is_ok_and(|status| status.success())
}

#[test]
fn up_and_doctor_report_a_firewall_between_containers() {
    let scenario = scenario("firewall");
    scenario.succeed(&["up"]);
    let network = format!("{}-monitoring", scenario.stack());
    let id = scenario.docker(&["network", "inspect", "--format", "{{.Id}}", &network]);
    let bridge = format!("br-{}", &id[..12]);
    let rule = Rule::dropping(&bridge);
    scenario.docker(&["restart", "--time", "1", &scenario.container("prometheus")]);
    scenario.docker(&["stop", &scenario.container("alertmanager")]);
    let fix = format!("sudo iptables -I FORWARD -i {bridge} -o {bridge} -j ACCEPT");
    scenario.run(&["up"]).exits(1).says("firewall (iptables)").says("download timed out").says(&fix);
    let doctor = scenario.run(&["doctor", "--output", "json"]);
    doctor.exits(1);
    let findings = doctor.json()["findings"].as_array().cloned().unwrap_or_default();
    let found: Vec<_> = findings.iter().filter(|finding| finding["check"] == "network").collect();
    assert_eq!(found.len(), 1, "{findings:#?}");
    assert!(found[0]["fix"].as_str().is_some_and(|found| found.contains(&fix)), "{found:?}");
    drop(rule);
    scenario.docker(&["stop", &scenario.container("alertmanager")]);
    scenario.succeed(&["up"]);
}
