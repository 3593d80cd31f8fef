//! A receiver of alerts that keeps every message, where containers reach it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::Value;

use crate::application::gateway;

/// A receiver that ends with the test.
#[derive(Debug)]
pub(crate) struct Receiver {
    address: SocketAddr,
    messages: Arc<Mutex<Vec<Value>>>,
    has_ended: Arc<AtomicBool>,
}

impl Receiver {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind((gateway(), 0)).expect("a free port can be had");
        let address = listener.local_addr().expect("a listener has an address");
        let (messages, has_ended) = (Arc::new(Mutex::default()), Arc::new(AtomicBool::new(false)));
        let receiver = Self { address, messages: Arc::clone(&messages), has_ended: Arc::clone(&has_ended) };
        thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                if has_ended.load(Ordering::Relaxed) {
                    break;
                }
                if let Some(message) = receive(connection) {
                    messages.lock().expect("no holder panics").push(message);
                }
            }
        });
        receiver
    }

    /// Returns its address, as a container writes it.
    pub(crate) fn url(&self) -> String {
        format!("http://tdd-webhook:{}/", self.address.port())
    }

    /// Returns the descriptions of the alerts of a status that have come so far.
    pub(crate) fn heard(&self, status: &str) -> Vec<String> {
        let messages = self.messages.lock().expect("no holder panics");
        let alerts = messages.iter().flat_map(|message| message["alerts"].as_array().into_iter().flatten());
        let of_status = alerts.filter(|alert| alert["status"] == status);
        of_status
            .map(|alert| alert["annotations"]["description"].as_str().unwrap_or_default().into())
            .collect()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.has_ended.store(true, Ordering::Relaxed);
        // Wakes the listener; one that is gone already needs no waking.
        drop(TcpStream::connect(self.address));
    }
}

/// Reads one request, answers it, and returns its body; `None` where it breaks off.
fn receive(connection: TcpStream) -> Option<Value> {
    let mut reader = BufReader::new(connection);
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if line.trim().is_empty() {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    reader.into_inner().write_all(answer.as_bytes()).ok()?;
    serde_json::from_slice(&body).ok()
}
