//! Returns the differences that a plan makes in existing texts: files inside containers, and dashboards.

use similar::TextDiff;

use super::subjects::subjects;
use super::{Operation, Plan};
use crate::model::observed::{Observed, ObservedGrafana};
use crate::model::stack::LOADED_CHECKSUM;

/// The change of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextChange {
    /// The service that uses the text.
    pub service: String,
    /// The name of the file, or the uid of the dashboard.
    pub name: String,
    /// What changed in it, such as `LogErrorsHigh changed`; empty if it cannot be named.
    pub subjects: Vec<String>,
    /// The unified diff, as `diff -u` writes it.
    pub diff: String,
}

/// Returns the changes that a plan makes to existing texts. A first upload is not a change.
pub fn text_changes(plan: &Plan, observed: &Observed) -> Vec<TextChange> {
    let mut changes: Vec<TextChange> = Vec::new();
    for step in &plan.steps {
        match &step.operation {
            Operation::Upload { service, files, .. } => {
                let Some(inside) = observed.delivered.get(service) else { continue };
                for (name, after) in files.iter().filter(|(name, _)| name != LOADED_CHECKSUM) {
                    let before = inside.get(name).filter(|before| *before != after);
                    changes.extend(before.and_then(|before| change(service, name, before, after)));
                }
            }
            Operation::ImportDashboard { uid, body, .. } => {
                let ObservedGrafana::Known(content) = &observed.grafana else { continue };
                let Some(before) = content.dashboards.get(uid) else { continue };
                let mut before = before.clone();
                if let Some(map) = before.as_object_mut() {
                    map.retain(|key, _| body.get(key).is_some());
                }
                changes.extend(change("grafana", uid, &format!("{before:#}\n"), &format!("{body:#}\n")));
            }
            _ => {}
        }
    }
    changes
}

fn change(service: &str, name: &str, before: &str, after: &str) -> Option<TextChange> {
    let names = (format!("{name} (running)"), format!("{name} (planned)"));
    let diff = TextDiff::from_lines(before, after)
        .unified_diff()
        .context_radius(2)
        .header(&names.0, &names.1)
        .to_string();
    let subjects = subjects(before, after);
    let changed = TextChange { service: service.to_string(), name: name.to_string(), subjects, diff };
    (!changed.diff.is_empty()).then_some(changed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn change_shows_lines_with_context() {
        let changed = change("prometheus", "alerts.yml", "a\nb\nc\nd\n", "a\nb\nC\nd\n").unwrap();
        let expected =
            "--- alerts.yml (running)\n+++ alerts.yml (planned)\n@@ -1,4 +1,4 @@\n a\n b\n-c\n+C\n d\n";
        assert_eq!(changed.diff, expected);
        assert_eq!(change("prometheus", "alerts.yml", "a\n", "a\n"), None);
    }
}
