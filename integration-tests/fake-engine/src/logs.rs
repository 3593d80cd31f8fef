//! Logs: lines of two streams, each in a frame with stream and length.

use axum::response::Response;

use super::answer::{no_container, with_body};
use super::call::Call;
use super::state::Shared;

/// Returns a line with its time: the second in a prefix such as `@12 `, or the seventh second.
fn dated(line: &str) -> (String, &str) {
    let (second, line) = line.strip_prefix('@').and_then(|rest| rest.split_once(' ')).unwrap_or(("07", line));
    (format!("2026-11-24T09:31:{second}.000000001Z "), line)
}

pub(super) fn read(shared: &Shared, key: &str, call: &Call) -> Response {
    let state = shared.lock();
    let Some(container) = state.container(key) else { return no_container(key) };
    let count = call.asked("tail").parse().unwrap_or(usize::MAX);
    let skipped = container.log.len().saturating_sub(count);
    let lines = container.log[skipped..].iter();
    let is_dated = matches!(call.asked("timestamps"), "1" | "true");
    let frames: Vec<Vec<u8>> = lines
        .map(|(stream, line)| {
            let (moment, line) = dated(line);
            let moment = if is_dated { moment.as_str() } else { "" };
            frame(*stream, format!("{moment}{line}\n").as_bytes())
        })
        .collect();
    with_body(200, "application/vnd.docker.raw-stream", frames.concat())
}

/// Returns a frame with its header.
pub(super) fn frame(stream: u8, text: &[u8]) -> Vec<u8> {
    let length = u32::try_from(text.len()).expect("a line is short").to_be_bytes();
    [&[stream, 0, 0, 0], length.as_slice(), text].concat()
}
