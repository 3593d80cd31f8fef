//! Between the engine's streams and the threads that read and write archives: a few chunks at a time, so that a volume
//! of any size needs little memory.

use std::io::{Error, ErrorKind, Read, Result, Seek, SeekFrom, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::Stream;
use futures_util::stream::poll_fn;
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// A few of the engine's chunks, each up to 64 KiB.
const CHUNKS: usize = 16;

/// What goes through a pipe: bytes, or why there are no more.
pub(super) type Chunk = Result<Vec<u8>>;

/// The end of a pipe that a thread reads.
pub(super) struct ChunkSource {
    inbox: Receiver<Chunk>,
    chunk: std::io::Cursor<Vec<u8>>,
}

/// The end of a pipe that a thread writes.
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
    /// Tells the reader that what it got is not all.
    pub(super) fn fail(&self) {
        // Nobody may be there to hear it.
        drop(self.0.blocking_send(Err(Error::other("the backup cannot be read to its end"))));
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

/// A file that can no more be read once the work is given up.
pub(super) struct Stoppable<R> {
    inner: R,
    stopped: Arc<AtomicBool>,
}

/// Gives the work up when it is dropped.
pub(super) struct Stop(Arc<AtomicBool>);

/// Returns a file, and what stops its being read.
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
            return Err(Error::other("given up"));
        }
        self.inner.read(buffer)
    }
}

impl<R: Seek> Seek for Stoppable<R> {
    fn seek(&mut self, to: SeekFrom) -> Result<u64> {
        self.inner.seek(to)
    }
}
