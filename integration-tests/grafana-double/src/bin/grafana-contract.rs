//! The `grafana-contract` program.

fn main() -> std::process::ExitCode {
    grafana_double::contract::main()
}
