//! Alerts as Prometheus and Alertmanager report them.
//!
//! Plain data, filled by `http`.

/// An unresolved alert at Alertmanager.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AlertmanagerAlert {
    /// Its `alertname`.
    pub name: String,
    /// All labels, in order.
    pub labels: Vec<(String, String)>,
    /// All annotations, in order.
    pub annotations: Vec<(String, String)>,
    /// `active`, `suppressed` or `unprocessed`.
    pub state: String,
    /// When it began to fire, in RFC 3339.
    pub since: String,
    /// The receivers it is routed to.
    pub receivers: Vec<String>,
    /// The hash of its labels, which identifies it.
    pub fingerprint: String,
    /// The ids of the silences that suppress it.
    pub silenced_by: Vec<String>,
    /// The fingerprints of the alerts that inhibit it.
    pub inhibited_by: Vec<String>,
}

/// An alert as of Prometheus' last evaluation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PrometheusAlert {
    /// All labels, in order, without the external ones.
    pub labels: Vec<(String, String)>,
    /// All annotations, in order.
    pub annotations: Vec<(String, String)>,
    /// Whether it fires; otherwise its expression holds, but its `for` has not elapsed.
    pub is_firing: bool,
    /// When its expression began to hold, in RFC 3339.
    pub since: String,
}

impl PrometheusAlert {
    /// Returns its `alertname`.
    pub fn name(&self) -> &str {
        self.labels.iter().find(|(name, _)| name == "alertname").map_or("", |(_, value)| value)
    }
}

/// The notifications of one integration since Alertmanager's start. They are not counted per alert.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Delivery {
    /// The integration, such as `webhook`.
    pub integration: String,
    /// The number of notifications that were accepted.
    pub delivered: u64,
    /// The number of failed attempts; Alertmanager retries most of them.
    pub failed: u64,
}

/// A silence of Alertmanager.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Silence {
    /// Its id.
    pub id: String,
    /// Its author.
    pub author: String,
    /// Its comment.
    pub comment: String,
    /// When it ends, in RFC 3339.
    pub until: String,
}
