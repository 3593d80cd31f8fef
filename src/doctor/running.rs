//! Checks the services of an existing stack, and which machines can reach them.

use super::{DoctorOptions, Facts, Finding, Link, ProbeAnswer, ServiceFacts};
use crate::error::firewall;
use crate::model::observed::{ContainerState, Readiness};
use crate::model::scrape_hints;
use crate::model::verification::Health;

pub(super) fn diagnose(facts: &Facts, options: &DoctorOptions) -> Vec<Finding> {
    if facts.services.is_empty() {
        if facts.engine.is_none() {
            return Vec::new();
        }
        let what =
            format!("stack `{}` does not exist yet, checks inside its network are skipped", options.stack);
        return vec![Finding::good("service", what).brief("the stack does not exist yet")];
    }
    let mut findings = services(&facts.services);
    findings.extend(firewall(facts, options));
    findings.extend(facts.services.iter().filter(|service| !is_cut_off(service)).filter_map(target));
    findings.extend(facts.services.iter().filter_map(published));
    if facts.lifecycle {
        let what = "any web page open on this machine can stop Prometheus (`--web.enable-lifecycle`)";
        findings.push(
            Finding::bad("exposure", what)
                .on("prometheus")
                .fix("recreate the container without it: `tdd-stack up`"),
        );
    }
    findings.extend(facts.links.iter().filter_map(link));
    findings
}

fn services(services: &[ServiceFacts]) -> Vec<Finding> {
    let faults: Vec<Finding> = services.iter().filter_map(service).collect();
    let is_ready = |service: &ServiceFacts| service.readiness.is_ready();
    if faults.is_empty() && services.iter().all(is_ready) {
        return vec![
            Finding::good("service", format!("all {} are ready", services.len()))
                .brief(format!("{} services are ready", services.len())),
        ];
    }
    if faults.is_empty() {
        // A separate finding reports why the services are unreachable.
        return vec![
            Finding::good("service", format!("all {} are running, according to the engine", services.len()))
                .brief(format!("{} services are running", services.len())),
        ];
    }
    faults
}

fn service(service: &ServiceFacts) -> Option<Finding> {
    let Readiness::NotReady(last) = &service.readiness else { return None };
    let name = &service.name;
    let (what, fix, brief) = match service.state {
        None => ("has no container".into(), "create it: `tdd-stack up`".into(), Some("no container:")),
        Some(ContainerState::Running) => (
            format!("is running but not ready: {last}"),
            format!("check its log: `tdd-stack logs {name}`"),
            None,
        ),
        Some(ContainerState::Paused) => {
            ("is paused".into(), "unpause it: `tdd-stack up`".into(), Some("paused:"))
        }
        Some(_) => (
            format!("is not running: {last}"),
            format!("start it: `tdd-stack up` (its log: `tdd-stack logs {name}`)"),
            Some("not running:"),
        ),
    };
    let found = Finding::bad("service", what).on(name).fix(fix);
    Some(match brief {
        Some(brief) => found.brief_on(brief, name).brief_fix("`tdd-stack up`"),
        None => found,
    })
}

/// Returns one finding for all services that other containers cannot reach, since they share one cause.
fn firewall(facts: &Facts, options: &DoctorOptions) -> Option<Finding> {
    let silent = facts.services.iter().filter(|service| is_cut_off(service));
    let silent: Vec<&str> = silent.map(|service| service.name.as_str()).collect();
    let what = format!("no answer from {}: {}", silent.join(", "), firewall::fault(&options.network));
    let fix = firewall::fix(facts.bridge.as_deref());
    (!silent.is_empty()).then(|| Finding::bad("network", what).fix(fix))
}

fn is_cut_off(service: &ServiceFacts) -> bool {
    service.inside.as_ref().is_some_and(ProbeAnswer::is_dropped)
}

fn target(service: &ServiceFacts) -> Option<Finding> {
    let scrape = service.scrape.as_ref()?;
    let finding = match scrape.health {
        Health::Up => return None,
        Health::Unknown => Finding::warning("target", "Prometheus has not scraped it yet")
            .fix("run `tdd-stack doctor` again in a few seconds")
            .brief_on("not scraped yet:", &service.name),
        Health::Down => {
            let advice = scrape_hints::for_scrape_error(&scrape.error);
            let fix = advice.unwrap_or("repair the stack: `tdd-stack up`");
            Finding::bad("target", format!("Prometheus cannot scrape it: {}", scrape.error)).fix(fix)
        }
    };
    Some(finding.on(&service.name))
}

fn published(service: &ServiceFacts) -> Option<Finding> {
    let address = service.address.filter(|address| !address.ip().is_loopback())?;
    let what = format!("published on {address}, so other machines can reach it");
    let finding = Finding::warning("exposure", what).on(&service.name);
    let finding = finding.fix("omit `--bind`, or block other machines with a firewall");
    Some(finding.brief_on("other machines can reach", format!("{} on {address}", service.name)))
}

fn link(link: &Link) -> Option<Finding> {
    if link.answers {
        return None;
    }
    let what = format!("alerts link to {}, but nothing answers there", link.url);
    let fix = match &link.wanted {
        Some(wanted) => format!("write `{wanted}` in `alerts.yml` instead"),
        None => "repair the stack: `tdd-stack up`".into(),
    };
    Some(Finding::warning("link", what).on(&link.url).fix(fix))
}

#[cfg(test)]
mod tests {
    use super::super::{EngineFacts, Scrape, Severity};
    use super::*;
    use crate::doctor::peer::tests::options;

    fn ready() -> ServiceFacts {
        ServiceFacts {
            name: "grafana".into(),
            state: Some(ContainerState::Running),
            readiness: Readiness::Ready,
            address: Some("127.0.0.1:3000".parse().unwrap()),
            scrape: Some(Scrape { health: Health::Up, error: String::new() }),
            inside: None,
        }
    }

    fn found(service: ServiceFacts) -> Vec<Finding> {
        found_of(vec![service])
    }

    fn found_of(services: Vec<ServiceFacts>) -> Vec<Finding> {
        diagnose(&Facts { services, ..Facts::default() }, &options())
    }

    #[test]
    fn missing_stack_is_good() {
        let facts = Facts { engine: Some(EngineFacts::default()), ..Facts::default() };
        let found = diagnose(&facts, &options());
        assert_eq!((found.len(), found[0].state), (1, Severity::Good));
        assert_eq!(diagnose(&Facts::default(), &options()), []);
    }

    #[test]
    fn ready_service_is_one_good_finding() {
        let found = found(ready());
        assert_eq!((found.len(), found[0].state), (1, Severity::Good));
    }

    #[test]
    fn service_that_is_not_ready_is_bad() {
        for (state, words) in [
            (None, "has no container"),
            (Some(ContainerState::Running), "is running but not ready: answers 503"),
            (Some(ContainerState::Exited), "is not running"),
        ] {
            let readiness = Readiness::NotReady("answers 503".into());
            let found = found(ServiceFacts { state, readiness, ..ready() });
            assert_eq!((found[0].state, found[0].subject.as_deref()), (Severity::Bad, Some("grafana")));
            assert!(found[0].what.contains(words) && found[0].fix.is_some(), "{found:?}");
        }
    }

    #[test]
    fn unreachable_service_is_not_called_ready() {
        let found = found(ServiceFacts { readiness: Readiness::OutOfReach, ..ready() });
        assert_eq!((found.len(), found[0].state), (1, Severity::Good));
        assert!(!found[0].what.contains("ready"), "{found:?}");
    }

    #[test]
    fn target_health_in_prometheus_is_reported() {
        let error = "dial tcp: lookup grafana: no such host".to_string();
        let down = found(ServiceFacts { scrape: Some(Scrape { health: Health::Down, error }), ..ready() });
        assert_eq!((down[1].check, down[1].state), ("target", Severity::Bad));
        assert!(down[1].fix.as_ref().unwrap().contains("tdd-stack up"));
        let scrape = Some(Scrape { health: Health::Unknown, error: String::new() });
        assert_eq!(found(ServiceFacts { scrape, ..ready() })[1].state, Severity::Warning);
    }

    #[test]
    fn firewall_between_containers_is_one_finding_with_fix() {
        let error = "context deadline exceeded".to_string();
        let scrape = Some(Scrape { health: Health::Down, error });
        let cut_off = |name: &str, inside| ServiceFacts {
            name: name.into(),
            scrape: scrape.clone(),
            inside,
            ..ready()
        };
        let services = vec![
            ready(),
            cut_off("alertmanager", Some(ProbeAnswer::Silent)),
            cut_off("node-exporter", Some(ProbeAnswer::NoWay)),
        ];
        let facts = Facts { services, bridge: Some("br-7".into()), ..Facts::default() };
        let found = diagnose(&facts, &options());
        let bad: Vec<&Finding> = found.iter().filter(|finding| finding.state == Severity::Bad).collect();
        assert_eq!((bad.len(), bad[0].check), (1, "network"), "{found:?}");
        assert!(bad[0].what.contains("alertmanager, node-exporter") && bad[0].what.contains("firewall"));
        assert!(bad[0].fix.as_ref().unwrap().contains("-i br-7 -o br-7"), "{bad:?}");
        // A service that refuses or answers is not behind a firewall.
        let refused = found_of(vec![cut_off("grafana", Some(ProbeAnswer::Refused))]);
        assert!(refused.iter().all(|finding| finding.check != "network"), "{refused:?}");
    }

    #[test]
    fn ports_open_to_other_machines_are_reported() {
        let open = found(ServiceFacts { address: Some("0.0.0.0:3000".parse().unwrap()), ..ready() });
        assert_eq!((open[1].check, open[1].state), ("exposure", Severity::Warning));
        let facts = Facts { services: vec![ready()], lifecycle: true, ..Facts::default() };
        assert_eq!(diagnose(&facts, &options())[1].state, Severity::Bad);
    }

    #[test]
    fn dead_link_has_the_right_address_as_fix() {
        let dead = |answers| Link {
            url: "http://localhost:3000".into(),
            answers,
            wanted: Some("http://127.0.0.1:3001".into()),
        };
        let facts =
            Facts { services: vec![ready()], links: vec![dead(true), dead(false)], ..Facts::default() };
        let found = diagnose(&facts, &options());
        assert_eq!(found.len(), 2);
        assert!(found[1].fix.as_ref().unwrap().contains("http://127.0.0.1:3001"));
    }
}
