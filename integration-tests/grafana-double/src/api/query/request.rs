//! Requests of clients to `/api/ds/query`.

use serde::Deserialize;

/// The body.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Request {
    /// The start: relative or in milliseconds.
    pub(crate) from: String,
    /// The end.
    pub(crate) to: String,
    /// The queries.
    pub(crate) queries: Vec<Query>,
}

/// One query.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Query {
    /// The letter that identifies its result.
    pub(crate) ref_id: String,
    /// The data source.
    pub(crate) datasource: Reference,
    /// The expression.
    pub(crate) expr: String,
    /// Whether to query the value at the end of the range.
    pub(crate) instant: bool,
    /// Whether to query the values over the range.
    pub(crate) range: bool,
    /// The format of series names.
    pub(crate) legend_format: String,
    /// The smallest step, as set in the panel.
    pub(crate) interval: String,
    /// The factor of the step.
    pub(crate) interval_factor: u64,
    /// The step that fits the panel, in milliseconds.
    pub(crate) interval_ms: f64,
    /// The number of points that the panel can show.
    pub(crate) max_data_points: u64,
    /// The offset of the time zone.
    pub(crate) utc_offset_sec: i64,
}

/// The data source of a query.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Reference {
    /// Its uid.
    pub(crate) uid: String,
}

impl Default for Query {
    fn default() -> Self {
        Self {
            ref_id: "A".into(),
            datasource: Reference::default(),
            expr: String::new(),
            instant: false,
            range: false,
            legend_format: String::new(),
            interval: String::new(),
            interval_factor: 1,
            interval_ms: 0.0,
            max_data_points: 100,
            utc_offset_sec: 0,
        }
    }
}

impl Query {
    /// Returns the step that fits the panel, if the client sent one.
    pub(crate) fn asked_step(&self) -> Option<u64> {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "whole milliseconds, as in Go"
        )]
        let whole = self.interval_ms as u64;
        Some(whole).filter(|whole| *whole > 0)
    }
}
