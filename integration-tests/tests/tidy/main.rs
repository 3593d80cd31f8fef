//! What holds for every file: sizes, headers, names, and who may use whom.

mod wording;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use integration_tests::cli::TddStack;
use integration_tests::program;

/// Where one thing ends and the next begins.
const LONGEST: usize = 400;

/// Names that say nothing of what a file is for.
const EMPTY_NAMES: [&str; 7] = ["utils", "util", "helpers", "helper", "manager", "common", "misc"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate lies in the workspace").to_path_buf()
}

/// Every file below a folder, by its path from the workspace's root.
fn files(folder: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
            let path = entry.expect("the folder can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(text) = fs::read_to_string(&path) {
                let name = path.strip_prefix(root()).expect("it is below").display().to_string();
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

/// The lines of the program itself, without comments and without the tests at a file's end.
fn code(text: &str) -> Vec<&str> {
    let tests = text.find("#[cfg(test)]\nmod tests {").unwrap_or(text.len());
    text[..tests].lines().map(str::trim).filter(|line| !line.starts_with("//")).collect()
}

/// Every part of the program with its code: `apply` of `src/apply.rs` and `engine` of `src/engine/read.rs` too.
fn parts() -> Vec<(String, String, String)> {
    let part = |(name, text): (String, String)| {
        let inner = name.trim_start_matches("src/").trim_end_matches(".rs");
        let part = inner.split('/').next().unwrap_or_default().to_string();
        (name, part, code(&text).join("\n"))
    };
    files("src").into_iter().map(part).collect()
}

#[test]
fn no_file_is_too_long() {
    let long: Vec<String> = rust_files()
        .into_iter()
        .map(|(name, text)| (name, text.lines().count()))
        .filter(|(_, lines)| *lines > LONGEST)
        .map(|(name, lines)| format!("{name} has {lines} lines"))
        .collect();
    assert!(long.is_empty(), "more than {LONGEST} lines: {long:#?}");
}

#[test]
fn every_file_begins_with_its_purpose() {
    let bare: Vec<String> = rust_files()
        .into_iter()
        .filter(|(_, text)| !text.starts_with("//! "))
        .map(|(name, _)| name)
        .collect();
    assert!(bare.is_empty(), "without a header: {bare:#?}");
}

#[test]
fn no_file_has_a_name_that_says_nothing() {
    let says_nothing = |name: &String| {
        let path = Path::new(name);
        let parts = path.components().map(|part| part.as_os_str().to_string_lossy().into_owned());
        path.ends_with("mod.rs")
            || parts
                .map(|part| part.trim_end_matches(".rs").to_string())
                .any(|part| EMPTY_NAMES.contains(&part.as_str()))
    };
    let names: Vec<String> = rust_files().into_iter().map(|(name, _)| name).filter(says_nothing).collect();
    assert!(names.is_empty(), "{names:#?}");
}

#[test]
fn foreign_libraries_are_named_in_their_own_place_only() {
    for (library, home) in [
        ("bollard", ["src/engine.rs", "src/engine/"]),
        ("reqwest", ["src/http.rs", "src/http/"]),
        ("indicatif", ["src/render/bars.rs", "src/render/bars.rs"]),
        ("comfy_table", ["src/render/", "src/render/"]),
        ("clap", ["src/cli.rs", "src/commands/"]),
        ("axum", ["src/demo/", "src/demo/"]),
        ("prometheus_client", ["src/demo/metrics.rs", "src/demo/metrics/"]),
    ] {
        let is_home = |name: &str| home.iter().any(|home| name.starts_with(home));
        // A word may be told from which values it may be made, and the first file reads the command line.
        let may_derive = |name: &str| {
            library == "clap"
                && ["src/settings/values.rs", "src/demo/scenario.rs", "src/lib.rs"].contains(&name)
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
fn one_file_alone_writes_the_disk() {
    let writing =
        ["fs::write", "create_dir", "fs::remove", "fs::rename", "fs::copy", "File::create", "OpenOptions"];
    let names: Vec<String> = parts()
        .into_iter()
        .filter(|(_, part, code)| part != "files" && writing.iter().any(|words| code.contains(words)))
        .map(|(name, _, _)| name)
        .collect();
    assert!(names.is_empty(), "the disk is written in {names:#?}");
}

/// The files that may ask what time it is, which may jump: to date something, or to say how long ago a moment was.
/// Everything that waits goes by `Instant`, which only goes on.
const WALL_CLOCK: [&str; 17] = [
    "src/alerts.rs",
    "src/backup/save.rs",
    "src/commands/alerts.rs",
    "src/commands/evidence.rs",
    "src/commands/logs.rs",
    "src/commands/support_bundle.rs",
    "src/demo/import.rs",
    "src/demo/journal.rs",
    "src/engine/archive.rs",
    "src/engine/clock.rs",
    "src/engine/transport.rs",
    "src/evidence.rs",
    "src/evidence/pack.rs",
    "src/files/dated.rs",
    "src/http/alertmanager.rs",
    "src/http/prometheus.rs",
    "src/http/transcript.rs",
];

#[test]
fn nothing_waits_by_a_clock_that_may_jump() {
    // A moment that was read tells by itself how long ago it was.
    let is_asking = |code: &str| code.contains("SystemTime") || code.contains("parse_rfc3339");
    let asking: Vec<String> = parts()
        .into_iter()
        .filter(|(name, _, code)| !name.ends_with("tests.rs") && is_asking(code))
        .map(|(name, _, _)| name)
        .collect();
    assert_eq!(asking, WALL_CLOCK);
}

/// The parts by layer; a layer may use only those above it here.
const LAYERS: [(&str, &[&str]); 6] = [
    (
        "values",
        &[
            "stack",
            "observed",
            "error",
            "engine_phrases",
            "settings",
            "image_reference",
            "proof",
            "ports",
            "layers",
            "endpoint",
            "printable",
            "contents",
        ],
    ),
    (
        "decisions",
        &[
            "services",
            "plan",
            "dashboard",
            "check_output",
            "status",
            "advice",
            "overlay",
            "doctor",
            "alerts",
            "drill",
            "backup_file",
        ],
    ),
    ("vocabulary", &["event"]),
    (
        "effects",
        &[
            "engine",
            "http",
            "files",
            "registry_auth",
            "ready",
            "observe",
            "prove",
            "apply",
            "examine",
            "evidence",
            "demo",
            "rehearse",
            "backup",
        ],
    ),
    ("display", &["render"]),
    ("wiring", &["cli", "commands", "lib", "main"]),
];

fn layer(part: &str) -> Option<usize> {
    LAYERS.iter().position(|(_, parts)| parts.contains(&part))
}

#[test]
fn a_layer_uses_only_those_below_it() {
    let display = layer("render");
    let forbidden = |part: &str| -> Vec<&str> {
        let own = layer(part);
        let is_outward = |other: usize| {
            // What is displayed is values and events, never effects.
            Some(other) > own || (own == display && LAYERS[other].0 == "effects")
        };
        let others = LAYERS.iter().enumerate().filter(|(index, _)| is_outward(*index));
        others.flat_map(|(_, (_, parts))| *parts).copied().collect()
    };
    let mut outward = Vec::new();
    for (name, part, code) in parts() {
        for used in forbidden(&part) {
            if uses(&code, used) {
                outward.push(format!("{name} uses {used}"));
            }
        }
    }
    assert!(outward.is_empty(), "{outward:#?}");
}

/// Returns whether code names a part of the program.
fn uses(code: &str, part: &str) -> bool {
    let is_end = |rest: &str| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_');
    let path = format!("crate::{part}");
    let named = code.match_indices(&path).any(|(at, _)| is_end(&code[at + path.len()..]));
    let grouped = code.split("crate::{").skip(1).any(|rest| {
        let group = rest.split('}').next().unwrap_or_default();
        group.split([',', '\n', ' ']).any(|word| word.split("::").next() == Some(part))
    });
    named || grouped
}

#[test]
fn every_part_stands_in_a_layer() {
    let parts: BTreeSet<String> = parts().into_iter().map(|(_, part, _)| part).collect();
    let unknown: Vec<&String> = parts.iter().filter(|part| layer(part).is_none()).collect();
    assert!(unknown.is_empty(), "give them a layer in `LAYERS`: {unknown:?}");
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
    fs::read_to_string(root().join("README.md")).expect("there is a README.md")
}

fn help() -> String {
    TddStack::new(program!()).args(["--help"]).run().exits(0).stdout.clone()
}

/// The exit codes that the first help page lists.
fn exit_codes() -> Vec<String> {
    let page = help();
    let (_, list) = page.split_once("Exit codes:").expect("they are listed");
    let codes = list.lines().filter_map(|line| line.split_whitespace().next().map(String::from));
    codes.filter(|word| word.chars().all(|c| c.is_ascii_digit())).collect()
}

#[test]
fn the_readme_lists_every_exit_code() {
    let codes = exit_codes();
    assert_eq!(codes, ["0", "1", "2", "3", "4", "5", "6", "10", "130"]);
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
fn the_readme_lists_every_verb_and_every_global_flag() {
    let readme = readme();
    let page = help();
    let (_, verbs) = page.split_once("Commands:").expect("they are listed");
    // A line that goes on is indented more.
    let verbs =
        verbs.lines().skip(1).take_while(|line| !line.is_empty()).filter(|line| !line.starts_with("   "));
    let verbs: Vec<&str> =
        verbs.filter_map(|line| line.split_whitespace().next()).filter(|verb| *verb != "help").collect();
    assert_eq!(verbs.len(), 16, "{verbs:?}");
    for verb in verbs {
        assert!(readme.contains(&format!("tdd-stack {verb}")), "README.md does not list `{verb}`");
    }
    let (_, flags) = page.split_once("Global options:").expect("they are listed");
    let flags = flags.lines().filter_map(|line| line.trim().strip_prefix("--")?.split_whitespace().next());
    for flag in flags {
        assert!(readme.contains(&format!("--{flag}")), "README.md does not list `--{flag}`");
    }
}

#[test]
fn every_error_ends_in_a_listed_code() {
    let error = fs::read_to_string(root().join("src/error.rs")).expect("it is there");
    let (_, body) = error.split_once("fn exit_code(&self) -> u8").expect("it is there");
    let body = body.split("\n    }").next().unwrap_or_default();
    let used = body.split("=> ").skip(1).filter_map(|rest| rest.split([',', '\n']).next());
    let listed = exit_codes();
    let used: Vec<&str> = used.filter(|word| word.chars().all(|c| c.is_ascii_digit())).collect();
    assert!(used.len() >= 6, "{used:?}");
    assert!(used.iter().all(|code| listed.iter().any(|known| known == code)), "{used:?}");
}
