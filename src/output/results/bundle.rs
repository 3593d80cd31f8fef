//! The result of `support-bundle`.

use std::path::Path;

use anstyle::Style;

use crate::model::sanitize;
use crate::output::printer::Printer;
use crate::output::schema;
use crate::output::screen::{DIM, Line, Mark, Screen, Terminal};

impl Printer {
    /// Prints where a support bundle is.
    pub fn bundle(&self, path: &Path, files: &[&str]) {
        self.result(|terminal| screen(terminal, path, files), || schema::bundle(path, files));
    }
}

fn screen(terminal: Terminal, path: &Path, files: &[&str]) -> Screen {
    let path = sanitize::path(path);
    let mut inside: Vec<(&str, usize)> = Vec::new();
    for name in files.iter().map(|name| name.split_inclusive('/').next().unwrap_or(name)) {
        match inside.iter_mut().find(|(known, _)| *known == name) {
            Some((_, count)) => *count += 1,
            None => inside.push((name, 1)),
        }
    }
    let part = |(name, count): (&str, usize)| {
        if name.ends_with('/') { format!("{name} ({count})") } else { name.to_string() }
    };
    let inside: Vec<String> = inside.into_iter().map(part).collect();
    let row = || Line::plain(" ".repeat(terminal.mark_width()));
    let first = terminal.row(0, Mark::Good);
    let mut lines =
        terminal.hanging(first, terminal.mark_width(), Style::new(), &format!("Support bundle: {path}"));
    lines.extend(terminal.list(row().then(DIM, "Content: "), DIM, &inside));
    let text = "Known secrets are removed, but look at it before you send it:";
    lines.extend(terminal.continued(row(), Style::new(), text));
    lines.push(row().text("  tar -xzf ").text(path));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::samples::at_all_widths;

    #[test]
    fn bundle_names_its_content() {
        let files = [
            "summary.txt",
            "plan.json",
            "events.jsonl",
            "engine/info.json",
            "engine/events.json",
            "containers/tdd-grafana.json",
            "containers/tdd-prometheus.json",
            "logs/grafana.txt",
            "config/alerts.yml",
        ];
        let path = Path::new("tdd-stack-support-tdd-20261124T093107Z.tar.gz");
        insta::assert_snapshot!("bundle", at_all_widths(|terminal| screen(terminal, path, &files)));
    }
}
