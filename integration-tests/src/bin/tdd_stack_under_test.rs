//! The twin of the `tdd-stack` program, which the tests of this crate can run.

fn main() -> std::process::ExitCode {
    tdd_stack::main()
}
