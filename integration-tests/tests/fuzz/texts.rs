//! Files that a user edits, and the output of the tools that check them.

use std::path::Path;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use tdd_stack::config::check_output::{self, CheckOutput, Checked};
use tdd_stack::config::dashboard;
use tdd_stack::config::settings::{Layer, Settings};
use tdd_stack::config::tuning::{self, DrillPorts};
use tdd_stack::config::validate::{self, Shape};
use tdd_stack::model::observed::{Author, DiskFile, Observed};
use tdd_stack::model::sanitize;
use tdd_stack::model::stack::Stack;
use tdd_stack::plan::{self, Request, VerifyTime};
use tdd_stack::{doctor, services};

use super::{is_reported, mutate, target};

const SETTINGS: &str = "stack: demo\nhost: tcp://10.0.0.1:2375\nregistry: mirror.example:5000\nimage:\n  grafana: a/b:1\nport:\n  \
                        grafana: 3001\n  prometheus: auto\nbind: 127.0.0.2\napp-host: network\nenvironment: test\n\
                        grafana-password: secret\noutput: json\nprogress: plain\n";

fn stack() -> Stack {
    let settings = Settings::resolve(Layer::default(), &services::names()).expect("the defaults are valid");
    services::assemble(&settings)
}

fn shipped(ending: &str) -> Vec<String> {
    let stack = stack();
    let files = stack.files.iter().filter(|file| file.name.ends_with(ending));
    files.map(|file| file.content.clone().into_owned()).collect()
}

fn yaml() -> BoxedStrategy<String> {
    let shipped: Vec<String> = shipped(".yml").into_iter().chain(shipped(".yaml")).collect();
    mutate::text(shipped.iter().map(String::as_str))
}

#[test]
fn any_settings_are_read_or_rejected() {
    target(
        "settings",
        3000,
        mutate::text([SETTINGS, "", "# nothing\n", "port: {grafana: auto}\n"]),
        |text| {
            let layer = Layer::from_yaml(&text, Path::new("tdd-stack.yaml"), &services::names());
            match layer.and_then(|layer| Settings::resolve(layer, &services::names())) {
                Ok(settings) => prop_assert!(!services::assemble(&settings).name.is_empty()),
                Err(error) => {
                    is_reported(&error)?;
                    prop_assert_eq!(error.exit_code(), 2);
                }
            }
            Ok(())
        },
    );
}

#[test]
fn written_settings_are_read_back() {
    let port = prop_oneof![(1..=u16::MAX).prop_map(|port| port.to_string()), Just("auto".into())];
    let good = ("[a-z0-9][a-z0-9_-]{0,40}", select(services::names()), port, ".{0,30}");
    target("settings-back", 1000, good, |(stack, service, port, environment)| {
        let written =
            serde_json::json!({"stack": stack, "port": {service: port}, "environment": environment});
        let text = serde_yaml::to_string(&written).expect("it is writable");
        let layer = Layer::from_yaml(&text, Path::new("tdd-stack.yaml"), &services::names());
        let layer = layer.map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(layer.stack, Some(stack));
        prop_assert_eq!(layer.environment, Some(environment));
        prop_assert_eq!(String::from(layer.port[service]), port);
        Ok(())
    });
}

#[test]
fn accepted_contents_are_parsed_without_panic() {
    target("contents", 1500, (yaml(), any::<bool>()), |(text, is_json)| {
        let found = if is_json { validate::json(&text) } else { validate::yaml(&text) };
        match found {
            Err(fault) => prop_assert!(!fault.reason.trim().is_empty()),
            Ok(Shape::Empty) => {}
            Ok(Shape::Filled) if is_json => drop(serde_json::from_str::<serde_json::Value>(&text)),
            // The program reads accepted content in full.
            Ok(Shape::Filled) => {
                drop(serde_yaml::from_str::<serde_yaml::Value>(validate::strip_bom(&text)));
            }
        }
        Ok(())
    });
}

#[test]
fn any_dashboard_is_parsed_or_rejected_with_reasons() {
    let shipped = shipped(".json");
    let bytes: Vec<Vec<u8>> = shipped.iter().map(|text| text.as_bytes().to_vec()).collect();
    let grafted = mutate::json_bytes(bytes).prop_map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let text = prop_oneof![grafted, mutate::text(shipped.iter().map(String::as_str))];
    target("dashboard", 1500, text, |text| {
        match dashboard::parse(&text, "tdd-main") {
            Ok(body) => {
                dashboard::panels(&body);
                prop_assert_eq!(dashboard::parse(&body.to_string(), "tdd-main"), Ok(body));
            }
            Err(faults) => {
                prop_assert!(!faults.is_empty() && faults.iter().all(|fault| !fault.reason.is_empty()));
            }
        }
        Ok(())
    });
}

#[test]
fn tuned_files_are_valid_yaml_or_rejected() {
    let stage = DrillPorts { health: 1, metrics: 2 };
    target("overlay", 800, (yaml(), 1..100_u32), |(text, factor)| {
        if validate::yaml(&text) != Ok(Shape::Filled) {
            return Ok(());
        }
        let files = vec![("a.yml".to_string(), text)];
        for made in
            [tuning::start_up(&files), tuning::drill(&files, factor), tuning::drill_files(&files, stage)]
        {
            match made {
                Ok(made) => {
                    let read = serde_yaml::from_str::<serde_yaml::Value>(&made[0].1);
                    prop_assert!(read.is_ok(), "{:?}: {}", read, made[0].1);
                }
                Err(error) => prop_assert!(error.to_string().contains("a.yml")),
            }
        }
        Ok(())
    });
}

#[test]
fn doctor_reads_any_configuration() {
    target("doctor-files", 1500, yaml(), |text| {
        doctor::targets(&text);
        doctor::receivers(&text);
        validate::fault("a.yml", &text);
        Ok(())
    });
}

#[test]
fn any_edited_file_gives_a_plan_or_fault() {
    let stack = stack();
    let editable: Vec<(&'static str, String)> =
        stack.files.iter().map(|file| (file.name, file.content.clone().into_owned())).collect();
    let all: Vec<String> = editable.iter().map(|(_, text)| text.clone()).collect();
    let edited = (select(editable), mutate::text(all.iter().map(String::as_str)), any::<bool>());
    target("plan", 300, edited, |((name, _), content, proof)| {
        let mut observed = Observed::default();
        observed.disk.insert(name.into(), DiskFile { content, author: Author::User });
        let proof = if proof { VerifyTime::Now } else { VerifyTime::Later };
        match plan::up(&stack, &observed, Request { proof, ..Request::default() }) {
            Ok(plan) => prop_assert!(!plan.to_string().is_empty()),
            Err(error) => {
                is_reported(&error)?;
                prop_assert!(error.to_string().contains(name), "{}", error);
            }
        }
        Ok(())
    });
}

#[test]
fn failed_check_has_faults_for_any_output() {
    let said = [
        "Checking /etc/prometheus/alerts.yml",
        "  FAILED:",
        "  SUCCESS: 1 rules found",
        "/etc/prometheus/alerts.yml: 5:15: group \"g\", rule 1, \"X\": could not parse expression: 1:5: parse error",
        "  FAILED: parsing YAML file /etc/prometheus/prometheus.yml: yaml: unmarshal errors:",
        "  line 2: field scrape_intervall not found in type config.plain",
        "    expr: \"up\", time: 1m,",
        "        exp: {} 2E+00",
        "Checking '/etc/prometheus/prometheus.yml'  FAILED: yaml: line 1: did not find expected ',' or '}'",
        "panic: runtime error",
    ];
    let lines = vec(mutate::text(said), 0..12);
    let files = [
        ("prometheus.yml".to_string(), "a: 1\n".to_string()),
        ("alerts.yml".to_string(), "x\n\"g\"\n".to_string()),
    ];
    target("check-output", 4000, (lines, -1..4_i64), |(lines, exit_code)| {
        let checked = Checked {
            folder: "/etc/prometheus",
            seen_as: Path::new("config"),
            files: &files,
            main_file: "prometheus.yml",
        };
        let faults = check_output::faults(&CheckOutput { exit_code, lines }, checked);
        prop_assert_eq!(faults.is_empty(), exit_code == 0);
        Ok(())
    });
}

#[test]
fn printed_text_has_no_control_characters() {
    target("printable", 3000, any::<String>(), |text| {
        let acts = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
        prop_assert!(!sanitize::text(&text).contains(acts));
        prop_assert!(!sanitize::line(&text).contains(char::is_control));
        let json = serde_json::json!({"a": text}).to_string();
        let read: serde_json::Value =
            serde_json::from_str(&sanitize::text(&json)).expect("it is still valid JSON");
        prop_assert_eq!(&read["a"], &text);
        Ok(())
    });
}
