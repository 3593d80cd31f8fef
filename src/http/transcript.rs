//! The last questions to the services and their answers, kept as evidence.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use super::Http;

/// How many questions are remembered: a wait asks four services four times a second.
const REMEMBERED: usize = 2000;

/// What was asked lately.
#[derive(Clone, Debug, Default)]
pub(super) struct Transcript(Arc<Mutex<VecDeque<Exchange>>>);

/// One question and how it was answered.
#[derive(Debug)]
struct Exchange {
    began: SystemTime,
    method: String,
    url: String,
    answer: Result<u16, String>,
    took: Duration,
}

impl Http {
    /// Returns what was asked lately, a line each: when, method, address, status or error, milliseconds.
    pub fn transcript(&self) -> String {
        let exchanges = self.transcript.0.lock().unwrap_or_else(PoisonError::into_inner);
        let line = |exchange: &Exchange| {
            let answer = exchange.answer.as_ref().map_or_else(Clone::clone, ToString::to_string);
            format!(
                "{} {} {} {answer} {} ms\n",
                humantime::format_rfc3339_millis(exchange.began),
                exchange.method,
                exchange.url,
                exchange.took.as_millis(),
            )
        };
        exchanges.iter().map(line).collect()
    }

    /// Sends a request, and remembers it.
    pub(super) async fn send(
        &self,
        request: reqwest::RequestBuilder,
    ) -> std::result::Result<reqwest::Response, reqwest::Error> {
        let (client, request) = request.build_split();
        let request = request?;
        let (method, url) = (request.method().to_string(), request.url().to_string());
        let (began, watch) = (SystemTime::now(), Instant::now());
        let response = client.execute(request).await;
        let answer = match &response {
            Ok(response) => Ok(response.status().as_u16()),
            Err(error) => Err(super::in_short(error)),
        };
        let mut exchanges = self.transcript.0.lock().unwrap_or_else(PoisonError::into_inner);
        if exchanges.len() == REMEMBERED {
            exchanges.pop_front();
        }
        exchanges.push_back(Exchange { began, method, url, answer, took: watch.elapsed() });
        drop(exchanges);
        response
    }
}
