//! What can be made to go wrong.

use std::time::Duration;

/// One thing that goes wrong. A call is named by the beginning of its request, such as `POST /networks/create`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A pull fails after it has begun: the reason comes inside the stream.
    PullFails,
    /// The last line end of a pull comes in two parts, which makes a client see an error after a good pull.
    PullEndsInParts,
    /// A pull's stream ends before the image is there.
    PullStopsEarly,
    /// The registry has no such image.
    ImageMissing,
    /// The registry wants a login.
    LoginWanted,
    /// Every answer, and every line of a pull, comes this much later.
    Slow(Duration),
    /// A call is never answered.
    NoAnswer(&'static str),
    /// A call is answered with status 500 and these words.
    Says(&'static str, &'static str),
    /// A call is answered with status 500.
    Fails(&'static str),
    /// A call's answer breaks off in the middle of its body.
    Cut(&'static str),
    /// A service's port is taken between the look and the start; the same port is refused each time.
    PortTaken(&'static str),
    /// `/` of the engine's host is no shared mount.
    RootNotShared,
    /// A service ends with code 1 as soon as it is started.
    Dies(&'static str),
    /// A service's first process does not hear the signal with which a stop begins, as one that has just started.
    StopUnheard(&'static str),
    /// Whatever runs this image ends with code 1 as soon as it is started.
    ImageDies(&'static str),
    /// A service ends and is started again, and again.
    RestartsForever(&'static str),
    /// A service runs, and answers 503 to its probe.
    NeverReady(&'static str),
    /// Nothing comes through to a service from another container.
    Firewall(&'static str),
    /// The image of Prometheus has no `wget`.
    NoWget,
    /// Grafana's command that sets a password fails.
    ResetFails,
    /// A service refuses a configuration that passed its check.
    ReloadRefused(&'static str),
    /// A service refuses one configuration that passed its check, and takes the next one.
    ReloadRefusedOnce(&'static str),
    /// Prometheus cannot scrape a job.
    TargetDown(&'static str),
    /// Prometheus cannot evaluate a rule.
    RuleFails(&'static str),
    /// Grafana's data source answers its health check with an error.
    DataSourceDown,
    /// Grafana's data source answers its health check with these words.
    DataSourceSays(&'static str),
}
