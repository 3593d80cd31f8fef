//! What a backup and a restore came to.

use std::time::Duration;

use anstyle::Style;

use super::files;
use crate::backup::format::{Manifest, Pause, RestoreReport, SaveReport};
use crate::model::sanitize;
use crate::output::printer::Printer;
use crate::output::schema;
use crate::output::screen::{BOLD, DIM, Line, Mark, Screen, Terminal, seconds};
use crate::output::words::{command, counted};

impl Printer {
    /// Prints what a backup saved.
    pub fn saved(&self, report: &SaveReport, total: Duration) {
        self.result(
            |terminal| saved_screen(terminal, report, total, self.is_verbose),
            || schema::saved(report, total),
        );
    }

    /// Prints what a restore wrote.
    pub fn restored(&self, report: &RestoreReport, total: Duration) {
        self.result(|terminal| restored_screen(terminal, report, total), || schema::restored(report, total));
    }
}

fn saved_screen(terminal: Terminal, report: &SaveReport, total: Duration, is_verbose: bool) -> Screen {
    let file = sanitize::path(&report.file);
    let first = terminal.row(0, Mark::Good).text("Stack ").then(BOLD, &report.manifest.about.stack);
    let text = format!(" is backed up to {file} ({})", seconds(total));
    let mut lines = terminal.hanging(first, terminal.mark_width(), Style::new(), &text);
    let row = || Line::plain(" ".repeat(terminal.mark_width()));
    let text = format!("{}: {}", size(report.bytes), content(&report.manifest));
    lines.extend(terminal.continued(row(), Style::new(), &text));
    if is_verbose && !report.pauses.is_empty() {
        let pause = |pause: &Pause| format!("{} {}", pause.service, seconds(pause.took));
        let pauses: Vec<String> = report.pauses.iter().map(pause).collect();
        lines.extend(terminal.list(row().then(DIM, "Paused: "), DIM, &pauses));
    }
    let restore = command(&report.manifest.about.stack, &format!("restore {file}"));
    lines.push(row().text("Restore it: ").text(restore));
    lines
}

fn restored_screen(terminal: Terminal, report: &RestoreReport, total: Duration) -> Screen {
    let about = &report.manifest.about;
    let first = terminal.row(0, Mark::Good).text("Stack ").then(BOLD, &report.stack);
    let text = format!(
        " has the data that {} had at {} ({})",
        if about.stack == report.stack { "it" } else { about.stack.as_str() },
        about.created,
        seconds(total)
    );
    let mut lines = terminal.hanging(first, terminal.mark_width(), Style::new(), &text);
    let row = || Line::plain(" ".repeat(terminal.mark_width()));
    lines.extend(terminal.continued(row(), Style::new(), &content(&report.manifest)));
    if !report.written.is_empty() {
        let text = format!(
            "{} written to {}",
            counted(report.written.len(), "file"),
            files::folder(&report.written)
        );
        lines.extend(terminal.continued(row(), Style::new(), &text));
    }
    if !report.kept.is_empty() {
        let names: Vec<String> = report.kept.iter().map(|path| files::name(path)).collect();
        let verb = if names.len() == 1 { "differs" } else { "differ" };
        let text = format!("{} {verb} from the backup and stay as on the disk", names.join(", "));
        let text = if names.len() == 1 { text.replace("and stay ", "and stays ") } else { text };
        lines.extend(terminal.hanging(
            terminal.row(0, Mark::Warning),
            terminal.mark_width(),
            Style::new(),
            &text,
        ));
    }
    lines.push(row().text("Start it: ").text(command(&report.stack, "up")));
    lines.extend(terminal.continued(row(), DIM, "Grafana's login is the one of the backup"));
    lines
}

fn content(manifest: &Manifest) -> String {
    let volumes = manifest.volumes();
    let bytes = volumes.iter().map(|name| manifest.bytes(name)).sum();
    format!(
        "{} with {}, {}",
        counted(volumes.len(), "volume"),
        size(bytes),
        counted(manifest.files().len(), "configuration file")
    )
}

/// Returns a size as people say it.
fn size(bytes: u64) -> String {
    match bytes {
        0..1000 => format!("{bytes} bytes"),
        1000..1_000_000 => format!("{} kB", bytes.div_ceil(1000)),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backup::format::{About, Entry, EntryKind, SCHEMA};
    use crate::output::samples::at_all_widths;

    fn manifest() -> Manifest {
        let entry = |path: &str, kind, size| Entry { path: path.into(), kind, size, sha256: None };
        let about = About { stack: "tdd".into(), created: "2026-11-24T10:00:00Z".into(), ..About::default() };
        let entries = vec![
            entry("volumes/prometheus_data", EntryKind::Folder, 0),
            entry("volumes/prometheus_data/wal", EntryKind::File, 125_700),
            entry("config/alerts.yml", EntryKind::File, 12_000),
            entry("config/prometheus.yml", EntryKind::File, 4_000),
        ];
        Manifest { schema: SCHEMA.into(), about, entries }
    }

    #[test]
    fn backup_names_its_file_and_how_to_restore_it() {
        let pause =
            |service: &str, took| Pause { service: service.into(), took: Duration::from_millis(took) };
        let report = SaveReport {
            file: "/home/you/backups/2026-11-24/tdd.backup".into(),
            bytes: 63_100,
            manifest: manifest(),
            pauses: vec![pause("prometheus", 1020), pause("grafana", 1160), pause("alertmanager", 890)],
        };
        let shown = [false, true].map(|is_verbose| {
            at_all_widths(|terminal| saved_screen(terminal, &report, Duration::from_millis(3460), is_verbose))
        });
        insta::assert_snapshot!("backup", shown.join("\n"));
    }

    #[test]
    fn restore_names_what_it_kept() {
        let mut report = RestoreReport {
            stack: "tdd".into(),
            file: "tdd.backup".into(),
            manifest: manifest(),
            written: Vec::new(),
            kept: Vec::new(),
        };
        let screen = |report: &RestoreReport| {
            at_all_widths(|terminal| restored_screen(terminal, report, Duration::from_millis(610)))
        };
        let plain = screen(&report);
        report.stack = "other".into();
        report.written = vec!["config/monitoring/alerts.yml".into()];
        report.kept = vec!["config/monitoring/prometheus.yml".into()];
        insta::assert_snapshot!("restore", [plain, screen(&report)].join("\n"));
    }
}
