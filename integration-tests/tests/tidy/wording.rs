//! Behaviour never depends on message texts, except where another program provides no code.

use std::fs;
use std::path::{Path, PathBuf};

use regex_lite::Regex;

/// Files that may match the texts of other programs, each with the program.
const READERS: [(&str, &str); 5] = [
    ("src/model/scrape_hints.rs", "Prometheus, of a scrape"),
    ("src/config/check_output.rs", "promtool and amtool"),
    ("src/config/validate.rs", "the YAML parser"),
    ("src/doctor/answer.rs", "wget of BusyBox"),
    ("src/docker/phrases.rs", "engines, and registries through them"),
];

/// Matches a search in the text of an error, an answer or a cause.
const OF_AN_ERROR: &str = r"\b(answer|cause|display|doing|error|how|message|reason|said|source|to_lowercase|to_string|what|words)(\(\))?\s*\.(contains|starts_with|ends_with|find|strip_prefix|strip_suffix)\(";

/// Matches a search for a part of a sentence.
const OF_A_SENTENCE: &str = r#"\.(contains|starts_with|ends_with|find|strip_prefix|strip_suffix|trim_start_matches|trim_end_matches)\(\s*"[^"]*[a-z] [a-z]"#;

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the folder is readable") {
        let path = entry.expect("the folder is readable").path();
        if path.is_dir() {
            sources(&path, found);
        } else if !path.ends_with("tests.rs") {
            found.push(path);
        }
    }
}

#[test]
fn only_listed_files_match_message_texts() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate is in the workspace");
    let matches = [OF_AN_ERROR, OF_A_SENTENCE].map(|text| Regex::new(text).expect("the expression is valid"));
    let mut files = Vec::new();
    sources(&root.join("src"), &mut files);
    let mut found = Vec::new();
    for path in files {
        let name = path.strip_prefix(root).expect("the path is below the folder").display().to_string();
        let text = fs::read_to_string(&path).expect("it is readable");
        let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        for place in matches.iter().flat_map(|matched| matched.find_iter(code)) {
            let line = code[..place.start()].lines().count();
            if READERS.iter().all(|(reader, _)| *reader != name) {
                found.push(format!("{name}:{line}: {}", place.as_str()));
            }
        }
    }
    assert!(found.is_empty(), "use a type, or a meaning of `docker::phrases`: {found:#?}");
}
