//! Faulty user files and folders: exit code, message, fix and remaining files.

mod clock;
mod contents;
mod disk;
mod links;
mod names;
mod terminal;
mod writers;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use integration_tests::cli::{Output, TddStack};
use integration_tests::scene::Scene;

/// Returns every file of a folder by name, links as their targets; nothing if the folder is missing.
fn listing(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let Ok(entries) = fs::read_dir(folder) else { return BTreeMap::new() };
    let content = |path: &Path| match fs::read_link(path) {
        Ok(target) => format!("link to {}", target.display()).into_bytes(),
        Err(_) if path.is_file() => fs::read(path).expect("it is readable"),
        Err(_) => b"no file".to_vec(),
    };
    let entry = |entry: std::io::Result<fs::DirEntry>| {
        let path = entry.expect("the folder is readable").path();
        (path.file_name().expect("the path has a file name").to_string_lossy().into_owned(), content(&path))
    };
    entries.map(entry).collect()
}

/// Prints a row of the table of faults, which `--nocapture` shows.
#[expect(clippy::print_stdout, reason = "a table for people")]
fn print_row(case: &str, output: &Output) {
    let lines = output.stderr.lines().filter(|line| !line.contains("failed: ")).map(str::trim);
    println!("{case} | {} | {}", output.code, lines.collect::<Vec<_>>().join(" · "));
}

/// Returns a run of the program from a shell script that has the command line in `"$@"`.
fn within<const N: usize>(scene: &Scene, script: &str, arguments: [&str; N]) -> TddStack {
    let run = scene.tdd_stack(arguments);
    let (program, arguments) = run.command_line();
    let mut shell =
        TddStack::new("sh").args(["-euc", script, "sh"]).args([program.as_os_str()]).args(arguments);
    for (name, value) in run.environment() {
        shell = shell.env(&name, value);
    }
    shell
}
