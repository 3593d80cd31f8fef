//! The program that checks any Grafana.

use std::process::{Command, Output};

use grafana_double::Flavour;

use crate::setting::{PASSWORD, Setting};

async fn check(variables: Vec<(&'static str, String)>, arguments: &'static [&'static str]) -> Output {
    let run = move || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_grafana-contract"));
        command.env_clear().envs(variables).args(arguments).output().unwrap()
    };
    // The fake Prometheus runs on this runtime, so the wait must not block it.
    tokio::task::spawn_blocking(run).await.unwrap()
}

#[tokio::test]
async fn command_checks_a_grafana_by_its_address() {
    for flavour in Flavour::ALL {
        let setting = Setting::new(flavour).await;
        let variables = vec![
            ("GRAFANA_CONTRACT_URL", setting.double.base().to_string()),
            ("GRAFANA_CONTRACT_PASSWORD", PASSWORD.to_string()),
            ("GRAFANA_CONTRACT_PROMETHEUS", setting.prometheus.url.clone()),
        ];
        let output = check(variables, &["--lock-out", "--read-only-data-source", "from-file"]).await;
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(0), "{text}");
        assert_eq!(text.matches("holds  ").count(), 36, "{text}");
        assert!(
            text.contains("not checked  36") && text.contains("`--provisioned-dashboard` is not given"),
            "{text}"
        );
    }
}

#[tokio::test]
async fn wrong_password_ends_the_check_after_one_try() {
    let mut setting = Setting::new(Flavour::Classic).await;
    let variables = vec![
        ("GRAFANA_CONTRACT_URL", setting.double.base().to_string()),
        ("GRAFANA_CONTRACT_PASSWORD", "wrong".to_string()),
    ];
    let output = check(variables, &[]).await;
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains("Invalid username or password"), "{text}");
    // The log is complete only after the exit.
    setting.double.stop().unwrap();
    assert_eq!(setting.double.log().matches("status=401").count(), 1);
}

#[tokio::test]
async fn other_server_fails_the_check() {
    let setting = Setting::new(Flavour::Classic).await;
    let variables = vec![
        ("GRAFANA_CONTRACT_URL", setting.prometheus.url.clone()),
        ("GRAFANA_CONTRACT_PASSWORD", PASSWORD.to_string()),
    ];
    assert_eq!(check(variables, &[]).await.status.code(), Some(1));
}
