//! The `grafana-double` program.

fn main() -> std::process::ExitCode {
    grafana_double::main()
}
