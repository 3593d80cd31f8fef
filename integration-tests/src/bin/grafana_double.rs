//! The `grafana-double` program.

fn main() -> std::process::ExitCode {
    integration_tests::grafana_double::main()
}
