//! Checks what a stack needs before it starts: images, ports, names, the configuration folder and its files.

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
        return vec![
            Finding::good("image", format!("all {} are present", images.len()))
                .brief(format!("{} images", images.len())),
        ];
    }
    let pullable = images.iter().filter(|image| image.state == ImageState::Pullable).map(|image| {
        let what = format!("`{}` is not pulled yet, its registry has it", image.reference);
        Finding::good("image", what).on(&image.service).brief("images can be pulled")
    });
    pullable.chain(nowhere(images)).collect()
}

/// Returns one finding for each cause of failed pulls.
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
    let finding = |(cause, services): (Error, Vec<&str>)| {
        let found = Finding { fix: cause.hint(), ..Finding::bad("image", absent(&cause)) };
        let found = found.on(services.join(", "));
        match &cause {
            Error::Pull { images, fault, source } if images.len() > 1 => {
                let text = format!("{} images cannot be pulled: {}", images.len(), fault.of_several());
                found.brief(format!("{text}: {source}"))
            }
            _ => found,
        }
    };
    causes.into_iter().map(finding).collect()
}

/// Returns the images that share a cause, and the cause.
fn absent(cause: &Error) -> String {
    let Error::Pull { images, fault, source } = cause else { return cause.in_one_line() };
    let names: Vec<String> = images.iter().map(|image| format!("`{image}`")).collect();
    format!("cannot pull {}: {fault}: {source}", names.join(", "))
}

fn ports(facts: &Facts) -> Vec<Finding> {
    if facts.conflicts.is_empty() {
        // Sockets can be tested on this machine only.
        let scope = if facts.engine.as_ref().is_some_and(|engine| engine.is_local) {
            ""
        } else {
            " according to the engine"
        };
        return vec![
            Finding::good("port", format!("the ports and names are free{scope}, or belong to this stack"))
                .brief("ports"),
        ];
    }
    let finding = |conflict: &Conflict| match conflict {
        Conflict::Foreign { kind, name } => {
            Finding::bad("name", conflict.to_string()).on(name).fix(foreign_hint(*kind, &[name.as_str()]))
        }
        Conflict::Port { service, .. } => Finding::bad("port", conflict.to_string())
            .on(service)
            .fix(format!("stop it, or use another port: `tdd-stack up --port {service}=auto`")),
        // The check for what `up` needs finds none of these.
        Conflict::Present { .. } | Conflict::File { .. } | Conflict::Dashboard { .. } => {
            Finding::bad("name", conflict.to_string())
        }
        Conflict::Restore { name } => Finding::bad("data", conflict.to_string()).on(name).fix(RESTORE_AGAIN),
        Conflict::FixedPort { service, .. } => Finding::bad("port", conflict.to_string())
            .on(service)
            .fix("stop it: the configuration requires this port"),
    };
    facts.conflicts.iter().map(finding).collect()
}

fn folder(facts: &Facts) -> Finding {
    let path = sanitize::path(&facts.folder.path);
    if let Some(problem) = &facts.folder.problem {
        return Finding::bad("folder", format!("`{path}` is not writable: {problem}"))
            .fix("fix its permissions, or choose another folder with `--dir`");
    }
    let what = if facts.folder.exists {
        format!("`{path}` is writable")
    } else {
        format!("`{path}` does not exist yet, `tdd-stack up` creates it")
    };
    let found = Finding::good("folder", what);
    // One word represents the folder and its files.
    if facts.faults.is_empty() { found.brief("config") } else { found }
}

fn files(facts: &Facts) -> Vec<Finding> {
    if facts.faults.is_empty() {
        return match facts.files {
            0 => Vec::new(),
            files => vec![Finding::good("file", format!("{files} files are readable"))],
        };
    }
    let finding = |fault: &ConfigFault| {
        let name = fault.file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Finding::bad("file", fault.to_string())
            .on(name)
            .fix("edit the file, or restore the shipped one (keeps a backup): `tdd-stack init --force`")
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
    fn image_must_be_present_or_pullable() {
        assert_eq!(only(&facts(ImageState::Here), "image").state, Severity::Good);
        let pullable = only(&facts(ImageState::Pullable), "image");
        assert_eq!((pullable.state, pullable.subject.as_deref()), (Severity::Good, Some("grafana")));
        let nowhere = ImageState::Nowhere { fault: PullFault::NotFound, reason: "manifest unknown".into() };
        let nowhere = only(&facts(nowhere), "image");
        assert_eq!(nowhere.state, Severity::Bad);
        assert!(nowhere.what.contains("manifest unknown") && nowhere.fix.unwrap().contains("--registry"));
    }

    #[test]
    fn failed_pulls_with_one_cause_are_one_finding() {
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
            format!(
                "cannot pull `r.example/prometheus:1`, `r.example/alertmanager:1`: {}: dial tcp: connection refused",
                PullFault::Unreachable
            )
        );
        assert_eq!(found[1].subject.as_deref(), Some("grafana"));
    }

    #[test]
    fn taken_port_and_taken_name_have_a_fix() {
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
    fn read_only_folder_and_broken_file_are_bad() {
        let folder = FolderFacts { path: "x/y".into(), exists: true, problem: Some("read-only".into()) };
        let fault = ConfigFault { file: "x/y/alerts.yml".into(), line: Some(3), reason: "bad indent".into() };
        let facts = Facts { folder, files: 1, faults: vec![fault], ..Facts::default() };
        assert!(only(&facts, "folder").fix.unwrap().contains("--dir"));
        let file = only(&facts, "file");
        assert_eq!((file.state, file.what.as_str()), (Severity::Bad, "x/y/alerts.yml:3: bad indent"));
        assert_eq!(file.subject.as_deref(), Some("alerts.yml"));
    }
}
