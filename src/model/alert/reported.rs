//! Alerts as Prometheus and Alertmanager tell of them.
//!
//! Plain data; `http` fills it in.

/// An alert that has arrived at Alertmanager and is not over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AlertmanagerAlert {
    /// Its `alertname`.
    pub name: String,
    /// All its labels, in their order.
    pub labels: Vec<(String, String)>,
    /// Its annotations, in their order.
    pub annotations: Vec<(String, String)>,
    /// `active`, `suppressed` or `unprocessed`.
    pub state: String,
    /// Since when it fires, in the form of RFC 3339.
    pub since: String,
    /// The receivers that it is routed to.
    pub receivers: Vec<String>,
    /// What identifies it: the hash of its labels.
    pub fingerprint: String,
    /// The ids of the silences that keep it from being sent.
    pub silenced_by: Vec<String>,
    /// The fingerprints of the alerts that keep it from being sent.
    pub inhibited_by: Vec<String>,
}

/// An alert as Prometheus' last evaluation left it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PrometheusAlert {
    /// All its labels, in their order, without the external ones.
    pub labels: Vec<(String, String)>,
    /// Its annotations, in their order.
    pub annotations: Vec<(String, String)>,
    /// Whether it fires already; else its expression holds, and its `for` is not over.
    pub is_firing: bool,
    /// Since when its expression holds, in the form of RFC 3339.
    pub since: String,
}

impl PrometheusAlert {
    /// Returns its `alertname`.
    pub fn name(&self) -> &str {
        self.labels.iter().find(|(name, _)| name == "alertname").map_or("", |(_, value)| value)
    }
}

/// What the receivers of one kind took and refused since Alertmanager's start. It does not say of which alert.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Delivery {
    /// The kind, such as `webhook`.
    pub integration: String,
    /// Messages that were taken.
    pub delivered: u64,
    /// Attempts that failed; Alertmanager repeats most of them.
    pub failed: u64,
}

/// A silence of Alertmanager.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Silence {
    /// Its id.
    pub id: String,
    /// Who made it.
    pub author: String,
    /// Why.
    pub comment: String,
    /// When it ends, in the form of RFC 3339.
    pub until: String,
}
