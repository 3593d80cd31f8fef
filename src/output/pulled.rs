//! Prints what `dashboards pull` did.

use super::{FileReport, object, print, schema, table};

/// Prints what `dashboards pull` did.
pub fn pulled(json: bool, reports: &[FileReport]) {
    if json {
        let mut document = schema::files(reports);
        document["schema"] = "tdd-stack.dashboards-pull/1".into();
        object(&document);
    } else {
        print(&table::files(reports));
    }
}
