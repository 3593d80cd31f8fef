//! The hint of each error: what to do next.

use std::error::Error as StdError;
use std::io::{self, ErrorKind};

use super::chain::causes;
use super::{Conflict, Death, Error, FileAction, LockLoss, ObjectKind, Source, TooOld};
use crate::config::settings::PASSWORD_WAYS;

/// The fix for an interrupted restore.
pub const RESTORE_AGAIN: &str = "restore again with `tdd-stack restore FILE --overwrite`, or remove the data with `tdd-stack down --volumes`";

impl Error {
    /// Returns what to do next.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Problems(_) => Some("`tdd-stack up` repairs the stack".into()),
            Self::Backup { .. } => {
                Some("nothing was restored; use an intact backup file of `tdd-stack backup`".into())
            }
            Self::Unhealthy(_) => Some("`tdd-stack status` shows the error of each target, rule and panel".into()),
            Self::CleanUp(_) => match self.first() {
                // The hints of these errors say that no clean-up is left.
                Self::Drill(_) | Self::DrillInterrupted | Self::Interrupted | Self::Restore { .. } => None,
                first => first.hint(),
            }
            .or_else(|| Some("`tdd-stack up` finishes the clean-up".into())),
            Self::Conflicts(conflicts) => Some(conflict_hints(conflicts)),
            Self::Died { service, death, .. } => {
                Some(died_hint(service, death, &format!("`tdd-stack logs {service}` shows the full log")))
            }
            Self::Drill(_) => Some(
                "the original files are back in place; `tdd-stack doctor` checks the connections to the application and the \
                 receiver, `tdd-stack logs alertmanager` shows why a notification failed"
                    .into(),
            ),
            Self::Engine { .. } | Self::Http { .. } => {
                Some("completed operations are kept; rerun the command".into())
            }
            Self::EngineLost { .. } => Some(
                "start the engine again (`systemctl restart docker`; its log: `journalctl -u docker`), then rerun \
                 the command; completed operations are kept"
                    .into(),
            ),
            Self::EngineUnknown { hint, .. } => hint.clone(),
            Self::EngineUnreachable { source, .. } => Some(unreachable_hint(source).into()),
            Self::Faults(_) => Some(
                "nothing was changed; fix the files, or restore the shipped ones with `tdd-stack init --force`, which keeps \
                 a backup"
                    .into(),
            ),
            Self::File { doing: FileAction::WriteBackup, .. } => {
                Some("write the backup to another place, or free some space; all services run again".into())
            }
            Self::File { source, .. } => Some(file_hint(source).into()),
            Self::Firewall(firewall) => Some(firewall.hint()),
            Self::Grafana { .. } => Some("`tdd-stack logs grafana` shows Grafana's reason".into()),
            Self::GrafanaLogin { was_set: true, .. } => Some(
                "the password was set inside Grafana, but Grafana still rejects it: it locks an account for 5 minutes \
                 after five wrong tries, so wait 5 minutes and run `tdd-stack up` again"
                    .into(),
            ),
            Self::GrafanaLogin { volume, .. } => Some(format!(
                "the volume `{volume}` keeps another password, from the first start or from a change inside Grafana: \
                 run `tdd-stack up` with that password or a new one, using {PASSWORD_WAYS}, and a new one is set inside \
                 Grafana; or delete the data with `tdd-stack down --volumes`"
            )),
            Self::History { .. } => Some(
                "`tdd-stack logs prometheus` may show the reason; without `--history` the demo starts without past data"
                    .into(),
            ),
            Self::NoDemo { .. } => Some("start a demo with `tdd-stack demo` in another terminal".into()),
            Self::NoProgram { service, program, .. } => Some(format!(
                "use an image that has `{program}` with `--image {service}=REF`, or omit `--image` to use the tested one"
            )),
            Self::InUse { network, .. } => Some(format!(
                "other containers use it: `docker network inspect {network}` lists them; disconnect each with \
                 `docker network disconnect {network} NAME`, then run `tdd-stack down` again"
            )),
            Self::DrillInterrupted => Some("the original files are back in place; no drill is running".into()),
            Self::Interrupted => {
                Some("rerun the command to resume, or remove the stack with `tdd-stack down`".into())
            }
            Self::Locked { .. } => Some(
                "run the command again later; without `--no-wait` it waits for the lock".into(),
            ),
            Self::LockLost { stack, loss, .. } => Some(lock_lost_hint(stack, loss)),
            Self::NotReady { service, .. } => Some(format!(
                "`tdd-stack logs {service}` shows the full log; `--wait-timeout` extends the wait"
            )),
            Self::OutOfReach(reach) => Some(reach.hint()),
            Self::PortLost { service, .. } => Some(format!(
                "stop the process using the port, or use another port with `--port {service}=auto`, then rerun \
                 `tdd-stack up` to resume; completed operations are kept"
            )),
            Self::Restore { .. } => {
                Some("the partially restored volumes were removed; fix the cause and restore again".into())
            }
            Self::Pull { images, fault, .. } => {
                Some(fault.way_out(images.first().map_or("", String::as_str)))
            }
            Self::RolledBack { failure, .. } => taken_back_hint(failure),
            Self::NotRolledBack { failure, .. } => {
                let further = failure.hint().map(|hint| format!("; {hint}")).unwrap_or_default();
                Some(format!("no data is lost; rerun `tdd-stack up` to resume{further}"))
            }
            Self::SettingsFile { .. } => Some(
                "nothing was changed; fix the file: its keys are the global flags in `tdd-stack --help`, without `--`"
                    .into(),
            ),
            Self::CommandLine(_, hint) => Some(hint.clone()),
            Self::Usage { .. } => None,
        }
    }
}

fn lock_lost_hint(stack: &str, loss: &LockLoss) -> String {
    match loss {
        LockLoss::Removed => format!(
            "do not remove the container `{stack}-lock` (`docker system prune` removes it too), and run the command again \
             to resume"
        ),
        LockLoss::Taken(_) | LockLoss::Silent(_) => {
            "run the command again: it waits for the other program, then resumes".into()
        }
    }
}

/// Returns the hint for a change that failed and was rolled back.
fn taken_back_hint(failure: &Error) -> Option<String> {
    Some(match failure {
        // The log of the failed container was removed together with it.
        Error::Died { service, death, .. } => died_hint(service, death, "the diagnostics folder has its log"),
        Error::NotReady { .. } => {
            "the diagnostics folder has its log; `--wait-timeout` extends the wait".into()
        }
        Error::Firewall(_)
        | Error::Grafana { .. }
        | Error::GrafanaLogin { .. }
        | Error::NoProgram { .. }
        | Error::Pull { .. } => failure.hint()?,
        _ => "fix the cause and run `tdd-stack up` again".into(),
    })
}

/// Returns the hint for an address where no usable engine answers.
fn unreachable_hint(source: &Source) -> &'static str {
    if source.is::<TooOld>() {
        return "update Docker Engine to 20.10 or later, or use another engine with `--host`";
    }
    if is_denied(&**source) {
        return "give your user access to the engine: `sudo usermod -aG docker $USER`, then log in again";
    }
    "start Docker (`systemctl start docker`, or `scripts/engine.sh` on a machine without systemd), or use another engine \
     with `--host`, `--context` or DOCKER_HOST"
}

/// Returns whether an error or one of its causes is a denied access.
fn is_denied(error: &(dyn StdError + 'static)) -> bool {
    let all = std::iter::once(error).chain(causes(error));
    all.filter_map(|error| error.downcast_ref::<io::Error>())
        .any(|answer| answer.kind() == ErrorKind::PermissionDenied)
}

/// Returns the hint for an error of the file system.
fn file_hint(source: &Source) -> &'static str {
    match source.downcast_ref::<io::Error>().map(io::Error::kind) {
        Some(ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge) => {
            "free some space, or choose another folder with `--dir`; no file was partially written"
        }
        Some(ErrorKind::ReadOnlyFilesystem) => "choose a writable folder with `--dir`",
        Some(ErrorKind::IsADirectory | ErrorKind::NotADirectory | ErrorKind::Unsupported) => {
            "replace it with a regular file or folder, or choose another folder with `--dir`"
        }
        _ => "choose another folder with `--dir`, or fix its permissions",
    }
}

fn died_hint(service: &str, death: &Death, more: &str) -> String {
    let again = "run `tdd-stack up` again";
    if death.end().is_some_and(|end| end.is_for_other_processor) {
        return format!(
            "the image is built for another CPU architecture than the engine's, which `docker version` shows: use another \
             image with `--image {service}=REF` and {again}"
        );
    }
    if death.end().is_some_and(|end| end.is_out_of_memory) {
        return format!("give it more memory, or reduce its load, and {again}; {more}");
    }
    format!("{more}; fix the cause and {again}")
}

/// Returns the hint for foreign objects that have names of the stack.
pub fn foreign_hint(kind: ObjectKind, names: &[&str]) -> String {
    let them = if names.len() == 1 { "it" } else { "them" };
    let names = names.join(" ");
    format!("remove {them} (`{} {names}`), or use other names with `--stack NAME`", kind.removal())
}

fn conflict_hints(conflicts: &[Conflict]) -> String {
    // Each fix is named once, together with everything it resolves.
    let (mut ports, mut names) = (Vec::new(), Vec::new());
    for conflict in conflicts {
        match conflict {
            Conflict::Port { service, .. } => ports.push(service.as_str()),
            Conflict::Foreign { kind, name } => names.push((*kind, name.as_str())),
            _ => {}
        }
    }
    let hint = |conflict: &Conflict| match conflict {
        Conflict::Port { .. } => port_hint(&ports),
        Conflict::Foreign { kind, .. } => {
            let of_kind = names.iter().filter(|(other, _)| other == kind);
            foreign_hint(*kind, &of_kind.map(|(_, name)| *name).collect::<Vec<_>>())
        }
        other => conflict_hint(other),
    };
    let mut hints: Vec<String> = Vec::new();
    for hint in conflicts.iter().map(hint) {
        if !hints.contains(&hint) {
            hints.push(hint);
        }
    }
    format!("nothing was changed; {}", hints.join("; "))
}

/// Returns the hint for programs that listen on the ports of services.
fn port_hint(services: &[&str]) -> String {
    let ports: Vec<String> = services.iter().map(|service| format!("{service}=auto")).collect();
    match ports.as_slice() {
        [port] => format!("stop the process using the port, or use another port with `--port {port}`"),
        ports => format!(
            "stop the processes using the ports, or use other ports with `--port {}`",
            ports.join(",")
        ),
    }
}

/// Returns the hint that resolves a conflict.
pub fn conflict_hint(conflict: &Conflict) -> String {
    match conflict {
        Conflict::Foreign { kind, name } => foreign_hint(*kind, &[name.as_str()]),
        Conflict::Present { kind: ObjectKind::Container, .. } => {
            "remove it with `tdd-stack down`, which keeps the data".into()
        }
        Conflict::Present { .. } => {
            "replace the existing data with `--overwrite`, or restore it as another stack with `--stack NAME`"
                .into()
        }
        Conflict::Restore { .. } => RESTORE_AGAIN.into(),
        Conflict::File { .. } => "choose another name, or replace it with `--force`".into(),
        Conflict::Dashboard { .. } => {
            "`tdd-stack dashboards pull --overwrite` keeps Grafana's version and backs up the file; \
             `tdd-stack up --overwrite-dashboards` keeps the file's version"
                .into()
        }
        Conflict::Port { service, .. } => port_hint(&[service.as_str()]),
        Conflict::FixedPort { .. } => {
            "stop the process using the port: the configuration requires this port".into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::End;
    use super::*;

    /// An error with a cause, like the errors of an HTTP client.
    #[derive(Debug, thiserror::Error)]
    #[error("client error (Connect)")]
    struct Client(#[source] io::Error);

    #[test]
    fn exited_service_hint_follows_the_cause() {
        let end = End {
            code: 137,
            is_out_of_memory: false,
            is_for_other_processor: false,
            memory: None,
            // Only the flags count, not the engine's text.
            reason: Some("killed: exec format error".into()),
        };
        for (death, words) in [
            (Death::Ended(end.clone()), "fix the cause"),
            (Death::CrashLoop(End { is_out_of_memory: true, ..end.clone() }), "give it more memory"),
            (Death::Ended(End { is_for_other_processor: true, ..end }), "--image grafana=REF"),
            (Death::NotRunning, "fix the cause"),
        ] {
            let log = vec!["not killed, and not an exec format error".into()];
            let hint = Error::Died { service: "grafana".into(), death, log }.hint().unwrap();
            assert!(hint.contains(words), "{hint}");
        }
    }

    #[test]
    fn unreachable_engine_hint_follows_the_cause() {
        for (source, words) in [
            (Source::from(Client(ErrorKind::PermissionDenied.into())), "usermod -aG docker"),
            (TooOld { api: "1.40".into() }.into(), "update Docker Engine"),
            (Client(ErrorKind::NotFound.into()).into(), "systemctl start docker"),
            // Only the type counts, not the text.
            ("permission denied; the minimum is 1.41".into(), "systemctl start docker"),
        ] {
            let hint = Error::EngineUnreachable { address: "unix:///x".into(), source }.hint().unwrap();
            assert!(hint.contains(words), "{hint}");
        }
    }

    #[test]
    fn conflict_hints_name_each_fix_once() {
        let port = |service: &str| Conflict::Port {
            service: service.into(),
            address: "127.0.0.1:1".parse().unwrap(),
            holder: None,
        };
        let foreign = |kind, name: &str| Conflict::Foreign { kind, name: name.into() };
        let conflicts = vec![
            port("prometheus"),
            foreign(ObjectKind::Volume, "a"),
            port("grafana"),
            foreign(ObjectKind::Volume, "b"),
            foreign(ObjectKind::Container, "c"),
        ];
        assert_eq!(
            Error::Conflicts(conflicts).hint().unwrap(),
            "nothing was changed; stop the processes using the ports, or use other ports with `--port prometheus=auto,grafana=auto`; \
             remove them (`docker volume rm a b`), or use other names with `--stack NAME`; \
             remove it (`docker rm c`), or use other names with `--stack NAME`"
        );
        let one = Error::Conflicts(vec![port("grafana")]).hint().unwrap();
        assert_eq!(
            one,
            "nothing was changed; stop the process using the port, or use another port with `--port grafana=auto`"
        );
    }
}
