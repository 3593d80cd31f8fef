//! Judges what a stack needs before it runs: images, ports, names, the configuration folder and its files.

use super::{Facts, Finding, Image, ImageState};
use crate::error::hint::{RESTORE_AGAIN, foreign_hint};
use crate::error::{Conflict, Fault};
use crate::printable;

pub(super) fn judge(facts: &Facts) -> Vec<Finding> {
    let mut findings = Vec::new();
    if !facts.images.is_empty() {
        findings.extend(images(&facts.images));
        findings.extend(ports(facts));
    }
    findings.push(folder(facts));
    findings.extend(files(facts));
    findings
}

fn images(images: &[Image]) -> Vec<Finding> {
    let missing: Vec<Finding> = images.iter().filter_map(image).collect();
    if missing.is_empty() {
        return vec![Finding::good("image", format!("all {} are here", images.len()))];
    }
    missing
}

fn image(image: &Image) -> Option<Finding> {
    let finding = match &image.state {
        ImageState::Here => return None,
        ImageState::Pullable => {
            Finding::good("image", format!("`{}` is not here yet, its registry has it", image.reference))
        }
        ImageState::Nowhere(reason) => {
            Finding::bad("image", format!("`{}` is not here and cannot be pulled: {reason}", image.reference))
                .cure(
                    "check the name with `--image`, or take the images from elsewhere with `--registry HOST` \
                     (`scripts/offline-images.sh` makes a local one)",
                )
        }
    };
    Some(finding.on(&image.service))
}

fn ports(facts: &Facts) -> Vec<Finding> {
    if facts.conflicts.is_empty() {
        // The sockets of another machine cannot be tried from here.
        let who = if facts.engine.as_ref().is_some_and(|engine| engine.is_local) {
            ""
        } else {
            " to the engine's knowledge"
        };
        return vec![Finding::good(
            "port",
            format!("the ports and names are free{who}, or this stack's own"),
        )];
    }
    let finding = |conflict: &Conflict| match conflict {
        Conflict::Foreign { kind, name } => {
            Finding::bad("name", conflict.to_string()).on(name).cure(foreign_hint(*kind, name))
        }
        Conflict::Port { service, .. } => Finding::bad("port", conflict.to_string())
            .on(service)
            .cure(format!("end that program, or take another port with `--port {service}=auto`")),
        // A look at what `up` needs meets none of these.
        Conflict::Present { .. } | Conflict::File { .. } | Conflict::Dashboard { .. } => {
            Finding::bad("name", conflict.to_string())
        }
        Conflict::Restore { name } => Finding::bad("data", conflict.to_string()).on(name).cure(RESTORE_AGAIN),
        Conflict::FixedPort { service, .. } => Finding::bad("port", conflict.to_string())
            .on(service)
            .cure("end that program: the configuration names this port"),
    };
    facts.conflicts.iter().map(finding).collect()
}

fn folder(facts: &Facts) -> Finding {
    let path = printable::path(&facts.folder.path);
    match &facts.folder.problem {
        Some(problem) => Finding::bad("folder", format!("`{path}` cannot be written: {problem}"))
            .cure("choose another folder with `--dir`, or mend its permissions"),
        None if facts.folder.exists => Finding::good("folder", format!("`{path}` can be written")),
        None => Finding::good("folder", format!("`{path}` is not there yet, `tdd-stack up` makes it")),
    }
}

fn files(facts: &Facts) -> Vec<Finding> {
    if facts.faults.is_empty() {
        return match facts.files {
            0 => Vec::new(),
            files => vec![Finding::good("file", format!("{files} files can be read"))],
        };
    }
    let finding = |fault: &Fault| {
        let name = fault.file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Finding::bad("file", fault.to_string())
            .on(name)
            .cure("mend the file, or `tdd-stack init --force` brings back the shipped one and keeps a backup")
    };
    facts.faults.iter().map(finding).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{Folder, State};
    use super::*;
    use crate::error::ObjectKind;

    fn image(state: ImageState) -> Image {
        Image { service: "grafana".into(), reference: "grafana/grafana:1".into(), state }
    }

    fn only(facts: &Facts, check: &str) -> Finding {
        let mut found = judge(facts);
        found.retain(|finding| finding.check == check);
        assert_eq!(found.len(), 1, "{found:?}");
        found.remove(0)
    }

    fn facts(state: ImageState) -> Facts {
        Facts { images: vec![image(state)], ..Facts::default() }
    }

    #[test]
    fn an_image_must_be_here_or_at_its_registry() {
        assert_eq!(only(&facts(ImageState::Here), "image").state, State::Good);
        let pullable = only(&facts(ImageState::Pullable), "image");
        assert_eq!((pullable.state, pullable.subject.as_deref()), (State::Good, Some("grafana")));
        let nowhere = only(&facts(ImageState::Nowhere("manifest unknown".into())), "image");
        assert_eq!(nowhere.state, State::Bad);
        assert!(nowhere.what.contains("manifest unknown") && nowhere.cure.unwrap().contains("--registry"));
    }

    #[test]
    fn a_taken_port_and_a_taken_name_say_how_to_get_around_them() {
        let mut facts = facts(ImageState::Here);
        facts.conflicts = vec![
            Conflict::Port {
                service: "grafana".into(),
                address: "127.0.0.1:3000".parse().unwrap(),
                holder: Some("node (pid 7)".into()),
            },
            Conflict::Foreign { kind: ObjectKind::Volume, name: "tdd_data".into() },
        ];
        let port = only(&facts, "port");
        assert!(port.what.contains("node (pid 7)") && port.cure.unwrap().contains("--port grafana=auto"));
        assert!(only(&facts, "name").cure.unwrap().contains("docker volume rm tdd_data"));
    }

    #[test]
    fn a_folder_that_cannot_be_written_and_a_broken_file_are_bad() {
        let folder = Folder { path: "x/y".into(), exists: true, problem: Some("read-only".into()) };
        let fault = Fault { file: "x/y/alerts.yml".into(), line: Some(3), reason: "bad indent".into() };
        let facts = Facts { folder, files: 1, faults: vec![fault], ..Facts::default() };
        assert!(only(&facts, "folder").cure.unwrap().contains("--dir"));
        let file = only(&facts, "file");
        assert_eq!((file.state, file.what.as_str()), (State::Bad, "x/y/alerts.yml:3: bad indent"));
        assert_eq!(file.subject.as_deref(), Some("alerts.yml"));
    }
}
