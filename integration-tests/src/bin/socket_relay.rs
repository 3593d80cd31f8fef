//! Relays connections from one socket to another, each `unix:PATH` or `tcp:ADDRESS:PORT`, until it is killed.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};

/// A connection of either kind.
trait Stream: Read + Write + Send + Sized + 'static {
    fn copy(&self) -> std::io::Result<Self>;
    fn end_writing(&self);
}

impl Stream for TcpStream {
    fn copy(&self) -> std::io::Result<Self> {
        self.try_clone()
    }

    fn end_writing(&self) {
        drop(self.shutdown(Shutdown::Write));
    }
}

impl Stream for UnixStream {
    fn copy(&self) -> std::io::Result<Self> {
        self.try_clone()
    }

    fn end_writing(&self) {
        drop(self.shutdown(Shutdown::Write));
    }
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let (from, to) = (arguments.next().unwrap_or_default(), arguments.next().unwrap_or_default());
    match from.split_once(':') {
        Some(("unix", path)) => {
            let listener = UnixListener::bind(path).expect("the socket can be created");
            listener.incoming().flatten().for_each(|client| connect(client, &to));
        }
        Some(("tcp", address)) => {
            let listener = TcpListener::bind(address).expect("the port is free");
            listener.incoming().flatten().for_each(|client| connect(client, &to));
        }
        _ => panic!("`{from}` is neither `unix:PATH` nor `tcp:ADDRESS:PORT`"),
    }
}

fn connect(client: impl Stream, to: &str) {
    match to.split_once(':') {
        Some(("unix", path)) => {
            if let Ok(server) = UnixStream::connect(path) {
                relay(client, server);
            }
        }
        Some(("tcp", address)) => {
            if let Ok(server) = TcpStream::connect(address) {
                relay(client, server);
            }
        }
        _ => panic!("`{to}` is neither `unix:PATH` nor `tcp:ADDRESS:PORT`"),
    }
}

fn relay(client: impl Stream, server: impl Stream) {
    if let (Ok(from_client), Ok(from_server)) = (client.copy(), server.copy()) {
        std::thread::spawn(move || pass(from_client, server));
        std::thread::spawn(move || pass(from_server, client));
    }
}

fn pass(mut from: impl Stream, mut to: impl Stream) {
    drop(std::io::copy(&mut from, &mut to));
    to.end_writing();
}
