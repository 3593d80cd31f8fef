//! The result of `support-bundle`.

use std::path::Path;

use super::printer::Printer;
use super::schema;
use super::screen::{Screen, text_screen};

impl Printer {
    /// Prints where a support bundle is.
    pub fn bundle(&self, path: &Path, files: &[&str]) {
        self.result(|_| screen(path, files), || schema::bundle(path, files));
    }
}

fn screen(path: &Path, files: &[&str]) -> Screen {
    let path = path.display();
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
    text_screen(&format!(
        "{path}\nhas {}\nknown secrets are removed, but look at it before you send it: tar -xzf {path}\n",
        inside.join(", "),
    ))
}
