//! Faults of the engine and its services.

use std::time::Duration;

/// A fault. A call is given by the beginning of its request, such as `POST /networks/create`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A pull fails inside its stream.
    PullFails,
    /// The last line end of a pull is split, which clients report as an error after a successful pull.
    PullEndsInParts,
    /// A pull's stream ends before the image is complete.
    PullStopsEarly,
    /// The registry does not have the image.
    ImageMissing,
    /// The registry requires a login.
    LoginRequired,
    /// Every answer, and every line of a pull, is delayed by this time.
    Slow(Duration),
    /// A call is never answered.
    NoAnswer(&'static str),
    /// A call is answered with status 500 and this message.
    Says(&'static str, &'static str),
    /// A call is answered with status 500.
    Fails(&'static str),
    /// A call's answer is truncated in the middle of its body.
    Cut(&'static str),
    /// A service's port is taken between observation and start; the same port is rejected each time.
    PortTaken(&'static str),
    /// `/` of the engine's host is not a shared mount.
    RootNotShared,
    /// A service exits with code 1 right after its start.
    Dies(&'static str),
    /// PID 1 of a service ignores the first stop signal, like a process that has just started.
    StopIgnored(&'static str),
    /// Every container of this image exits with code 1 right after its start.
    ImageDies(&'static str),
    /// A service crash-loops.
    RestartsForever(&'static str),
    /// A service runs, and answers its probe with 503.
    NeverReady(&'static str),
    /// A service is unreachable from other containers.
    Firewall(&'static str),
    /// The image of Prometheus has no `wget`.
    NoWget,
    /// Grafana's command that sets a password fails.
    ResetFails,
    /// A service rejects a configuration that passed its check.
    ReloadRefused(&'static str),
    /// A service rejects one configuration that passed its check, and accepts the next.
    ReloadRefusedOnce(&'static str),
    /// Prometheus cannot scrape a job.
    TargetDown(&'static str),
    /// Prometheus cannot evaluate a rule.
    RuleFails(&'static str),
    /// The health check of Grafana's data source fails.
    DataSourceDown,
    /// The health check of Grafana's data source fails with this message.
    DataSourceSays(&'static str),
}
