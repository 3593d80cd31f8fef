//! Tests of invalid texts with their errors, and of valid texts.

use std::time::{Duration, Instant};

use super::*;

fn refused(name: &str, text: &str) -> (Option<u64>, String) {
    let fault = fault(name, text).unwrap_or_else(|| panic!("`{}` is accepted", &text[..text.len().min(200)]));
    (fault.line, fault.reason)
}

/// Each level expands to ten of the level below.
fn laughs(levels: usize) -> String {
    let level = |number: usize| {
        let below = if number == 0 { "lol".to_string() } else { format!("*a{}", number - 1) };
        format!("a{number}: &a{number} [{}]\n", vec![below; 10].join(", "))
    };
    (0..levels).map(level).collect()
}

#[test]
fn invalid_text_has_line_and_reason() {
    for (name, text, line, reason) in [
        ("a.yml", "", None, "is empty"),
        ("a.yml", "# nothing\n\n", None, "is empty"),
        ("a.yml", "\u{feff}# nothing\n", None, "is empty"),
        ("a.yml", "---\n", None, "is empty"),
        ("a.yml", "~\n", None, "is empty"),
        ("a.json", " \n", None, "is empty"),
        ("a.yml", "a: 1\nb: [1, 2\nc: 3\n", Some(3), "flow sequence"),
        ("a.yml", "a:\n\tb: 1\n", Some(2), "cannot start any token"),
        ("a.yml", "a: 1\nb:\n  c: 1\n  d: 2\n  c: 3\n", Some(5), "duplicate key `c`"),
        ("a.yml", "1: a\n2: b\n1: c\n", Some(3), "duplicate key `1`"),
        ("a.json", "{\"a\": 1,\n \"a\": 2}", Some(2), "duplicate key `a`"),
        ("a.yml", "a: 1\n---\nb: 2\n", Some(2), "a second document"),
        ("a.yml", "---\n# one\na: 1\n--- # two\nb: 2\n", Some(4), "a second document"),
        ("a.yml", "a: &a [*a]\n", Some(1), "an alias contains itself"),
        ("a.yml", "a: &a {b: *a}\n", Some(1), "an alias contains itself"),
        ("a.yml", "a: *b\n", Some(1), "unknown anchor"),
        ("a.yml", "a: \u{0}\n", Some(1), "control characters"),
        ("a.json", "\u{feff}{}", Some(1), "byte order mark"),
        ("a.json", "{} {}", Some(1), "trailing"),
        ("a.json", "{\n  \"a\": oops\n}", Some(2), "invalid JSON"),
    ] {
        let (found, why) = refused(name, text);
        assert!(why.contains(reason), "{text:?}: {why}");
        assert_eq!(found, line, "{text:?}: {why}");
    }
}

#[test]
fn expanding_aliases_are_rejected_at_once() {
    let many = format!("a: &a [{}]\nb: [{}]\n", "x,".repeat(100_000), "*a,".repeat(100_000));
    let long = format!("a: &a {}\nb: [{}]\n", "x".repeat(500_000), "*a,".repeat(300_000));
    for text in [laughs(9), laughs(30), many, long] {
        let began = Instant::now();
        let (_, why) = refused("a.yml", &text);
        assert!(why.contains("aliases expand to too much"), "{why}");
        assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
    }
}

#[test]
fn deep_nesting_is_rejected_at_once() {
    let size = usize::try_from(LONGEST).unwrap();
    for (name, text) in [
        ("a.yml", "[".repeat(size)),
        ("a.yml", "{a: ".repeat(size / 4)),
        ("a.yml", "- ".repeat(size / 2)),
        ("a.yml", format!("{}{}", "[".repeat(200), "]".repeat(200))),
        ("a.json", "[".repeat(size)),
        ("a.json", "{\"a\":".repeat(size / 5)),
    ] {
        let began = Instant::now();
        refused(name, &text);
        assert!(began.elapsed() < Duration::from_secs(30), "{} {:?}", &text[..8], began.elapsed());
    }
}

#[test]
fn valid_text_is_accepted() {
    for (name, text) in [
        ("a.yml", "a: &a [1, 2]\nb: *a\nc: {<<: {d: 1}, e: 2}\n"),
        ("a.yml", "\u{feff}a: 1\r\nb: |\r\n  text\r\n"),
        ("a.yml", "%YAML 1.1\n---\na: !tag 1\nb: !tag {c: 1}\n...\n"),
        ("a.yml", "? [1, 2]\n: a\n? {b: 1}\n: c\n"),
        ("a.yml", "groups: []\n"),
        ("a.yml", "a: .inf\nb: -1\nc: 18446744073709551615\nd: 1e400\n"),
        ("a.json", "{\"a\": [1, -1, 1.5, null, true, \"x\"]}\n"),
        ("a.py", "not yaml: ["),
    ] {
        assert_eq!(fault(name, text), None, "{text:?}");
    }
    assert_eq!(yaml("a: &a [x, x]\nb: [*a, *a]\n"), Ok(Shape::Filled));
    assert_eq!(yaml(&laughs(3)), Ok(Shape::Filled));
}

#[test]
fn quoted_brackets_do_not_count_as_nesting() {
    let text = format!("groups:\n{}", "- expr: 'x{a=~\"[[(\"}'\n".repeat(1000));
    assert_eq!(fault("a.yml", &text), None);
}

#[test]
fn syntax_fault_names_the_line() {
    let line = |name, text| fault(name, text).expect("it is invalid").line;
    assert!(line("a.yml", "a: 1\nb: [1, 2\nc: 3\n").is_some_and(|line| line >= 2));
    assert_eq!(line("a.json", "{\n  \"a\": oops\n}"), Some(2));
}
