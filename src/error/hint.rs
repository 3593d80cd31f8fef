//! What to do next, for each error.

use std::error::Error as StdError;
use std::io::{self, ErrorKind};

use super::{Conflict, Death, Error, FileAction, LockLoss, ObjectKind, Source, TooOld};
use crate::config::settings::PASSWORD_WAYS;

/// What to do where a restore was cut off.
pub const RESTORE_AGAIN: &str =
    "`tdd-stack restore FILE --overwrite` restores all of it, `tdd-stack down --volumes` removes it";

impl Error {
    /// Returns what to do next.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Problems(_) => Some("`tdd-stack up` brings the stack into its wanted state".into()),
            Self::Backup { .. } => {
                Some("nothing was restored; give a whole file that `tdd-stack backup` wrote".into())
            }
            Self::Unhealthy(_) => Some("`tdd-stack status` shows every target, rule and panel with its error".into()),
            Self::CleanUp(_) => match self.first() {
                // Their own hints say that nothing is left to clean up.
                Self::Drill(_) | Self::Interrupted | Self::Restore { .. } => None,
                first => first.hint(),
            }
            .or_else(|| Some("`tdd-stack up` finishes the clean-up".into())),
            Self::Conflicts(conflicts) => Some(conflict_hints(conflicts)),
            Self::Died { service, death, .. } => {
                Some(died_hint(service, death, &format!("`tdd-stack logs {service}` shows more")))
            }
            Self::Drill(_) => Some(
                "the real files are back in place; `tdd-stack doctor` looks at the way to the application and the \
                 receiver, `tdd-stack logs alertmanager` tells why a notification failed"
                    .into(),
            ),
            Self::Engine { .. } | Self::Http { .. } => {
                Some("what was done so far stays; run `tdd-stack up` again to go on from there".into())
            }
            Self::EngineLost { .. } => Some(
                "start the engine again (`systemctl restart docker`, its log: `journalctl -u docker`); what was \
                 done so far stays, and `tdd-stack up` goes on from there"
                    .into(),
            ),
            Self::EngineUnknown { hint, .. } => hint.clone(),
            Self::EngineUnreachable { source, .. } => Some(unreachable_hint(source).into()),
            Self::Faults(_) => Some(
                "nothing was changed; mend the files, or `tdd-stack init --force` brings back the shipped ones \
                 and keeps a backup"
                    .into(),
            ),
            Self::File { doing: FileAction::WriteBackup, .. } => {
                Some("choose another place for the backup, or make room; every service that ran runs again".into())
            }
            Self::File { source, .. } => Some(file_hint(source).into()),
            Self::Firewall(firewall) => Some(firewall.hint()),
            Self::Grafana { .. } => Some("`tdd-stack logs grafana` shows Grafana's own reason".into()),
            Self::GrafanaLogin { was_set: true, .. } => Some(
                "the password was set inside Grafana, which still refuses it: it locks an account for 5 minutes \
                 after five wrong tries, so wait that long and run `tdd-stack up` again"
                    .into(),
            ),
            Self::GrafanaLogin { volume, .. } => Some(format!(
                "the volume `{volume}` keeps another password, since the first start or since it was changed in \
                 Grafana: run `tdd-stack up` with that or a new one, by {PASSWORD_WAYS}, and it is set where \
                 Grafana refuses it; or `tdd-stack down --volumes` to start afresh"
            )),
            Self::History { .. } => Some(
                "`tdd-stack logs prometheus` may show more; without `--history` the demo runs with an empty past"
                    .into(),
            ),
            Self::NoDemo { .. } => Some("start one with `tdd-stack demo`, in another terminal".into()),
            Self::NoProgram { service, program, .. } => Some(format!(
                "give an image that has `{program}` with `--image {service}=REF`, or none to use the tested one"
            )),
            Self::InUse { network, .. } => Some(format!(
                "others are attached to it, and `docker network inspect {network}` names them: \
                 `docker network disconnect {network} NAME`, then `tdd-stack down` again"
            )),
            Self::Interrupted => Some("`tdd-stack up` goes on from here, `tdd-stack down` removes what is there".into()),
            Self::Locked { .. } => Some(
                "wait until it is done and run the command again; without `--no-wait` it waits by itself".into(),
            ),
            Self::LockLost { stack, loss, .. } => Some(lock_lost_hint(stack, loss)),
            Self::NotReady { service, .. } => Some(format!(
                "`tdd-stack logs {service}` shows more; `--wait-timeout` gives it longer"
            )),
            Self::OutOfReach(reach) => Some(reach.hint()),
            Self::PortLost { service, .. } => Some(format!(
                "end the program that took it, or take another port with `--port {service}=auto`; what was done \
                 so far stays, and the next `up` goes on from there"
            )),
            Self::Restore { .. } => {
                Some("what was half restored is removed again; mend the cause and restore again".into())
            }
            Self::Pull { images, fault, .. } => {
                Some(fault.way_out(images.first().map_or("", String::as_str)))
            }
            Self::RolledBack { failure, .. } => taken_back_hint(failure),
            Self::NotRolledBack { failure, .. } => {
                let further = failure.hint().map(|hint| format!("; {hint}")).unwrap_or_default();
                Some(format!("nothing is lost, and the next `tdd-stack up` goes on from there{further}"))
            }
            Self::SettingsFile { .. } => Some(
                "nothing was changed; fix the file: its keys are the global flags of `tdd-stack --help` without `--`"
                    .into(),
            ),
            Self::Usage { .. } => None,
        }
    }
}

fn lock_lost_hint(stack: &str, loss: &LockLoss) -> String {
    match loss {
        LockLoss::Removed => format!(
            "leave the container `{stack}-lock` alone (`docker system prune` removes it too), and run the command again: \
             it goes on from there"
        ),
        LockLoss::Taken(_) | LockLoss::Silent(_) => {
            "run the command again: it waits for the other program and goes on from there".into()
        }
    }
}

/// Returns what helps after a change that failed and was rolled back.
fn taken_back_hint(failure: &Error) -> Option<String> {
    Some(match failure {
        // The log of what failed went with its container.
        Error::Died { service, death, .. } => died_hint(service, death, "the diagnostics show more"),
        Error::NotReady { .. } => "the diagnostics show more; `--wait-timeout` gives it longer".into(),
        Error::Firewall(_)
        | Error::Grafana { .. }
        | Error::GrafanaLogin { .. }
        | Error::NoProgram { .. }
        | Error::Pull { .. } => failure.hint()?,
        _ => "mend the cause and run `tdd-stack up` again".into(),
    })
}

/// Returns what helps where no engine can be used at an address.
fn unreachable_hint(source: &Source) -> &'static str {
    if source.is::<TooOld>() {
        return "update Docker Engine to 20.10 or later, or name another one with `--host`";
    }
    if is_denied(&**source) {
        return "let your user talk to the engine: `sudo usermod -aG docker $USER`, then log in again";
    }
    "start Docker (`systemctl start docker`, or `scripts/engine.sh` on a machine without one), \
     or name another engine with `--host`, `--context` or DOCKER_HOST"
}

/// Returns whether the system refused access, in an error or in one of its causes.
fn is_denied(error: &(dyn StdError + 'static)) -> bool {
    let answer = error.downcast_ref::<io::Error>();
    answer.is_some_and(|answer| answer.kind() == ErrorKind::PermissionDenied)
        || error.source().is_some_and(is_denied)
}

/// Returns what helps against the system's answer.
fn file_hint(source: &Source) -> &'static str {
    match source.downcast_ref::<io::Error>().map(io::Error::kind) {
        Some(ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge) => {
            "free some space, or choose another folder with `--dir`; no file was left half written"
        }
        Some(ErrorKind::ReadOnlyFilesystem) => "choose a folder that can be written with `--dir`",
        Some(ErrorKind::IsADirectory | ErrorKind::NotADirectory | ErrorKind::Unsupported) => {
            "move it away or put a regular one in its place, or choose another folder with `--dir`"
        }
        _ => "choose another folder with `--dir`, or mend its permissions",
    }
}

fn died_hint(service: &str, death: &Death, more: &str) -> String {
    let again = "run `tdd-stack up` again";
    if death.end().is_some_and(|end| end.is_for_other_processor) {
        return format!(
            "the image is built for another processor than the engine's (`docker version` tells it): name another \
             one with `--image {service}=REF` and {again}"
        );
    }
    if death.end().is_some_and(|end| end.is_out_of_memory) {
        return format!("give it more memory, or ask less of it, and {again}; {more}");
    }
    format!("{more}; fix the cause and {again}")
}

/// Returns what helps against an object of somebody else's under a name of ours.
pub fn foreign_hint(kind: ObjectKind, names: &[&str]) -> String {
    let them = if names.len() == 1 { "it" } else { "them" };
    let names = names.join(" ");
    format!("remove {them} (`{} {names}`), or use other names with `--stack NAME`", kind.removal())
}

fn conflict_hints(conflicts: &[Conflict]) -> String {
    // One fix is named once, for all that it helps against.
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

/// Returns what helps against programs that listen on the ports of services.
fn port_hint(services: &[&str]) -> String {
    let ports: Vec<String> = services.iter().map(|service| format!("{service}=auto")).collect();
    match ports.as_slice() {
        [port] => format!("end that program, or take another port with `--port {port}`"),
        ports => format!("end those programs, or take other ports with `--port {}`", ports.join(",")),
    }
}

/// Returns what ends a conflict.
pub fn conflict_hint(conflict: &Conflict) -> String {
    match conflict {
        Conflict::Foreign { kind, name } => foreign_hint(*kind, &[name.as_str()]),
        Conflict::Present { kind: ObjectKind::Container, .. } => {
            "`tdd-stack down` removes it and keeps the data".into()
        }
        Conflict::Present { .. } => {
            "`--overwrite` replaces the data that is there, `--stack NAME` restores beside it".into()
        }
        Conflict::Restore { .. } => RESTORE_AGAIN.into(),
        Conflict::File { .. } => "choose another name, or replace it with `--force`".into(),
        Conflict::Dashboard { .. } => {
            "`tdd-stack dashboards pull --overwrite` takes Grafana's version and keeps the file's as a backup; \
             `tdd-stack up --overwrite-dashboards` takes the file's version"
                .into()
        }
        Conflict::Port { service, .. } => port_hint(&[service.as_str()]),
        Conflict::FixedPort { .. } => "end that program: the configuration names this port".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::End;
    use super::*;

    /// An error with a cause, as the ones of a client are.
    #[derive(Debug, thiserror::Error)]
    #[error("client error (Connect)")]
    struct Client(#[source] io::Error);

    #[test]
    fn a_dead_service_has_the_hint_of_its_cause() {
        let end = End {
            code: 137,
            is_out_of_memory: false,
            is_for_other_processor: false,
            memory: None,
            // Only the flags count, whatever the engine says.
            reason: Some("killed: exec format error".into()),
        };
        for (death, words) in [
            (Death::Ended(end.clone()), "fix the cause"),
            (Death::CrashLoop(End { is_out_of_memory: true, ..end.clone() }), "give it more memory"),
            (Death::Ended(End { is_for_other_processor: true, ..end }), "--image grafana=REF"),
            (Death::NotRunning, "fix the cause"),
        ] {
            let log = vec!["killed by nobody, and no exec format error".into()];
            let hint = Error::Died { service: "grafana".into(), death, log }.hint().unwrap();
            assert!(hint.contains(words), "{hint}");
        }
    }

    #[test]
    fn an_unreachable_engine_has_the_hint_of_its_cause() {
        for (source, words) in [
            (Source::from(Client(ErrorKind::PermissionDenied.into())), "usermod -aG docker"),
            (TooOld { api: "1.40".into() }.into(), "update Docker Engine"),
            (Client(ErrorKind::NotFound.into()).into(), "systemctl start docker"),
            // Only a type counts, whatever a text says.
            ("permission denied, and 1.41 is the oldest that will do".into(), "systemctl start docker"),
        ] {
            let hint = Error::EngineUnreachable { address: "unix:///x".into(), source }.hint().unwrap();
            assert!(hint.contains(words), "{hint}");
        }
    }

    #[test]
    fn one_fix_is_named_once_for_all_conflicts_that_it_ends() {
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
            "nothing was changed; end those programs, or take other ports with `--port prometheus=auto,grafana=auto`; \
             remove them (`docker volume rm a b`), or use other names with `--stack NAME`; \
             remove it (`docker rm c`), or use other names with `--stack NAME`"
        );
        let one = Error::Conflicts(vec![port("grafana")]).hint().unwrap();
        assert_eq!(
            one,
            "nothing was changed; end that program, or take another port with `--port grafana=auto`"
        );
    }
}
