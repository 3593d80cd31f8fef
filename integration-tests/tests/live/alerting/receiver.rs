//! A receiver of alerts that containers can reach and that keeps every message.

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
        let listener = TcpListener::bind((gateway(), 0)).expect("a port is free");
        let address = listener.local_addr().expect("a listener has an address");
        let (messages, has_ended) = (Arc::new(Mutex::default()), Arc::new(AtomicBool::new(false)));
        let receiver = Self { address, messages: Arc::clone(&messages), has_ended: Arc::clone(&has_ended) };
        thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                if has_ended.load(Ordering::Relaxed) {
                    break;
                }
                if let Some(message) = receive(connection) {
                    messages.lock().expect("no thread panics while it holds the lock").push(message);
                }
            }
        });
        receiver
    }

    /// Returns its URL for containers.
    pub(crate) fn url(&self) -> String {
        format!("http://tdd-webhook:{}/", self.address.port())
    }

    /// Returns the descriptions of all received alerts with a status.
    pub(crate) fn received(&self, status: &str) -> Vec<String> {
        let messages = self.messages.lock().expect("no thread panics while it holds the lock");
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
        // The connection wakes the listener, which may have ended already.
        drop(TcpStream::connect(self.address));
    }
}

/// Reads one request, answers it, and returns its body; `None` if the connection ends early.
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
