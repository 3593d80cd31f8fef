//! The two text formats of metrics, and the choice by the `Accept` header.
//!
//! Text in, text out.

/// A text format of metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// `OpenMetrics`, which Prometheus prefers.
    OpenMetrics,
    /// The older Prometheus text format, for `promtool check metrics` and `curl`.
    Plain,
}

impl Format {
    /// Returns the format that an `Accept` header requests.
    pub(super) fn accepted(header: Option<&str>) -> Self {
        match header {
            Some(accept) if accept.contains("application/openmetrics-text") => Self::OpenMetrics,
            _ => Self::Plain,
        }
    }

    /// Returns the content type of the format. Prometheus 3 rejects a scrape without one.
    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Plain => "text/plain; version=0.0.4; charset=utf-8",
        }
    }

    /// Returns an `OpenMetrics` page in this format.
    pub(super) fn write(self, open_metrics: &str) -> String {
        match self {
            Self::OpenMetrics => open_metrics.to_string(),
            Self::Plain => open_metrics.lines().filter_map(|line| plain(open_metrics, line)).collect(),
        }
    }
}

/// Returns a line of an `OpenMetrics` page in the older format, where the name of a counter ends in `_total`.
fn plain(page: &str, line: &str) -> Option<String> {
    let Some(comment) = line.strip_prefix("# ") else { return Some(format!("{line}\n")) };
    let (keyword, rest) = comment.split_once(' ')?;
    let (name, text) = rest.split_once(' ')?;
    let is_counter = page.contains(&format!("# TYPE {name} counter\n"));
    let suffix = if is_counter { "_total" } else { "" };
    Some(format!("# {keyword} {name}{suffix} {text}\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "# HELP jobs Jobs.\n# TYPE jobs counter\njobs_total 1\n# HELP open Open.\n# TYPE open gauge\n\
                        open{a=\"# b\"} 2.0\n# EOF\n";

    #[test]
    fn plain_format_adds_total_to_counter_names() {
        let plain = Format::Plain.write(PAGE);
        let expected = "# HELP jobs_total Jobs.\n# TYPE jobs_total counter\njobs_total 1\n# HELP open Open.\n\
                        # TYPE open gauge\nopen{a=\"# b\"} 2.0\n";
        assert_eq!(plain, expected);
        assert_eq!(Format::OpenMetrics.write(PAGE), PAGE);
    }

    #[test]
    fn accept_header_selects_the_format() {
        let prometheus =
            "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.2,*/*;q=0.1";
        assert_eq!(Format::accepted(Some(prometheus)), Format::OpenMetrics);
        assert_eq!(Format::accepted(Some("*/*")), Format::Plain);
        assert_eq!(Format::accepted(None), Format::Plain);
    }
}
