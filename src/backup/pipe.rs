//! Bounded pipes between the engine's asynchronous streams and the threads that read and write archives.
//!
//! A pipe holds a few chunks, so a volume of any size needs little memory.

use std::io::{Error, ErrorKind, Read, Result, Seek, SeekFrom, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::Stream;
use futures_util::stream::poll_fn;
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// The capacity of a pipe in chunks; the engine sends up to 64 KiB a chunk.
const CHUNKS: usize = 16;

/// The content of a pipe: bytes, or the error that ends it.
pub(super) type Chunk = Result<Vec<u8>>;

/// The end of a pipe that a thread reads from.
pub(super) struct ChunkSource {
    inbox: Receiver<Chunk>,
    chunk: std::io::Cursor<Vec<u8>>,
}

/// The end of a pipe that a thread writes to.
#[derive(Clone)]
pub(super) struct Sink(Sender<Chunk>);

/// Returns a pipe into a thread.
pub(super) fn into_thread() -> (Sender<Chunk>, ChunkSource) {
    let (sender, inbox) = channel(CHUNKS);
    (sender, ChunkSource { inbox, chunk: std::io::Cursor::default() })
}

/// Returns a pipe out of a thread.
pub(super) fn out_of_thread() -> (Sink, impl Stream<Item = Chunk> + Send + 'static) {
    let (sender, mut inbox) = channel(CHUNKS);
    (Sink(sender), poll_fn(move |context| inbox.poll_recv(context)))
}

impl Read for ChunkSource {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        loop {
            let count = self.chunk.read(buffer)?;
            if count > 0 || buffer.is_empty() {
                return Ok(count);
            }
            match self.inbox.blocking_recv() {
                Some(chunk) => self.chunk = std::io::Cursor::new(chunk?),
                None => return Ok(0),
            }
        }
    }
}

impl Sink {
    /// Reports to the reader that the content is incomplete.
    pub(super) fn fail(&self) {
        // The reader may be gone already.
        drop(self.0.blocking_send(Err(Error::other("the backup cannot be read completely"))));
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        let sent = self.0.blocking_send(Ok(bytes.to_vec()));
        sent.map(|()| bytes.len()).map_err(|_| ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}

/// A file whose reads fail after the work is cancelled.
pub(super) struct Stoppable<R> {
    inner: R,
    stopped: Arc<AtomicBool>,
}

/// Cancels the work when it is dropped.
pub(super) struct Stop(Arc<AtomicBool>);

/// Returns the wrapped file, and the guard that cancels its reads.
pub(super) fn stoppable<R>(inner: R) -> (Stoppable<R>, Stop) {
    let stopped = Arc::new(AtomicBool::new(false));
    (Stoppable { inner, stopped: stopped.clone() }, Stop(stopped))
}

impl Drop for Stop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl<R: Read> Read for Stoppable<R> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        if self.stopped.load(Ordering::Relaxed) {
            return Err(Error::other("cancelled"));
        }
        self.inner.read(buffer)
    }
}

impl<R: Seek> Seek for Stoppable<R> {
    fn seek(&mut self, to: SeekFrom) -> Result<u64> {
        self.inner.seek(to)
    }
}
