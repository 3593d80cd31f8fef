//! The program's version and those of the services, for people and for scripts.

use anstyle::Style;

use crate::output::printer::Printer;
use crate::output::schema;
use crate::output::screen::{BOLD, DIM, Line, Screen, Terminal};
use crate::services::Release;

impl Printer {
    /// Prints the program's version, and for each service the default image and the tested version.
    pub fn versions(&self, program: &str, releases: &[Release]) {
        self.result(|terminal| screen(terminal, program, releases), || schema::versions(program, releases));
    }
}

fn screen(terminal: Terminal, program: &str, releases: &[Release]) -> Screen {
    let mut lines = vec![Line::of(BOLD, "tdd-stack").text(" ").text(program), Line::default()];
    let header = ["service", "default image", "tests ran on"].map(|text| Line::of(DIM, text)).to_vec();
    let row = |release: &Release| [release.service, release.image, release.tested].map(Line::plain).to_vec();
    let rows: Vec<Vec<Line>> = std::iter::once(header).chain(releases.iter().map(row)).collect();
    let block = |release: &Release| {
        let text = format!("{}; tests ran on {}", release.image, release.tested);
        let below = terminal.paragraph(2, Style::new(), &text);
        std::iter::once(Line::plain(release.service)).chain(below).collect::<Vec<_>>()
    };
    let table = terminal.table(0, 2, &rows, |_| false);
    lines.extend(table.unwrap_or_else(|| releases.iter().flat_map(block).collect()));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::samples::at_all_widths;

    #[test]
    fn versions_are_a_table_or_blocks() {
        let releases = [
            Release { service: "prometheus", image: "prom/prometheus:v3.13.4", tested: "3.5.3" },
            Release {
                service: "grafana",
                image: "grafana/grafana:13.1.7",
                tested: "a test double of its API",
            },
            Release { service: "node-exporter", image: "prom/node-exporter:v1.12.1", tested: "1.11.1" },
        ];
        insta::assert_snapshot!("version", at_all_widths(|terminal| screen(terminal, "0.1.0", &releases)));
    }
}
