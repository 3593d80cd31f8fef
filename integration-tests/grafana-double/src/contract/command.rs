//! The `grafana-contract` program, which checks a running Grafana.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program that prints its result")]

use std::process::ExitCode;

use clap::Parser;

use super::answer::Violation;
use super::grafana::{Grafana, Target};
use super::{ASSERTIONS, Needs};

/// Check a running Grafana against the contract that tdd-stack relies on
///
/// Creates and removes data sources, folders and dashboards whose names begin with `contract-`, and changes the
/// password twice. One wrong password is tried, and counts.
#[derive(Debug, Parser)]
#[command(name = "grafana-contract", version)]
struct Flags {
    /// Address of the Grafana
    #[arg(long, env = "GRAFANA_CONTRACT_URL", default_value = "http://127.0.0.1:3000")]
    url: String,
    /// Name of a server administrator
    #[arg(long, env = "GRAFANA_CONTRACT_USER", default_value = "admin")]
    user: String,
    /// Password of the administrator
    #[arg(long, env = "GRAFANA_CONTRACT_PASSWORD", hide_env_values = true)]
    password: String,
    /// Address of a Prometheus, as seen by the Grafana
    #[arg(long, env = "GRAFANA_CONTRACT_PROMETHEUS")]
    prometheus: Option<String>,
    /// Uid of a data source from a file
    #[arg(long, env = "GRAFANA_CONTRACT_READ_ONLY_DATA_SOURCE")]
    read_only_data_source: Option<String>,
    /// Uid of a dashboard from a file
    #[arg(long, env = "GRAFANA_CONTRACT_PROVISIONED_DASHBOARD")]
    provisioned_dashboard: Option<String>,
    /// Lock the administrator's name at the end, for five minutes
    #[arg(long)]
    lock_out: bool,
}

/// Checks every assertion that is possible, prints a line for each, and returns 1 if one does not hold.
pub fn main() -> ExitCode {
    let flags = Flags::parse();
    let target = Target {
        base: flags.url.trim_end_matches('/').to_string(),
        user: flags.user,
        password: flags.password,
        prometheus: flags.prometheus,
        read_only_data_source: flags.read_only_data_source,
        provisioned_dashboard: flags.provisioned_dashboard,
        may_lock_out: flags.lock_out,
        flavour: None,
    };
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error.to_string()),
    };
    match runtime.block_on(check_all(target)) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(n_violated) => failed(&format!("{n_violated} assertions do not hold")),
        Err(violation) => failed(&violation.to_string()),
    }
}

async fn check_all(target: Target) -> Result<usize, Violation> {
    let grafana = Grafana::new(target)?;
    // A wrong password ends the check, because each assertion would repeat it.
    grafana.get("/api/org").await?.has_status(200)?;
    let mut n_violated = 0;
    for assertion in ASSERTIONS {
        let said = format!("{:>2} {}", assertion.number, assertion.title);
        if !assertion.can_be_checked(&grafana.target) {
            println!("not checked  {said}: {}", needed(assertion.needs));
            continue;
        }
        match assertion.check(&grafana).await {
            Ok(()) => println!("holds        {said}"),
            Err(violation) => {
                n_violated += 1;
                println!("VIOLATED     {said}: {violation}");
            }
        }
    }
    println!("not checked   1, 3, 10: they need a hand on the process");
    Ok(n_violated)
}

fn needed(needs: Needs) -> &'static str {
    match needs {
        Needs::Nothing => "nothing is missing",
        Needs::Prometheus => "`--prometheus` is not given",
        Needs::ReadOnlyDataSource => "`--read-only-data-source` is not given",
        Needs::ProvisionedDashboard => "`--provisioned-dashboard` is not given",
        Needs::LockOut => "`--lock-out` is not given",
    }
}

fn failed(reason: &str) -> ExitCode {
    eprintln!("error: {reason}");
    ExitCode::FAILURE
}
