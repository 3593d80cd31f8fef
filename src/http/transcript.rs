//! The latest requests to the services with their answers, kept for diagnostics.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde_json::Value;

use super::Http;

/// How many requests are kept: a wait probes four services four times a second.
const REMEMBERED: usize = 2000;

/// How many bytes of an answer are kept: many more than are shown, so that no secret in the shown part is cut.
const BEGINNING: usize = 2048;

/// The latest requests.
#[derive(Clone, Debug, Default)]
pub(super) struct Transcript(Arc<Mutex<VecDeque<Arc<Exchange>>>>);

/// A request and its answer.
#[derive(Debug)]
struct Exchange {
    began: SystemTime,
    method: String,
    url: String,
    answer: Result<u16, String>,
    took: Duration,
    /// The beginning of the body, if it was read.
    beginning: OnceLock<String>,
}

/// An answer that records the beginning of its body when the body is read.
#[derive(Debug)]
pub(super) struct Response {
    response: reqwest::Response,
    exchange: Arc<Exchange>,
}

impl Response {
    pub(super) fn status(&self) -> StatusCode {
        self.response.status()
    }

    pub(super) fn headers(&self) -> &HeaderMap {
        self.response.headers()
    }

    /// Appends the body to `bytes`, up to `longest` bytes in total. Returns whether the body is complete.
    pub(super) async fn read(&mut self, bytes: &mut Vec<u8>, longest: usize) -> Result<bool, reqwest::Error> {
        let outcome = loop {
            match self.response.chunk().await {
                Ok(Some(chunk)) if bytes.len() + chunk.len() <= longest => bytes.extend_from_slice(&chunk),
                Ok(rest) => break Ok(rest.is_none()),
                Err(error) => break Err(error),
            }
        };
        let beginning = String::from_utf8_lossy(&bytes[..bytes.len().min(BEGINNING)]).into_owned();
        drop(self.exchange.beginning.set(beginning));
        outcome
    }
}

impl Http {
    /// Returns the latest requests, one a line: time, method, URL, status or error, milliseconds, and the
    /// beginning of the body as a JSON string if it was read.
    pub fn transcript(&self) -> String {
        let exchanges = self.transcript.0.lock().unwrap_or_else(PoisonError::into_inner);
        let line = |exchange: &Arc<Exchange>| {
            let answer = exchange.answer.as_ref().map_or_else(Clone::clone, ToString::to_string);
            let beginning = exchange.beginning.get().map(|text| format!(" {}", Value::from(text.as_str())));
            format!(
                "{} {} {} {answer} {} ms{}\n",
                humantime::format_rfc3339_millis(exchange.began),
                exchange.method,
                exchange.url,
                exchange.took.as_millis(),
                beginning.unwrap_or_default(),
            )
        };
        exchanges.iter().map(line).collect()
    }

    /// Sends a request and records it.
    pub(super) async fn send(
        &self,
        request: reqwest::RequestBuilder,
    ) -> std::result::Result<Response, reqwest::Error> {
        let (client, request) = request.build_split();
        let request = request?;
        let (method, url) = (request.method().to_string(), request.url().to_string());
        let (began, watch) = (SystemTime::now(), Instant::now());
        let response = client.execute(request).await;
        let answer = match &response {
            Ok(response) => Ok(response.status().as_u16()),
            Err(error) => Err(super::in_short(error)),
        };
        let took = watch.elapsed();
        let exchange = Arc::new(Exchange { began, method, url, answer, took, beginning: OnceLock::new() });
        let mut exchanges = self.transcript.0.lock().unwrap_or_else(PoisonError::into_inner);
        if exchanges.len() == REMEMBERED {
            exchanges.pop_front();
        }
        exchanges.push_back(exchange.clone());
        drop(exchanges);
        Ok(Response { response: response?, exchange })
    }
}
