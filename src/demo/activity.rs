//! What the simulated application does, between the model that lives it and the metrics that count it.

use super::application::DATABASES;

/// Something that happened, to be counted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Activity {
    /// A request was answered, or a script run.
    Request {
        /// The page or the route's template.
        handler: &'static str,
        /// The HTTP method or `RUN`.
        method: &'static str,
        /// The HTTP status.
        status: &'static str,
        /// How long it took.
        seconds: f64,
    },
    /// A query was run.
    Query {
        /// The database.
        database: &'static str,
        /// The kind of query.
        operation: &'static str,
        /// How long it took.
        seconds: f64,
    },
    /// A connection could not be opened.
    ConnectionFailed {
        /// The database.
        database: &'static str,
    },
    /// A phase ended.
    Phase {
        /// `red`, `green` or `refactor`.
        phase: &'static str,
        /// How long it took.
        seconds: f64,
    },
    /// A record was logged.
    Log {
        /// The top-level logger.
        logger: &'static str,
        /// The level.
        level: &'static str,
    },
}

/// What is true at this moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Levels {
    /// Open connections of each database, in the databases' order.
    pub(super) connections: [f64; DATABASES.len()],
    /// The memory of the application's process, in bytes.
    pub(super) resident_memory: f64,
    /// The processor time that it has used, in seconds.
    pub(super) processor_time: f64,
    /// The share of the simulated host's memory that is in use, 0 to 1.
    pub(super) host_memory_used: f64,
}
