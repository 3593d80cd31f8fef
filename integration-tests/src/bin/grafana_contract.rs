//! The `grafana-contract` program.

fn main() -> std::process::ExitCode {
    integration_tests::grafana_contract::main()
}
