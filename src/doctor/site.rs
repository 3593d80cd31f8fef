//! Judges what a stack needs before it runs: images, ports, names, the configuration folder and its files.

use super::{Facts, Finding, ImageFacts, ImageState};
use crate::error::hint::{RESTORE_AGAIN, foreign_hint};
use crate::error::{ConfigFault, Conflict, Error};
use crate::model::sanitize;

pub(super) fn diagnose(facts: &Facts) -> Vec<Finding> {
    let mut findings = Vec::new();
    if !facts.images.is_empty() {
        findings.extend(images(&facts.images));
        findings.extend(ports(facts));
    }
    findings.push(folder(facts));
    findings.extend(files(facts));
    findings
}

fn images(images: &[ImageFacts]) -> Vec<Finding> {
    if images.iter().all(|image| image.state == ImageState::Here) {
        return vec![Finding::good("image", format!("all {} are here", images.len()))];
    }
    let pullable = images.iter().filter(|image| image.state == ImageState::Pullable).map(|image| {
        let what = format!("`{}` is not here yet, its registry has it", image.reference);
        Finding::good("image", what).on(&image.service)
    });
    pullable.chain(nowhere(images)).collect()
}

/// Returns one finding for each cause for which images cannot be had.
fn nowhere(images: &[ImageFacts]) -> Vec<Finding> {
    let mut causes: Vec<(Error, Vec<&str>)> = Vec::new();
    for image in images {
        let ImageState::Nowhere { fault, reason } = &image.state else { continue };
        let (images, source) = (vec![image.reference.clone()], reason.clone().into());
        let mut failure = Some(Error::Pull { images, fault: *fault, source });
        for (cause, services) in &mut causes {
            failure = failure.and_then(|failure| cause.join(failure).err());
            if failure.is_none() {
                services.push(&image.service);
                break;
            }
        }
        causes.extend(failure.map(|failure| (failure, vec![image.service.as_str()])));
    }
    let finding = |(cause, services): (Error, Vec<&str>)| Finding {
        fix: cause.hint(),
        ..Finding::bad("image", absent(&cause)).on(services.join(", "))
    };
    causes.into_iter().map(finding).collect()
}

/// Returns the images that cannot be had for one cause, and the cause.
fn absent(cause: &Error) -> String {
    let Error::Pull { images, fault, source } = cause else { return cause.in_one_line() };
    let names: Vec<String> = images.iter().map(|image| format!("`{image}`")).collect();
    let are = if names.len() == 1 { "is" } else { "are" };
    format!("{} {are} not here and cannot be pulled: {fault}: {source}", names.join(", "))
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
            Finding::bad("name", conflict.to_string()).on(name).fix(foreign_hint(*kind, &[name.as_str()]))
        }
        Conflict::Port { service, .. } => Finding::bad("port", conflict.to_string())
            .on(service)
            .fix(format!("end that program, or take another port with `--port {service}=auto`")),
        // A look at what `up` needs meets none of these.
        Conflict::Present { .. } | Conflict::File { .. } | Conflict::Dashboard { .. } => {
            Finding::bad("name", conflict.to_string())
        }
        Conflict::Restore { name } => Finding::bad("data", conflict.to_string()).on(name).fix(RESTORE_AGAIN),
        Conflict::FixedPort { service, .. } => Finding::bad("port", conflict.to_string())
            .on(service)
            .fix("end that program: the configuration names this port"),
    };
    facts.conflicts.iter().map(finding).collect()
}

fn folder(facts: &Facts) -> Finding {
    let path = sanitize::path(&facts.folder.path);
    match &facts.folder.problem {
        Some(problem) => Finding::bad("folder", format!("`{path}` cannot be written: {problem}"))
            .fix("choose another folder with `--dir`, or mend its permissions"),
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
    let finding = |fault: &ConfigFault| {
        let name = fault.file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Finding::bad("file", fault.to_string())
            .on(name)
            .fix("mend the file, or `tdd-stack init --force` brings back the shipped one and keeps a backup")
    };
    facts.faults.iter().map(finding).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{FolderFacts, Severity};
    use super::*;
    use crate::error::{ObjectKind, PullFault};

    fn image(state: ImageState) -> ImageFacts {
        ImageFacts { service: "grafana".into(), reference: "grafana/grafana:1".into(), state }
    }

    fn only(facts: &Facts, check: &str) -> Finding {
        let mut found = diagnose(facts);
        found.retain(|finding| finding.check == check);
        assert_eq!(found.len(), 1, "{found:?}");
        found.remove(0)
    }

    fn facts(state: ImageState) -> Facts {
        Facts { images: vec![image(state)], ..Facts::default() }
    }

    #[test]
    fn an_image_must_be_here_or_at_its_registry() {
        assert_eq!(only(&facts(ImageState::Here), "image").state, Severity::Good);
        let pullable = only(&facts(ImageState::Pullable), "image");
        assert_eq!((pullable.state, pullable.subject.as_deref()), (Severity::Good, Some("grafana")));
        let nowhere = ImageState::Nowhere { fault: PullFault::NotFound, reason: "manifest unknown".into() };
        let nowhere = only(&facts(nowhere), "image");
        assert_eq!(nowhere.state, Severity::Bad);
        assert!(nowhere.what.contains("manifest unknown") && nowhere.fix.unwrap().contains("--registry"));
    }

    #[test]
    fn images_that_cannot_be_pulled_for_one_cause_are_one_finding() {
        let image = |service: &str, fault| ImageFacts {
            service: service.into(),
            reference: format!("r.example/{service}:1"),
            state: ImageState::Nowhere { fault, reason: "dial tcp: connection refused".into() },
        };
        let images = [
            image("prometheus", PullFault::Unreachable),
            image("grafana", PullFault::NotFound),
            image("alertmanager", PullFault::Unreachable),
        ];
        let found = super::images(&images);
        assert_eq!(found.len(), 2, "{found:?}");
        assert_eq!(found[0].subject.as_deref(), Some("prometheus, alertmanager"));
        assert_eq!(
            found[0].what,
            "`r.example/prometheus:1`, `r.example/alertmanager:1` are not here and cannot be pulled: \
             its registry is unreachable: dial tcp: connection refused"
        );
        assert_eq!(found[1].subject.as_deref(), Some("grafana"));
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
        assert!(port.what.contains("node (pid 7)") && port.fix.unwrap().contains("--port grafana=auto"));
        assert!(only(&facts, "name").fix.unwrap().contains("docker volume rm tdd_data"));
    }

    #[test]
    fn a_folder_that_cannot_be_written_and_a_broken_file_are_bad() {
        let folder = FolderFacts { path: "x/y".into(), exists: true, problem: Some("read-only".into()) };
        let fault = ConfigFault { file: "x/y/alerts.yml".into(), line: Some(3), reason: "bad indent".into() };
        let facts = Facts { folder, files: 1, faults: vec![fault], ..Facts::default() };
        assert!(only(&facts, "folder").fix.unwrap().contains("--dir"));
        let file = only(&facts, "file");
        assert_eq!((file.state, file.what.as_str()), (Severity::Bad, "x/y/alerts.yml:3: bad indent"));
        assert_eq!(file.subject.as_deref(), Some("alerts.yml"));
    }
}
