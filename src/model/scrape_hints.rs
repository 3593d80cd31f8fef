//! Says what a failed scrape means, and what to do about it.
//!
//! Never asks anything: Prometheus' own words in, advice out. The words are those of Prometheus 3.5.

/// A cause of failed scrapes that can be told from Prometheus' words.
struct Row {
    /// What the error must contain, all of it.
    words: &'static [&'static str],
    /// What it means and what to do.
    advice: &'static str,
}

/// For a target that is the scraping container itself.
pub const LOCALHOST: &str = "`localhost` is the container itself: write the target as `tdd-app` instead";
/// For a target that answers a page for people.
pub const WEB_PAGE: &str = "a web page answers instead of metrics: Streamlit serves its page for every unknown path, so \
                            add a route with `st.App`, or scrape `/_stcore/metrics`";
/// For a target whose answer is not declared to be metrics.
pub const CONTENT_TYPE: &str = "the endpoint sends no Content-Type of metrics: send `text/plain; version=0.0.4`, or set \
                                `fallback_scrape_protocol: PrometheusText1.0.0` for the job";

/// For a target that has no such path.
pub const NO_SUCH_PATH: &str = "the application has no such path: add it there, or write the one it has as `metrics_path` \
                                of the job in `prometheus.yml`";
const FIREWALL: &str = "nothing answers at all: a firewall of the host may drop what comes from containers; let it in on \
                        the stack's bridge";

/// From the most special to the most general: the first row that fits wins.
const ROWS: [Row; 11] = [
    Row { words: &["dial tcp 127.0.0.1:", "connection refused"], advice: LOCALHOST },
    Row { words: &["dial tcp [::1]:", "connection refused"], advice: LOCALHOST },
    Row {
        words: &["connection refused"],
        advice: "your application does not run, or listens on 127.0.0.1 only: start it on 0.0.0.0",
    },
    Row {
        words: &["no such host"],
        advice: "the name does not resolve inside the network: run `tdd-stack up` again, or give the container of \
                 your application the alias `tdd-app` on the stack's network",
    },
    Row { words: &["unsupported Content-Type \"text/html"], advice: WEB_PAGE },
    Row { words: &["expected a valid start token, got \"<\""], advice: WEB_PAGE },
    Row { words: &["blank Content-Type"], advice: CONTENT_TYPE },
    Row { words: &["unsupported Content-Type"], advice: CONTENT_TYPE },
    Row { words: &["server returned HTTP status 404"], advice: NO_SUCH_PATH },
    Row { words: &["no route to host"], advice: FIREWALL },
    Row { words: &["context deadline exceeded"], advice: FIREWALL },
];

/// Returns what a scrape's error means and what to do, where that can be told.
pub fn for_scrape_error(error: &str) -> Option<&'static str> {
    ROWS.iter().find(|row| row.words.iter().all(|words| error.contains(words))).map(|row| row.advice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_error_has_its_advice() {
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
    fn an_unknown_error_has_none() {
        assert_eq!(for_scrape_error("server returned HTTP status 503 Service Unavailable"), None);
    }
}
