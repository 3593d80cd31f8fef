//! Results for people.

use comfy_table::{ContentArrangement, Table, presets};

use super::{CheckReport, FileOutcome, FileReport};
use crate::model::sanitize;

pub(super) fn files(reports: &[FileReport]) -> String {
    let line = |report: &FileReport| {
        let path = sanitize::path(&report.path);
        match &report.outcome {
            FileOutcome::Unchanged => format!("unchanged  {path}\n"),
            FileOutcome::Kept => {
                format!("kept       {path} (you edited it; --force replaces it and keeps a backup)\n")
            }
            FileOutcome::Written { backup: None } => format!("written    {path}\n"),
            FileOutcome::Written { backup: Some(backup) } => {
                format!("written    {path} (your version is {})\n", sanitize::path(backup))
            }
        }
    };
    reports.iter().map(line).collect()
}

pub(super) fn checks(reports: &[CheckReport]) -> String {
    let mut lines = Vec::new();
    for report in reports {
        let word = if report.faults.is_empty() { "ok" } else { "FAULT" };
        lines.push(format!("{word:<6} {}", report.title));
        lines.extend(report.faults.iter().map(|fault| format!("       {fault}")));
    }
    joined(&lines)
}

pub(super) fn table<const N: usize>(header: [&str; N]) -> Table {
    plain(header.to_vec())
}

/// Returns a table without lines.
pub(super) fn plain(header: Vec<&str>) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(header);
    table
}

pub(super) fn joined(lines: &[String]) -> String {
    let mut text = lines.join("\n");
    text.push('\n');
    text
}
