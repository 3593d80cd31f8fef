//! A copy of the `tdd-stack` program that the tests of this crate run.

fn main() -> std::process::ExitCode {
    tdd_stack::main()
}
