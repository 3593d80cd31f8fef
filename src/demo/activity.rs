//! The events and levels that the model produces and the metrics record.

use super::application::DATABASES;

/// An event that metrics count.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Activity {
    /// A request was answered, or a script was run.
    Request {
        /// The page or the template of the route.
        handler: &'static str,
        /// The HTTP method or `RUN`.
        method: &'static str,
        /// The HTTP status.
        status: &'static str,
        /// The duration in seconds.
        seconds: f64,
    },
    /// A query was run.
    Query {
        /// The database.
        database: &'static str,
        /// The kind of query.
        operation: &'static str,
        /// The duration in seconds.
        seconds: f64,
    },
    /// A database connection could not be opened.
    ConnectionFailed {
        /// The database.
        database: &'static str,
    },
    /// A phase ended.
    Phase {
        /// `red`, `green` or `refactor`.
        phase: &'static str,
        /// The duration in seconds.
        seconds: f64,
    },
    /// A record was logged.
    Log {
        /// The top-level logger.
        logger: &'static str,
        /// The log level.
        level: &'static str,
    },
}

/// The values of the gauges.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Levels {
    /// The open connections of each database, in the order of [`DATABASES`].
    pub(super) connections: [f64; DATABASES.len()],
    /// The memory of the application's process, in bytes.
    pub(super) resident_memory: f64,
    /// The processor time of the process, in seconds.
    pub(super) processor_time: f64,
    /// The share of the simulated host's memory that is in use, 0 to 1.
    pub(super) host_memory_used: f64,
}
