//! Lines of logs.

/// A line of a service's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogRecord {
    /// The time at which it was written, in RFC 3339, if the engine reports it.
    pub time: Option<String>,
    /// The stream to which it was written.
    pub stream: LogStream,
    /// The text.
    pub text: String,
}

/// An output stream of a container.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogStream {
    /// Standard output, also the terminal of a container.
    #[default]
    Stdout,
    /// Standard error.
    Stderr,
}

impl LogStream {
    /// Returns its name.
    pub fn word(self) -> &'static str {
        match self {
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
        }
    }
}
