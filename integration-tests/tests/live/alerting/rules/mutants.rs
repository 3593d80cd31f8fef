//! Creates every small fault of a rule file: one change each, derived from the file.
//!
//! Never writes to the disk.

use std::fmt::Write as _;
use std::ops::Range;
use std::sync::LazyLock;

use regex_lite::Regex;
use serde_yaml::Value;

/// A rule file with one change.
#[derive(Debug)]
pub(super) struct Mutant {
    /// The rule and the change.
    pub(super) name: String,
    /// The name of the changed file.
    pub(super) file: &'static str,
    /// The changed content.
    pub(super) text: String,
    /// Order of the tests: each line is a regular expression for their names.
    pub(super) first: String,
}

impl Mutant {
    /// Returns the unchanged file, for which every test runs.
    pub(super) fn none(file: &'static str, text: &str) -> Self {
        Self { name: "no change".into(), file, text: text.into(), first: String::new() }
    }
}

/// Seconds between evaluations; one evaluation more or less is already a fault.
const EVALUATION: i64 = 15;

/// Returns the mutants of one file; `tests_of` returns the tests that cover a rule best.
pub(super) fn mutants(file: &'static str, text: &str, tests_of: impl Fn(&str) -> String) -> Vec<Mutant> {
    let document: Value = serde_yaml::from_str(text).expect("the file is YAML");
    let mut made = Vec::new();
    for (group, rules) in groups(&document) {
        for (index, rule) in rules.iter().enumerate() {
            let name = rule_name(rule);
            for (change, first, changed) in changes(rule) {
                let mut mutant = document.clone();
                let rules = mutant["groups"][group]["rules"].as_sequence_mut().expect("the group has rules");
                match changed {
                    Some(changed) => rules[index] = changed,
                    None => drop(rules.remove(index)),
                }
                let text = serde_yaml::to_string(&mutant).expect("the mutant is YAML");
                let tests = tests_of(&name);
                let first = format!("{}\n{tests}", first.replace("RULE", &tests));
                made.push(Mutant { name: format!("{name}: {change}"), file, text, first });
            }
        }
    }
    made
}

/// Returns the groups of a rule file by index, with their rules.
fn groups(document: &Value) -> impl Iterator<Item = (usize, &Vec<Value>)> {
    let groups = document["groups"].as_sequence().expect("the file has groups");
    groups.iter().map(|group| group["rules"].as_sequence().expect("a group has rules")).enumerate()
}

/// Returns the rules of a file.
pub(super) fn rules(text: &str) -> Vec<Value> {
    let document: Value = serde_yaml::from_str(text).expect("the file is YAML");
    groups(&document).flat_map(|(_, rules)| rules.clone()).collect()
}

/// Returns the name of an alert or of a recorded series.
pub(super) fn rule_name(rule: &Value) -> String {
    let name = rule["alert"].as_str().or(rule["record"].as_str());
    name.expect("a rule has a name").to_string()
}

/// Description of a change, the tests that should detect it, and the changed rule, or `None` if it was removed.
type Change = (String, &'static str, Option<Value>);

/// Tests with almost matching series, tests where an alert fires, and tests below a threshold. `RULE` is replaced by
/// the expression for the tests that cover the rule best.
const FOREIGN: &str = "^what the port";
const FIRES: &str = "RULE.* fires";
const SILENT: &str = "RULE.* stays silent";

fn changes(rule: &Value) -> Vec<Change> {
    let mut changes: Vec<Change> = vec![("removed".into(), FIRES, None)];
    if let Some(severity) = rule["labels"]["severity"].as_str() {
        let mut mutated = rule.clone();
        mutated["labels"]["severity"] = "other".into();
        changes.push((format!("severity {severity} is other"), FIRES, Some(mutated)));
    }
    if let Some(wait) = rule["for"].as_str() {
        for seconds in [seconds(wait) - EVALUATION, seconds(wait) + EVALUATION] {
            let mut mutated = rule.clone();
            mutated["for"] = format!("{seconds}s").into();
            changes.push((format!("for {wait} is {seconds}s"), FIRES, Some(mutated)));
        }
    }
    let expression = rule["expr"].as_str().expect("a rule has an expression");
    for edit in edits(expression) {
        let mut mutated = rule.clone();
        let mut text = expression.to_string();
        text.replace_range(edit.range.clone(), &edit.to);
        mutated["expr"] = text.into();
        changes.push((edit.describe(expression), edit.first, Some(mutated)));
    }
    changes
}

fn seconds(duration: &str) -> i64 {
    let (number, unit) = duration.split_at(duration.len() - 1);
    let number: i64 = number.parse().expect("durations have one unit");
    number * if unit == "m" { 60 } else { 1 }
}

/// A part of an expression and its replacement.
struct Edit {
    range: Range<usize>,
    to: String,
    first: &'static str,
}

impl Edit {
    fn new(range: Range<usize>, to: impl Into<String>) -> Self {
        Self { range, to: to.into(), first: FIRES }
    }

    fn describe(&self, expression: &str) -> String {
        let line = expression[..self.range.start].matches('\n').count() + 1;
        let from: Vec<&str> = expression[self.range.clone()].split_whitespace().collect();
        let mut text = format!("line {line}, `{}` is ", from.join(" "));
        let to = if self.to.is_empty() { "gone".to_string() } else { format!("`{}`", self.to) };
        write!(text, "{to}, at {}", self.range.start).expect("writing to a string succeeds");
        text
    }
}

/// Tokens of an expression: label matchers, ranges, label lists, operators, names, comparisons and numbers. The order
/// matters, since strings contain anything and names may end in digits.
static TOKENS: LazyLock<Regex> = LazyLock::new(|| {
    let tokens = r#"(?<matcher>\w+(?:=~|!~|!=|=)"[^"]*",?)|(?<range>\[(\d+)m\])|(?<labels>\b(?:by|on) \(([\w, ]+)\))|(?<set>\b(?:or|and|unless)\b)|(?<name>[A-Za-z_:][\w:]*)|(?<comparison>(?:>=|<=|==|!=|>|<)\s+[\d.]+)|(?<number>\d+(?:\.\d+)?)|(?<open>\()|(?<close>\))"#;
    Regex::new(tokens).expect("the expression is valid")
});

fn edits(expression: &str) -> Vec<Edit> {
    let mut edits = Vec::new();
    for token in TOKENS.captures_iter(expression) {
        let whole = token.get(0).expect("a match has group 0");
        let range = whole.range();
        if token.name("matcher").is_some() {
            edits.push(Edit { first: FOREIGN, ..Edit::new(range, "") });
        } else if token.name("range").is_some() {
            let minutes: u32 = token[3].parse().expect("the token is a number");
            edits.push(Edit::new(range.clone(), format!("[{}m]", minutes - 1)));
            edits.push(Edit::new(range, format!("[{}m]", minutes + 1)));
        } else if token.name("labels").is_some() {
            edits.extend(fewer_labels(whole.as_str(), range.start));
        } else if token.name("comparison").is_some() {
            let at =
                whole.as_str().find(|c: char| c.is_ascii_digit()).expect("a comparison ends in a number");
            let number = &whole.as_str()[at..];
            let [lower, higher] = others(number);
            edits.push(Edit { first: SILENT, ..Edit::new(range.start + at..range.end, lower) });
            edits.push(Edit::new(range.start + at..range.end, higher));
            edits.push(Edit { first: SILENT, ..Edit::new(range, "") });
        } else if token.name("number").is_some() {
            edits.extend(others(whole.as_str()).map(|other| Edit::new(range.clone(), other)));
        }
    }
    edits.extend(fewer_terms(expression));
    edits
}

/// Returns two other numbers, one lower and one higher: by one for a count, by a tenth for a measure.
fn others(number: &str) -> [String; 2] {
    let number: f64 = number.parse().expect("the token is a number");
    let is_count = number.fract() == 0.0 && number < 10.0 && (number - 1.0).abs() > 0.5;
    let step = if is_count { 1.0 } else { number / 10.0 };
    [number - step, number + step].map(|other| format!("{}", (other * 1e6).round() / 1e6))
}

/// Returns a list such as `by (job, instance)` without each of its labels.
fn fewer_labels(list: &str, start: usize) -> Vec<Edit> {
    let open = list.find('(').expect("a label list has a parenthesis");
    let labels: Vec<&str> = list[open + 1..list.len() - 1].split(", ").collect();
    let without = |index: usize| {
        let mut fewer = labels.clone();
        fewer.remove(index);
        format!("{}({})", &list[..open], fewer.join(", "))
    };
    (0..labels.len()).map(|index| Edit::new(start..start + list.len(), without(index))).collect()
}

/// Returns the expression without each operand of `or`, and without each right operand of `and` and `unless`.
fn fewer_terms(expression: &str) -> Vec<Edit> {
    let mut edits = Vec::new();
    // The start of each open parenthesis, and its operators.
    let mut levels: Vec<(usize, Vec<Range<usize>>)> = vec![(0, Vec::new())];
    let mut end_level = |(start, operators): (usize, Vec<Range<usize>>), end: usize| {
        for (index, operator) in operators.iter().enumerate() {
            let term_end = operators.get(index + 1).map_or(end, |next| next.start);
            edits.push(Edit::new(operator.start..term_end, ""));
            if &expression[operator.clone()] == "or" {
                let term_start = index.checked_sub(1).map_or(start, |previous| operators[previous].end);
                edits.push(Edit::new(term_start..operator.end, ""));
            }
        }
    };
    for token in TOKENS.captures_iter(expression) {
        let range = token.get(0).expect("a match has group 0").range();
        if token.name("open").is_some() {
            levels.push((range.end, Vec::new()));
        } else if token.name("close").is_some() {
            end_level(levels.pop().expect("parentheses match"), range.start);
        } else if token.name("set").is_some() {
            levels.last_mut().expect("the outermost level stays").1.push(range);
        }
    }
    end_level(levels.pop().expect("the outermost level stays"), expression.len());
    edits
}
