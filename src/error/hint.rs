//! What to do next, for each error.

use std::io::{self, ErrorKind};

use super::{Conflict, Error, LockLoss, Source};
use crate::settings::{FILE_NAME, PASSWORD_WAYS};

/// What the system says of a program that is made for another processor.
const WRONG_PLATFORM: &str = "exec format error";

/// What to do where a restore was cut off.
pub const RESTORE_AGAIN: &str =
    "`tdd-stack restore FILE --overwrite` restores all of it, `tdd-stack down --volumes` removes it";

impl Error {
    /// Returns what to do next.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Amiss(_) => Some("`tdd-stack up` brings the stack into its wanted state".into()),
            Self::Backup { .. } => {
                Some("nothing was restored; give a whole file that `tdd-stack backup` wrote".into())
            }
            Self::Blind(_) => Some("`tdd-stack status` shows every target, rule and panel with its error".into()),
            Self::Conflicts(conflicts) => Some(conflict_hints(conflicts)),
            Self::Died { service, how, log } => {
                Some(died_hint(service, how, log, &format!("`tdd-stack logs {service}` shows more")))
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
            Self::EngineUnreachable { .. } => Some(
                "start Docker (`systemctl start docker`, or `scripts/engine.sh` on a machine without one), \
                 or name another engine with `--host`, `--context` or DOCKER_HOST"
                    .into(),
            ),
            Self::Faults(_) => Some(
                "nothing was changed; mend the files, or `tdd-stack init --force` brings back the shipped ones \
                 and keeps a backup"
                    .into(),
            ),
            Self::File { doing: "write backup", .. } => {
                Some("choose another place for the backup, or make room; every service that ran runs again".into())
            }
            Self::File { source, .. } => Some(file_hint(source).into()),
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
            Self::InUse { network, .. } => Some(format!(
                "others are attached to it, and `docker network inspect {network}` names them: \
                 `docker network disconnect {network} NAME`, then `tdd-stack down` again"
            )),
            Self::Interrupted => Some("`tdd-stack up` goes on from here, `tdd-stack down` removes what is there".into()),
            Self::Locked { .. } => Some(
                "wait until it is done and run the command again; without `--no-wait` it waits by itself".into(),
            ),
            Self::LockLost { stack, loss: LockLoss::Removed, .. } => Some(format!(
                "leave the container `{stack}-lock` alone (`docker system prune` removes it too), and run the command \
                 again: it goes on from there"
            )),
            Self::LockLost { .. } => {
                Some("run the command again: it waits for the other program and goes on from there".into())
            }
            Self::NotReady { service, .. } => Some(format!(
                "`tdd-stack logs {service}` shows more; `--wait-timeout` gives it longer"
            )),
            Self::PortLost { service, .. } => Some(format!(
                "end the program that took it, or take another port with `--port {service}=auto`; what was done \
                 so far stays, and the next `up` goes on from there"
            )),
            Self::Restore { .. } => {
                Some("what was half restored is removed again; mend the cause and restore again".into())
            }
            Self::Pull { image, fault, .. } => Some(fault.way_out(image)),
            Self::TakenBack { failure, .. } => Some(match &**failure {
                // The log of what failed went with its container.
                Self::Died { service, how, log } => died_hint(service, how, log, "the evidence shows more"),
                Self::NotReady { .. } => "the evidence shows more; `--wait-timeout` gives it longer".into(),
                Self::Grafana { .. } | Self::GrafanaLogin { .. } | Self::Pull { .. } => failure.hint()?,
                _ => "mend the cause and run `tdd-stack up` again".into(),
            }),
            Self::NotTakenBack { failure, .. } => {
                let further = failure.hint().map(|hint| format!("; {hint}")).unwrap_or_default();
                Some(format!("nothing is lost, and the next `tdd-stack up` goes on from there{further}"))
            }
            Self::Usage { place, .. } if place.contains(FILE_NAME) => Some(
                "nothing was changed; mend the file: its keys are the global flags of `tdd-stack --help` without `--`"
                    .into(),
            ),
            Self::Usage { .. } => None,
        }
    }
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

fn died_hint(service: &str, how: &str, log: &[String], more: &str) -> String {
    let again = "run `tdd-stack up` again";
    if log.iter().any(|line| line.contains(WRONG_PLATFORM)) {
        return format!(
            "the image is built for another processor than the engine's (`docker version` tells it): name another \
             one with `--image {service}=REF` and {again}"
        );
    }
    if how.contains("killed") {
        return format!("give it more memory, or ask less of it, and {again}; {more}");
    }
    format!("{more}; mend the cause and {again}")
}

fn conflict_hints(conflicts: &[Conflict]) -> String {
    let mut hints: Vec<String> = conflicts
        .iter()
        .map(|conflict| match conflict {
            Conflict::Foreign { kind: "container", name } => {
                format!("remove it (`docker rm {name}`), or use other names with `--stack NAME`")
            }
            Conflict::Foreign { kind, name } => {
                format!("remove it (`docker {kind} rm {name}`), or use other names with `--stack NAME`")
            }
            Conflict::Present { kind: "container", .. } => {
                "`tdd-stack down` removes it and keeps the data".into()
            }
            Conflict::Present { .. } => {
                "`--overwrite` replaces the data that is there, `--stack NAME` restores beside it".into()
            }
            Conflict::Restore { .. } => RESTORE_AGAIN.into(),
            Conflict::File { .. } => "choose another name, or replace it with `--force`".into(),
            Conflict::Port { service, .. } => {
                format!("end that program, or take another port with `--port {service}=auto`")
            }
            Conflict::FixedPort { .. } => "end that program: the configuration names this port".into(),
        })
        .collect();
    hints.dedup();
    format!("nothing was changed; {}", hints.join("; "))
}
