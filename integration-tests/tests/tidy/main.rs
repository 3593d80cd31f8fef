//! Rules for every file: size, header, name and dependencies between modules.

mod wording;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use integration_tests::cli::TddStack;
use integration_tests::program;
use tdd_stack::error::exit_code;

/// Maximum number of lines of a file.
const LONGEST: usize = 400;

/// Names that do not describe the purpose of a file.
const EMPTY_NAMES: [&str; 7] = ["utils", "util", "helpers", "helper", "manager", "common", "misc"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate is in the workspace").to_path_buf()
}

/// Returns every file below a folder with its path from the workspace's root.
fn files(folder: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
            let path = entry.expect("the folder is readable").path();
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(text) = fs::read_to_string(&path) {
                let name =
                    path.strip_prefix(root()).expect("the path is below the folder").display().to_string();
                found.push((name, text));
            }
        }
    }
    found.sort();
    found
}

fn rust_files() -> Vec<(String, String)> {
    let all = files("src").into_iter().chain(files("integration-tests"));
    all.filter(|(name, _)| Path::new(name).extension().is_some_and(|extension| extension == "rs")).collect()
}

/// Returns the lines of code, without comments and without the tests at the end of a file.
fn code(text: &str) -> Vec<&str> {
    let tests = text.find("#[cfg(test)]\nmod tests {").unwrap_or(text.len());
    text[..tests].lines().map(str::trim).filter(|line| !line.starts_with("//")).collect()
}

/// Returns every file of the program with its top-level module and its code.
fn parts() -> Vec<(String, String, String)> {
    let part = |(name, text): (String, String)| {
        let inner = name.trim_start_matches("src/").trim_end_matches(".rs");
        let part = inner.split('/').next().unwrap_or_default().to_string();
        (name, part, code(&text).join("\n"))
    };
    files("src").into_iter().map(part).collect()
}

#[test]
fn every_file_is_short_enough() {
    let long: Vec<String> = rust_files()
        .into_iter()
        .map(|(name, text)| (name, text.lines().count()))
        .filter(|(_, lines)| *lines > LONGEST)
        .map(|(name, lines)| format!("{name} has {lines} lines"))
        .collect();
    assert!(long.is_empty(), "more than {LONGEST} lines: {long:#?}");
}

#[test]
fn every_file_has_a_header() {
    let bare: Vec<String> = rust_files()
        .into_iter()
        .filter(|(_, text)| !text.starts_with("//! "))
        .map(|(name, _)| name)
        .collect();
    assert!(bare.is_empty(), "without a header: {bare:#?}");
}

#[test]
fn file_names_are_specific() {
    let is_vague = |name: &String| {
        let path = Path::new(name);
        let parts = path.components().map(|part| part.as_os_str().to_string_lossy().into_owned());
        path.ends_with("mod.rs")
            || parts
                .map(|part| part.trim_end_matches(".rs").to_string())
                .any(|part| EMPTY_NAMES.contains(&part.as_str()))
    };
    let names: Vec<String> = rust_files().into_iter().map(|(name, _)| name).filter(is_vague).collect();
    assert!(names.is_empty(), "{names:#?}");
}

#[test]
fn each_library_is_used_only_in_its_modules() {
    for (library, home) in [
        ("bollard", ["src/engine.rs", "src/engine/"]),
        ("reqwest", ["src/http.rs", "src/http/"]),
        ("indicatif", ["src/output/progress/live.rs", "src/output/progress/live.rs"]),
        ("clap", ["src/cli", "src/commands/"]),
        ("axum", ["src/demo/", "src/demo/"]),
        ("prometheus_client", ["src/demo/metrics.rs", "src/demo/metrics/"]),
    ] {
        let is_home = |name: &str| home.iter().any(|home| name.starts_with(home));
        // Value types derive clap's traits, and `lib.rs` parses the command line.
        let may_derive = |name: &str| {
            library == "clap"
                && ["src/config/settings/values.rs", "src/demo/scenario.rs", "src/lib.rs"].contains(&name)
        };
        let names: Vec<String> = parts()
            .into_iter()
            .filter(|(name, _, code)| {
                code.contains(&format!("{library}::")) && !is_home(name) && !may_derive(name)
            })
            .map(|(name, _, _)| name)
            .collect();
        assert!(names.is_empty(), "{library} is named in {names:#?}");
    }
}

#[test]
fn only_files_modules_write_to_disk() {
    let writing =
        ["fs::write", "create_dir", "fs::remove", "fs::rename", "fs::copy", "File::create", "OpenOptions"];
    let names: Vec<String> = parts()
        .into_iter()
        .filter(|(_, part, code)| part != "files" && writing.iter().any(|words| code.contains(words)))
        .map(|(name, _, _)| name)
        .collect();
    assert!(names.is_empty(), "modules outside `files` write to disk: {names:#?}");
}

/// Files that may read the wall clock, which may jump: to date something or to compute an age.
/// Waits use `Instant`, which is monotonic.
const WALL_CLOCK: [&str; 20] = [
    "src/backup/save.rs",
    "src/commands/alerts.rs",
    "src/commands/logs.rs",
    "src/commands/support_bundle.rs",
    "src/demo/import.rs",
    "src/demo/journal.rs",
    "src/diagnostics.rs",
    "src/diagnostics/bundle.rs",
    "src/engine/archive.rs",
    "src/engine/clock.rs",
    "src/engine/transport.rs",
    "src/files/retention.rs",
    "src/http/alertmanager.rs",
    "src/http/prometheus.rs",
    "src/http/transcript.rs",
    "src/model/alert.rs",
    "src/output/results/status.rs",
    "src/session/diagnostics.rs",
    "src/session/logs.rs",
    "src/session/status.rs",
];

#[test]
fn only_listed_files_read_the_wall_clock() {
    // A file that parses dates has read the wall clock too.
    let is_asking = |code: &str| code.contains("SystemTime") || code.contains("parse_rfc3339");
    let asking: Vec<String> = parts()
        .into_iter()
        .filter(|(name, _, code)| !name.ends_with("tests.rs") && is_asking(code))
        .map(|(name, _, _)| name)
        .collect();
    assert_eq!(asking, WALL_CLOCK);
}

/// Modules by layer; a layer may use only itself and layers above it here. The longest path counts.
const LAYERS: [(&str, &[&str]); 5] = [
    ("values", &["model", "error", "config", "docker", "ports"]),
    ("decisions", &["services", "plan", "status", "doctor", "drill", "backup::format", "config::dashboard"]),
    (
        "effects",
        &[
            "deadline",
            "engine",
            "http",
            "files",
            "context",
            "docker::credentials",
            "execute",
            "observe",
            "verify",
            "doctor::collect",
            "diagnostics",
            "demo",
            "drill::runner",
            "backup",
        ],
    ),
    ("display", &["output"]),
    ("wiring", &["cli", "commands", "session", "lib", "main"]),
];

/// Returns the layer of a module's path such as `doctor::collect::peers`.
fn layer(path: &str) -> Option<usize> {
    let belongs = |module: &str| path == module || path.starts_with(&format!("{module}::"));
    let modules =
        LAYERS.iter().enumerate().flat_map(|(layer, (_, modules))| modules.iter().map(move |m| (m, layer)));
    modules
        .filter(|(module, _)| belongs(module))
        .max_by_key(|(module, _)| module.len())
        .map(|(_, layer)| layer)
}

fn module(name: &str) -> String {
    name.trim_start_matches("src/").trim_end_matches(".rs").replace('/', "::")
}

/// Returns the paths below `crate::` in the code.
fn paths(code: &str) -> BTreeSet<String> {
    let is_path = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    let path =
        |rest: &str| rest.split(|c| !is_path(c)).next().unwrap_or_default().trim_end_matches(':').to_string();
    let mut paths = BTreeSet::new();
    for rest in code.split("crate::").skip(1) {
        let start = path(rest);
        if let Some(group) = rest[start.len()..].strip_prefix("::{") {
            let group = group.split('}').next().unwrap_or_default();
            paths.extend(group.split(',').map(|item| format!("{start}::{}", path(item.trim()))));
        }
        paths.insert(start);
    }
    paths
}

#[test]
fn layers_use_only_layers_above() {
    let (effects, display) = (layer("engine"), layer("output"));
    let mut outward = Vec::new();
    for (name, _, code) in parts() {
        let own = layer(&module(&name));
        for used in paths(&code) {
            // Output uses values and events, never effects.
            let is_outward = layer(&used) > own || (own == display && layer(&used) == effects);
            if is_outward {
                outward.push(format!("{name} uses {used}"));
            }
        }
    }
    assert!(outward.is_empty(), "{outward:#?}");
}

#[test]
fn every_module_has_a_layer() {
    let modules: BTreeSet<String> = parts().into_iter().map(|(name, _, _)| module(&name)).collect();
    let unknown: Vec<&String> = modules.iter().filter(|module| layer(module).is_none()).collect();
    assert!(unknown.is_empty(), "add these modules to `LAYERS`: {unknown:?}");
}

#[test]
fn every_asset_is_embedded() {
    let mut embedded = BTreeSet::new();
    for (name, _, code) in parts().into_iter().filter(|(_, part, _)| part == "services") {
        for path in code.split("include_str!(\"").skip(1).filter_map(|rest| rest.split('"').next()) {
            let folder = Path::new(&name).parent().expect("a file has a folder").display().to_string();
            let up = path.matches("../").count();
            let kept: Vec<&str> = folder.split('/').collect();
            assert!(up <= kept.len(), "{name}: {path}");
            embedded.insert(
                [&kept[..kept.len() - up].join("/"), path.trim_start_matches("../")]
                    .join("/")
                    .trim_start_matches('/')
                    .to_string(),
            );
        }
    }
    let there: BTreeSet<String> = files("assets").into_iter().map(|(name, _)| name).collect();
    assert_eq!(there, embedded);
}

#[test]
fn no_asset_is_empty() {
    let empty: Vec<String> = files("assets")
        .into_iter()
        .filter(|(_, text)| text.trim().is_empty())
        .map(|(name, _)| name)
        .collect();
    assert!(empty.is_empty(), "{empty:#?}");
}

fn readme() -> String {
    fs::read_to_string(root().join("README.md")).expect("README.md exists")
}

fn help() -> String {
    TddStack::new(program!()).args(["--help"]).run().exits(0).stdout.clone()
}

/// Returns the exit codes on the first help page.
fn exit_codes() -> Vec<String> {
    let page = help();
    let (_, list) = page.split_once("Exit codes:").expect("the help page lists exit codes");
    let codes = list.lines().filter_map(|line| line.split_whitespace().next().map(String::from));
    codes.filter(|word| word.chars().all(|c| c.is_ascii_digit())).collect()
}

#[test]
fn help_and_readme_list_every_exit_code() {
    let codes = exit_codes();
    assert_eq!(codes, exit_code::ALL.map(|(code, _)| code.to_string()));
    let readme = readme();
    for code in codes {
        let mut lines = readme.lines().map(|line| line.trim_start_matches(['|', ' ', '`', '-', '*']));
        let is_listed = |line: &str| {
            let rest = line.strip_prefix(&code);
            rest.is_some_and(|rest| rest.starts_with(['|', ' ', '`', ':', '*']))
        };
        assert!(lines.any(is_listed), "README.md does not list exit code {code}");
    }
}

#[test]
fn readme_lists_every_verb_and_global_flag() {
    let readme = readme();
    let page = help();
    let (_, verbs) = page.split_once("Commands:").expect("the help page lists commands");
    // Continuation lines are indented further.
    let verbs =
        verbs.lines().skip(1).take_while(|line| !line.is_empty()).filter(|line| !line.starts_with("   "));
    let verbs: Vec<&str> =
        verbs.filter_map(|line| line.split_whitespace().next()).filter(|verb| *verb != "help").collect();
    assert_eq!(verbs.len(), 16, "{verbs:?}");
    for verb in verbs {
        assert!(readme.contains(&format!("tdd-stack {verb}")), "README.md does not list `{verb}`");
    }
    let (_, flags) = page.split_once("Global options:").expect("the help page lists global options");
    let flags = flags.lines().filter_map(|line| line.trim().strip_prefix("--")?.split_whitespace().next());
    for flag in flags {
        assert!(readme.contains(&format!("--{flag}")), "README.md does not list `--{flag}`");
    }
}
