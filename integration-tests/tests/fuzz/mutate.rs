//! Mutations of valid texts, answers and JSON values, and random bytes.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value, json};

/// Tokens with a meaning in YAML, JSON, durations, references or terminals.
const TOKENS: [&str; 44] = [
    "&a ",
    "*a",
    "<<: *a\n",
    "---\n",
    "...\n",
    "\t",
    "\u{feff}",
    "\r\n",
    "\n",
    "{",
    "[",
    "]",
    "}",
    ": ",
    "- ",
    "? ",
    "!!binary ",
    "!x ",
    "|\n",
    ">-\n",
    "\"",
    "'",
    "`",
    "#",
    "%YAML 9.9\n",
    "0x7f",
    "1e999",
    "-0",
    "18446744073709551616",
    "null",
    "~",
    ".inf",
    "\\u0000",
    "\0",
    "\u{1b}[31m",
    "\u{9b}2J",
    "é\u{202e}",
    "[5m",
    "99999999999999y",
    "[1h:5m]",
    "@sha256:",
    "://",
    "yes",
    "[0-9",
];

/// One mutation of bytes.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    Set(Index, u8),
    Insert(Index, Vec<u8>),
    Delete(Index, usize),
    Cut(Index),
    Repeat(Index, usize, usize),
    DropLine(Index),
    MoveLine(Index, Index),
    Indent(Index, usize),
}

fn change() -> impl Strategy<Value = Change> {
    let token = select(&TOKENS[..]).prop_map(|token| token.as_bytes().to_vec());
    prop_oneof![
        2 => (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Change::Set(at, byte)),
        4 => (any::<Index>(), token).prop_map(|(at, token)| Change::Insert(at, token)),
        2 => (any::<Index>(), 1..40_usize).prop_map(|(at, length)| Change::Delete(at, length)),
        1 => any::<Index>().prop_map(Change::Cut),
        2 => (any::<Index>(), 1..60_usize, 1..30_usize).prop_map(|(at, length, times)| Change::Repeat(at, length, times)),
        2 => any::<Index>().prop_map(Change::DropLine),
        2 => (any::<Index>(), any::<Index>()).prop_map(|(from, to)| Change::MoveLine(from, to)),
        2 => (any::<Index>(), 1..9_usize).prop_map(|(line, width)| Change::Indent(line, width)),
    ]
}

fn apply(bytes: &mut Vec<u8>, change: &Change) {
    if bytes.is_empty() {
        bytes.push(b'x');
    }
    let length = bytes.len();
    match change {
        Change::Set(at, byte) => bytes[at.index(length)] = *byte,
        Change::Insert(at, token) => {
            drop(bytes.splice(at.index(length)..at.index(length), token.iter().copied()));
        }
        Change::Delete(at, count) => {
            let start = at.index(length);
            bytes.drain(start..(start + count).min(length));
        }
        Change::Cut(at) => bytes.truncate(at.index(length)),
        Change::Repeat(at, count, times) => {
            let start = at.index(length);
            let piece = bytes[start..(start + count).min(length)].repeat(*times);
            bytes.splice(start..start, piece);
        }
        Change::DropLine(_) | Change::MoveLine(..) | Change::Indent(..) => {
            let mut lines: Vec<Vec<u8>> =
                bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
            match change {
                Change::DropLine(at) => drop(lines.remove(at.index(lines.len()))),
                Change::MoveLine(from, to) => {
                    let line = lines.remove(from.index(lines.len()));
                    lines.insert(to.index(lines.len() + 1), line);
                }
                Change::Indent(at, width) => {
                    let line = at.index(lines.len());
                    lines[line].splice(0..0, vec![b' '; *width]);
                }
                _ => {}
            }
            *bytes = lines.concat();
        }
    }
}

/// Returns one of the seeds with a few mutations, or random bytes.
pub(crate) fn bytes(seeds: Vec<Vec<u8>>) -> BoxedStrategy<Vec<u8>> {
    let changed = (select(seeds), vec(change(), 0..5)).prop_map(|(mut bytes, changes)| {
        for change in &changes {
            apply(&mut bytes, change);
        }
        bytes
    });
    let tokens = vec(select(&TOKENS[..]), 0..60).prop_map(|tokens| tokens.concat().into_bytes());
    prop_oneof![12 => changed, 1 => vec(any::<u8>(), 0..300), 1 => tokens].boxed()
}

/// Returns the same as text.
pub(crate) fn text<'a>(seeds: impl IntoIterator<Item = &'a str>) -> BoxedStrategy<String> {
    let seeds = seeds.into_iter().map(|seed| seed.as_bytes().to_vec()).collect();
    bytes(seeds).prop_map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).boxed()
}

/// Returns values that no service sends.
fn odd() -> impl Strategy<Value = Value> {
    let deep = (1..200_usize).prop_map(|depth| (0..depth).fold(Value::Null, |inner, _| json!([inner])));
    let fixed = vec![
        json!(null),
        json!(true),
        json!(0),
        json!(-1),
        json!(1e300),
        json!(u64::MAX),
        json!(i64::MIN),
        json!(""),
        json!([]),
        json!({}),
        json!("\u{1b}[2J\r\n"),
        json!("9999-99-99T99:99:99Z"),
        json!("0001-01-01T00:00:00Z"),
        json!("::1"),
        json!("99999"),
        json!("x".repeat(5000)),
        json!([null, {}]),
        json!({"": {"": []}}),
        json!("2500-01-01T00:00:00.999999999Z"),
    ];
    prop_oneof![8 => select(fixed), 1 => deep, 2 => ".{0,20}".prop_map(Value::from)]
}

/// One mutation of a JSON value.
#[derive(Clone, Debug)]
enum Graft {
    Replace(Index, Value),
    Remove(Index),
    Double(Index),
}

fn graft() -> impl Strategy<Value = Graft> {
    prop_oneof![
        3 => (any::<Index>(), odd()).prop_map(|(at, value)| Graft::Replace(at, value)),
        2 => any::<Index>().prop_map(Graft::Remove),
        1 => any::<Index>().prop_map(Graft::Double),
    ]
}

/// Visits the values of a JSON value in order and mutates the one with the number `wanted`.
fn visit(value: &mut Value, number: &mut usize, wanted: usize, graft: &Graft) {
    if *number == wanted {
        match graft {
            Graft::Replace(_, new) => *value = new.clone(),
            Graft::Remove(_) => match value {
                Value::Object(map) => drop(map.keys().next().cloned().and_then(|key| map.remove(&key))),
                Value::Array(items) => drop(items.pop()),
                other => *other = Value::Null,
            },
            Graft::Double(_) => {
                if let Value::Array(items) = value {
                    items.extend(items.clone());
                }
            }
        }
        *number += 1;
        return;
    }
    *number += 1;
    match value {
        Value::Object(map) => map.values_mut().for_each(|value| visit(value, number, wanted, graft)),
        Value::Array(items) => items.iter_mut().for_each(|value| visit(value, number, wanted, graft)),
        _ => {}
    }
}

fn count(value: &Value) -> usize {
    1 + match value {
        Value::Object(map) => map.values().map(count).sum(),
        Value::Array(items) => items.iter().map(count).sum(),
        _ => 0,
    }
}

/// Returns one of the JSON seeds with a few mutated values; a text that is not JSON stays unchanged.
pub(crate) fn json_bytes(seeds: Vec<Vec<u8>>) -> BoxedStrategy<Vec<u8>> {
    let changed = |(seed, grafts): (Vec<u8>, Vec<Graft>)| {
        let Ok(mut value) = serde_json::from_slice::<Value>(&seed) else { return seed };
        for graft in &grafts {
            let (Graft::Replace(at, _) | Graft::Remove(at) | Graft::Double(at)) = graft;
            let wanted = at.index(count(&value));
            visit(&mut value, &mut 0, wanted, graft);
        }
        value.to_string().into_bytes()
    };
    (select(seeds), vec(graft(), 1..4)).prop_map(changed).boxed()
}
