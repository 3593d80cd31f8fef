//! Checks the engine: connection, API version, platform and disk space.

use super::{DoctorOptions, EngineFacts, Facts, Finding, Severity};
use crate::config::settings::AppHost;

const GIGABYTE: u64 = 1_000_000_000;
/// Below this much free space, in bytes, the doctor warns. Prometheus stores up to 1 GB of series, and the
/// images need about as much.
const COMFORTABLE: u64 = 3 * GIGABYTE;
/// Below this much free space, in bytes, the services will soon be unable to write.
const SCARCE: u64 = GIGABYTE / 2;

pub(super) fn diagnose(facts: &Facts, options: &DoctorOptions) -> Vec<Finding> {
    let failed = facts.unanswered.iter().map(|question| Finding {
        fix: question.hint.clone(),
        ..Finding::bad(question.check, &question.what)
    });
    let mut findings: Vec<Finding> = failed.collect();
    if let Some(engine) = &facts.engine {
        let brief = format!("Engine {} (API {})", engine.version, engine.api);
        let what = format!("Docker Engine {} at {}", engine.version, engine.address);
        findings.push(Finding::good("engine", what).brief(brief));
        findings.push(Finding::good("api", format!("API {}, at least 1.41 is required", engine.api)));
        findings.extend(kind(engine, options));
        findings.extend(engine.warnings.iter().map(|warning| Finding::warning("engine-warning", warning)));
        findings.push(space(engine));
    }
    findings
}

fn kind(engine: &EngineFacts, options: &DoctorOptions) -> Option<Finding> {
    let on_host = options.app_host == AppHost::EngineHost;
    if engine.is_rootless {
        let what = "rootless engine: `host-gateway` may not lead to the host";
        let state = if on_host { Severity::Warning } else { Severity::Good };
        let finding = Finding::new("platform", state, what);
        return Some(if on_host {
            finding
                .fix("if `tdd-app` is unreachable, set the host's address: `tdd-stack up --app-host ADDRESS`")
        } else {
            finding.brief("rootless")
        });
    }
    engine.is_desktop.then(|| {
        let what = "Docker Desktop: node-exporter reports on its virtual machine, not on this computer";
        Finding::good("platform", what).brief("Docker Desktop")
    })
}

fn space(engine: &EngineFacts) -> Finding {
    let Some(space) = engine.space else {
        return Finding::good(
            "disk",
            format!("free space at `{}` is unknown: not visible from this machine", engine.data_root),
        );
    };
    let tenths = space.free / (GIGABYTE / 10);
    let free = format!("{}.{} GB free", tenths / 10, tenths % 10);
    let what = format!("{free} at `{}`", engine.data_root);
    let state = match space.free {
        free if free < SCARCE => Severity::Bad,
        free if free < COMFORTABLE => Severity::Warning,
        _ => Severity::Good,
    };
    let finding = Finding::new("disk", state, what);
    match state {
        Severity::Good => finding.brief(free),
        Severity::Warning | Severity::Bad => {
            finding.fix("remove unused data: `docker system prune` (`docker system df` shows the usage)")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Space, Unanswered};
    use super::*;
    use crate::doctor::peer::tests::options;

    fn found(engine: EngineFacts) -> Vec<Finding> {
        diagnose(&Facts { engine: Some(engine), ..Facts::default() }, &options())
    }

    fn states(findings: &[Finding]) -> Vec<(&str, Severity)> {
        findings.iter().map(|finding| (finding.check, finding.state)).collect()
    }

    #[test]
    fn healthy_engine_has_no_fix() {
        let found =
            found(EngineFacts { space: Some(Space { free: 4 * GIGABYTE }), ..EngineFacts::default() });
        assert_eq!(
            states(&found),
            [("engine", Severity::Good), ("api", Severity::Good), ("disk", Severity::Good)]
        );
        assert!(found.iter().all(|finding| finding.fix.is_none()));
    }

    #[test]
    fn little_space_is_reported_unknown_space_is_good() {
        for (free, state) in
            [(Some(GIGABYTE), Severity::Warning), (Some(9), Severity::Bad), (None, Severity::Good)]
        {
            let space = free.map(|free| Space { free });
            let found = found(EngineFacts { space, ..EngineFacts::default() });
            let disk = found.last().unwrap();
            assert_eq!((disk.check, disk.state), ("disk", state));
            assert_eq!(disk.fix.is_some(), state != Severity::Good);
        }
    }

    #[test]
    fn desktop_rootless_and_engine_warnings_are_reported() {
        let desktop = found(EngineFacts { is_desktop: true, ..EngineFacts::default() });
        assert!(desktop[2].what.contains("virtual machine"));
        let warnings = vec!["No swap limit support".into()];
        let rootless = found(EngineFacts { is_rootless: true, warnings, ..EngineFacts::default() });
        assert!(rootless[2].fix.as_ref().unwrap().contains("--app-host"));
        assert_eq!(
            (rootless[3].what.as_str(), rootless[3].state),
            ("No swap limit support", Severity::Warning)
        );
    }

    #[test]
    fn unanswered_question_keeps_its_hint() {
        let what = "cannot reach it: No such file or directory".to_string();
        let unanswered = vec![Unanswered { check: "engine", what, hint: Some("the hint".into()) }];
        let found = diagnose(&Facts { unanswered, ..Facts::default() }, &options());
        assert_eq!(states(&found), [("engine", Severity::Bad)]);
        assert_eq!(found[0].fix.as_deref(), Some("the hint"));
    }
}
