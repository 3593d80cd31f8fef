//! The result of `init` and of `dashboards pull`.

use std::path::{Path, PathBuf};

use anstyle::Style;

use crate::model::sanitize;
use crate::output::printer::Printer;
use crate::output::schema;
use crate::output::screen::{BOLD, DIM, Line, Mark, Screen, Terminal};
use crate::output::words::counted;

/// More files than this are counted instead of named.
const NAMED: usize = 3;

impl Printer {
    /// Prints what happened to files.
    pub fn files(&self, stack: &str, reports: &[FileReport]) {
        self.result(|terminal| screen(terminal, reports, self.is_verbose), || schema::files(stack, reports));
    }
}

impl Printer {
    /// Prints what `dashboards pull` did with files.
    pub fn pulled(&self, stack: &str, reports: &[FileReport]) {
        self.result(|terminal| screen(terminal, reports, self.is_verbose), || schema::pulled(stack, reports));
    }
}

/// What `init` did with a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileReport {
    /// The file.
    pub path: PathBuf,
    /// What happened to it.
    pub outcome: FileOutcome,
}

/// What happened to a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileOutcome {
    /// It says already what is shipped.
    Unchanged,
    /// The user edited it, so it stays.
    Kept,
    /// It was written.
    Written {
        /// The copy of what the user had written.
        backup: Option<PathBuf>,
    },
}

fn screen(terminal: Terminal, reports: &[FileReport], is_verbose: bool) -> Screen {
    let of = |is_such: fn(&FileOutcome) -> bool| -> Vec<&Path> {
        let such = reports.iter().filter(|report| is_such(&report.outcome));
        such.map(|report| report.path.as_path()).collect()
    };
    let written = of(|outcome| matches!(outcome, FileOutcome::Written { .. }));
    let unchanged = of(|outcome| *outcome == FileOutcome::Unchanged);
    let kept = of(|outcome| *outcome == FileOutcome::Kept);
    let row =
        |mark, text: &str| terminal.hanging(terminal.row(0, mark), terminal.mark_width(), Style::new(), text);
    let mut lines = Vec::new();
    if !written.is_empty() {
        lines.extend(row(Mark::Good, &format!("{} written to {}", several(&written), folder(&written))));
    }
    for report in reports {
        if let FileOutcome::Written { backup: Some(backup) } = &report.outcome {
            let text = format!("{}: your version is {}", name(&report.path), sanitize::path(backup));
            lines.extend(terminal.paragraph(terminal.mark_width(), Style::new(), &text));
        }
    }
    if !unchanged.is_empty() {
        let verb = if unchanged.len() == 1 { "is" } else { "are" };
        let text = format!("{} in {} {verb} unchanged", several(&unchanged), folder(&unchanged));
        lines.extend(row(Mark::Good, &text));
    }
    if !kept.is_empty() {
        let (verb, them) = if kept.len() == 1 { ("is", "it") } else { ("are", "them") };
        let names: Vec<String> = kept.iter().map(|path| name(path)).collect();
        let text = format!("{} {verb} kept: you edited {them}", names.join(", "));
        lines.extend(row(Mark::Warning, &text));
        let first = Line::plain(" ".repeat(terminal.mark_width())).then(BOLD, "Replace:").text(" ");
        let text = format!("`tdd-stack init --force` (keeps a backup of {them})");
        lines.extend(terminal.continued(first, Style::new(), &text));
    }
    if is_verbose {
        let line = |report: &FileReport| {
            let word = match report.outcome {
                FileOutcome::Unchanged => "unchanged",
                FileOutcome::Kept => "kept",
                FileOutcome::Written { .. } => "written",
            };
            let first = Line::plain(" ".repeat(terminal.mark_width())).then(DIM, format!("{word:<9}  "));
            terminal.continued(first, DIM, &sanitize::path(&report.path))
        };
        lines.extend(reports.iter().flat_map(line));
    }
    lines
}

/// Returns the names of a few files, or the number of many.
fn several(paths: &[&Path]) -> String {
    if paths.len() > NAMED {
        return counted(paths.len(), "file");
    }
    let names: Vec<String> = paths.iter().map(|path| name(path)).collect();
    names.join(", ")
}

/// Returns the folder of files, as a path that is recognized as one.
pub(in crate::output) fn folder(paths: &[impl AsRef<Path>]) -> String {
    let parent = paths.first().and_then(|path| path.as_ref().parent()).unwrap_or_else(|| Path::new(""));
    match sanitize::path(parent) {
        path if parent.is_absolute() || path.starts_with('.') => path,
        path => format!("./{path}"),
    }
}

pub(in crate::output) fn name(path: &Path) -> String {
    path.file_name().map(|name| sanitize::path(Path::new(name))).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::samples::at_all_widths;

    fn report(name: &str, outcome: FileOutcome) -> FileReport {
        FileReport { path: Path::new("config/monitoring").join(name), outcome }
    }

    fn reports(outcome: &FileOutcome) -> Vec<FileReport> {
        (1..=12).map(|number| report(&format!("file{number}.yml"), outcome.clone())).collect()
    }

    #[test]
    fn files_with_one_outcome_are_one_line() {
        let written = reports(&FileOutcome::Written { backup: None });
        let unchanged = reports(&FileOutcome::Unchanged);
        let pulled = vec![report("grafana_dashboards.json", FileOutcome::Written { backup: None })];
        let shown = [written, unchanged, pulled]
            .map(|reports| at_all_widths(|terminal| screen(terminal, &reports, false)));
        insta::assert_snapshot!("files", shown.join("\n"));
    }

    #[test]
    fn edited_files_are_named() {
        let mut kept = reports(&FileOutcome::Unchanged);
        kept[0] = report("alerts.yml", FileOutcome::Kept);
        kept[1] = report("docker-compose.monitoring.yml", FileOutcome::Kept);
        kept[2] = report("grafana_dashboard_provider.yml", FileOutcome::Written { backup: None });
        insta::assert_snapshot!("files_kept", at_all_widths(|terminal| screen(terminal, &kept, false)));
        insta::assert_snapshot!("files_verbose", at_all_widths(|terminal| screen(terminal, &kept, true)));
    }

    #[test]
    fn replaced_file_has_its_backup() {
        let backup = Some("config/monitoring/alerts.yml.bak-1".into());
        let replaced = vec![
            report("alerts.yml", FileOutcome::Written { backup }),
            report("prometheus.yml", FileOutcome::Unchanged),
        ];
        insta::assert_snapshot!(
            "files_replaced",
            at_all_widths(|terminal| screen(terminal, &replaced, false))
        );
    }
}
