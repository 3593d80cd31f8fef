//! The `tdd-stack` program.

fn main() -> std::process::ExitCode {
    tdd_stack::main()
}
