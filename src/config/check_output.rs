//! Parses the output of promtool and amtool into file, line and reason.
//!
//! It runs nothing: lines in, errors out. The formats are those of promtool 3.5 and amtool 0.33.

use std::path::Path;

use crate::error::ConfigFault;

/// The output of a check command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckOutput {
    /// The exit code; 0 means success.
    pub exit_code: i64,
    /// The lines, with their indentation.
    pub lines: Vec<String>,
}

/// The input of a check command.
#[derive(Clone, Copy, Debug)]
pub struct Checked<'a> {
    /// The folder of the files inside the container.
    pub folder: &'a str,
    /// The folder as the user sees it.
    pub seen_as: &'a Path,
    /// The contents, by name.
    pub files: &'a [(String, String)],
    /// The file to blame if the command names none.
    pub main_file: &'a str,
}

/// Lines that report progress, not problems.
const HEADINGS: [&str; 5] = ["Checking ", "SUCCESS", "Unit Testing", "Found:", "amtool: error"];

/// The smallest indentation of a line that continues the previous one.
const CONTINUATION: usize = 6;

/// The maximum number of reported errors; users fix the first ones first.
const MOST: usize = 50;

/// Returns the errors that a check found.
pub fn faults(output: &CheckOutput, checked: Checked<'_>) -> Vec<ConfigFault> {
    if output.exit_code == 0 {
        return Vec::new();
    }
    let mut faults: Vec<ConfigFault> = Vec::new();
    let mut file = checked.main_file;
    for line in &output.lines {
        if faults.len() == MOST {
            let reason = "there are more errors; fix these first".into();
            faults.push(ConfigFault { file: checked.seen_as.join(file), line: None, reason });
            break;
        }
        let text = line.split_once("FAILED:").map_or(line.as_str(), |(_, reason)| reason).trim();
        if let Some(named) = checked.file_named(line) {
            file = named;
        }
        if text.is_empty() || HEADINGS.iter().any(|heading| text.starts_with(heading)) {
            continue;
        }
        let indentation = line.len() - line.trim_start().len();
        if let (true, Some(last)) = (indentation >= CONTINUATION, faults.last_mut()) {
            last.reason = format!("{} {text}", last.reason);
            continue;
        }
        let (line, reason) = position(checked.without_file(text));
        if reason == "unmarshal errors:" {
            continue;
        }
        faults.push(ConfigFault {
            file: checked.seen_as.join(file),
            line: line.or_else(|| checked.line_that_has(file, reason)),
            reason: reason.to_string(),
        });
    }
    if faults.is_empty() {
        let reason = format!("the check exited with code {}: {}", output.exit_code, output.lines.join(" "));
        faults.push(ConfigFault { file: checked.seen_as.join(checked.main_file), line: None, reason });
    }
    faults
}

impl<'a> Checked<'a> {
    fn file_named(&self, line: &str) -> Option<&'a str> {
        let names = self.files.iter().map(|(name, _)| name.as_str());
        names.filter(|name| line.contains(&format!("{}/{name}", self.folder))).max_by_key(|name| name.len())
    }

    /// Returns a line without the file name at its beginning.
    fn without_file<'b>(&self, text: &'b str) -> &'b str {
        let text = text.strip_prefix("parsing YAML file ").unwrap_or(text);
        let Some(rest) = text.strip_prefix(self.folder) else { return text };
        rest.split_once(": ").map_or(text, |(_, reason)| reason)
    }

    /// Returns the only line of a file that contains a word which the reason quotes.
    fn line_that_has(&self, file: &str, reason: &str) -> Option<u64> {
        let (_, content) = self.files.iter().find(|(name, _)| name == file)?;
        // The last quoted word is the most specific one, such as the rule after its group.
        reason.split('"').skip(1).step_by(2).collect::<Vec<_>>().into_iter().rev().find_map(|word| {
            let mut lines = (1..).zip(content.lines()).filter(|(_, line)| has_word(line, word));
            match (lines.next(), lines.next()) {
                (Some((number, _)), None) => Some(number),
                _ => None,
            }
        })
    }
}

/// Splits the position off a reason: `5:15: …`, `line 5: …` or `yaml: line 5: …`.
fn position(text: &str) -> (Option<u64>, &str) {
    let text = text.strip_prefix("yaml: ").unwrap_or(text);
    let place = text.strip_prefix("line ").unwrap_or(text);
    let Some((number, rest)) = place.split_once(':') else { return (None, text) };
    let Ok(line) = number.parse() else { return (None, text) };
    let column = rest.split_once(": ").filter(|(column, _)| column.parse::<u64>().is_ok());
    (Some(line), column.map_or(rest, |(_, reason)| reason).trim())
}

fn has_word(line: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    !word.is_empty()
        && line.match_indices(word).any(|(start, _)| {
            !line[..start].ends_with(is_part) && !line[start + word.len()..].starts_with(is_part)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: &str =
        "groups:\n  - name: g\n    rules:\n      - alert: X\n        expr: up >\n        for: 2q\n";

    fn found(lines: &[&str]) -> Vec<String> {
        let files = [
            ("prometheus.yml".to_string(), "scrape_configs:\n  - job_name: a\n  - job_name: b\n".to_string()),
            ("alerts.yml".to_string(), RULES.to_string()),
        ];
        let checked = Checked {
            folder: "/etc/prometheus",
            seen_as: Path::new("config"),
            files: &files,
            main_file: "prometheus.yml",
        };
        let lines = lines.iter().map(ToString::to_string).collect();
        faults(&CheckOutput { exit_code: 1, lines }, checked).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn successful_check_has_no_errors() {
        let checked =
            Checked { folder: "/etc", seen_as: Path::new("."), files: &[], main_file: "prometheus.yml" };
        let output = CheckOutput { exit_code: 0, lines: vec!["anything".into()] };
        assert!(faults(&output, checked).is_empty());
    }

    #[test]
    fn error_has_file_line_and_reason() {
        let lines = [
            "Checking /etc/prometheus/alerts.yml",
            "  FAILED:",
            "/etc/prometheus/alerts.yml: 5:15: group \"g\", rule 1, \"X\": could not parse expression: 1:5: parse \
             error: unexpected end of input",
        ];
        let expected = "config/alerts.yml:5: group \"g\", rule 1, \"X\": could not parse expression: 1:5: parse error: \
                        unexpected end of input";
        assert_eq!(found(&lines), [expected]);
    }

    #[test]
    fn errors_under_one_heading_are_separated() {
        let lines = [
            "  FAILED: parsing YAML file /etc/prometheus/prometheus.yml: yaml: unmarshal errors:",
            "  line 2: field scrape_intervall not found in type config.plain",
            "  line 3: field x not found in type config.plain",
        ];
        let expected = [
            "config/prometheus.yml:2: field scrape_intervall not found in type config.plain",
            "config/prometheus.yml:3: field x not found in type config.plain",
        ];
        assert_eq!(found(&lines), expected);
    }

    #[test]
    fn yaml_error_has_its_line() {
        let lines = ["/etc/prometheus/alerts.yml: yaml: line 3: did not find expected node content"];
        assert_eq!(found(&lines), ["config/alerts.yml:3: did not find expected node content"]);
    }

    #[test]
    fn quoted_word_gives_the_line_without_a_position() {
        let lines = ["/etc/prometheus/alerts.yml: unknown unit \"q\" in duration \"2q\""];
        assert_eq!(found(&lines), ["config/alerts.yml:6: unknown unit \"q\" in duration \"2q\""]);
        let lines =
            ["/etc/prometheus/alerts.yml: group \"g\", rule 1, \"X\": annotation \"d\": unclosed action"];
        let expected = "config/alerts.yml:4: group \"g\", rule 1, \"X\": annotation \"d\": unclosed action";
        assert_eq!(found(&lines), [expected]);
        let lines =
            ["  FAILED: parsing YAML file /etc/prometheus/prometheus.yml: job name \"a\" is used twice"];
        assert_eq!(found(&lines), ["config/prometheus.yml:2: job name \"a\" is used twice"]);
    }

    #[test]
    fn amtool_error_on_its_heading_is_parsed() {
        let lines = [
            "Checking '/etc/prometheus/prometheus.yml'  FAILED: yaml: line 1: did not find expected ',' or '}'",
            "",
            "amtool: error: failed to validate 1 file(s)",
        ];
        assert_eq!(found(&lines), ["config/prometheus.yml:1: did not find expected ',' or '}'"]);
    }

    #[test]
    fn failed_rule_test_is_one_error() {
        let lines = [
            "Unit Testing:  /etc/prometheus/alerts.yml",
            "  FAILED:",
            "    expr: \"up\", time: 1m,",
            "        exp: {} 2E+00",
            "        got: {} 1E+00",
        ];
        assert_eq!(
            found(&lines),
            ["config/alerts.yml:5: expr: \"up\", time: 1m, exp: {} 2E+00 got: {} 1E+00"]
        );
    }

    #[test]
    fn errors_beyond_the_limit_are_summarized() {
        let lines: Vec<String> =
            (1..10_000).map(|line| format!("  line {line}: field x{line} not found")).collect();
        let found = found(&lines.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(found.len(), MOST + 1);
        assert_eq!(found[MOST], "config/prometheus.yml: there are more errors; fix these first");
    }

    #[test]
    fn unknown_output_is_shown_verbatim() {
        let expected = "config/prometheus.yml: the check exited with code 1: Checking x";
        assert_eq!(found(&["Checking x"]), [expected]);
    }
}
