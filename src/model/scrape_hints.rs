//! Explains failed scrapes and how to fix them.
//!
//! It only maps Prometheus' error messages, as of Prometheus 3.5, to hints.

/// A cause of failed scrapes that Prometheus' message identifies.
struct Row {
    /// The texts that the message must contain, all of them.
    words: &'static [&'static str],
    /// The cause and the fix.
    advice: &'static str,
}

/// The hint for a target that is the scraping container itself.
pub const LOCALHOST: &str = "`localhost` is the Prometheus container itself: use `tdd-app` as the target";
/// The hint for a target that answers with a web page.
pub const WEB_PAGE: &str = "the target answers with a web page instead of metrics, as Streamlit does for every unknown \
                            path: add a route with `st.App`, or scrape `/_stcore/metrics`";
/// The hint for a target without a Content-Type of metrics.
pub const CONTENT_TYPE: &str = "the endpoint sends no metrics Content-Type: send `text/plain; version=0.0.4`, or set \
                                `fallback_scrape_protocol: PrometheusText1.0.0` for the job";

/// The hint for a target that answers 404.
pub const NO_SUCH_PATH: &str = "the application does not have this path: add it, or set `metrics_path` of the job in \
                                `prometheus.yml` to an existing path";
const FIREWALL: &str = "nothing answers: a firewall on the host may drop packets from containers; allow them on the stack's \
                        bridge";

/// From specific to general; the first match wins.
const ROWS: [Row; 11] = [
    Row { words: &["dial tcp 127.0.0.1:", "connection refused"], advice: LOCALHOST },
    Row { words: &["dial tcp [::1]:", "connection refused"], advice: LOCALHOST },
    Row {
        words: &["connection refused"],
        advice: "the application is not running, or listens on 127.0.0.1 only: start it on 0.0.0.0",
    },
    Row {
        words: &["no such host"],
        advice: "the name does not resolve inside the network: run `tdd-stack up` again, or give the application's \
                 container the alias `tdd-app` on the stack's network",
    },
    Row { words: &["unsupported Content-Type \"text/html"], advice: WEB_PAGE },
    Row { words: &["expected a valid start token, got \"<\""], advice: WEB_PAGE },
    Row { words: &["blank Content-Type"], advice: CONTENT_TYPE },
    Row { words: &["unsupported Content-Type"], advice: CONTENT_TYPE },
    Row { words: &["server returned HTTP status 404"], advice: NO_SUCH_PATH },
    Row { words: &["no route to host"], advice: FIREWALL },
    Row { words: &["context deadline exceeded"], advice: FIREWALL },
];

/// Returns the cause and the fix of a scrape error, if it is known.
pub fn for_scrape_error(error: &str) -> Option<&'static str> {
    ROWS.iter().find(|row| row.words.iter().all(|words| error.contains(words))).map(|row| row.advice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_scrape_error_has_a_hint() {
        for (error, words) in [
            (
                "Get \"http://localhost:8501/\": dial tcp 127.0.0.1:8501: connect: connection refused",
                "`tdd-app`",
            ),
            ("dial tcp 172.17.0.1:8501: connect: connection refused", "0.0.0.0"),
            ("Get \"http://tdd-app:8501/\": context deadline exceeded", "firewall"),
            ("dial tcp: lookup tdd-app on 127.0.0.11:53: no such host", "alias"),
            ("received unsupported Content-Type \"text/html; charset=utf-8\" and no fallback", "`st.App`"),
            (
                "non-compliant scrape target sending blank Content-Type and no fallback",
                "fallback_scrape_protocol",
            ),
            (
                "received unsupported Content-Type \"application/json\" and no fallback",
                "fallback_scrape_protocol",
            ),
            ("server returned HTTP status 404 Not Found", "`metrics_path`"),
            ("dial tcp 172.17.0.1:8501: connect: no route to host", "firewall"),
            ("expected a valid start token, got \"<\" (\"INVALID\") while parsing: \"<\"", "`st.App`"),
        ] {
            let advice = for_scrape_error(error).unwrap_or_else(|| panic!("no advice for {error}"));
            assert!(advice.contains(words), "{error}: {advice}");
        }
    }

    #[test]
    fn unknown_scrape_error_has_no_hint() {
        assert_eq!(for_scrape_error("server returned HTTP status 503 Service Unavailable"), None);
    }
}
