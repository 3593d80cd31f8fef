//! Assertions 2, 4 and 5.

use reqwest::Method;

use super::answer::Checked;
use super::grafana::{As, Grafana};

pub(super) async fn answers_without_login(grafana: &Grafana) -> Checked {
    let health = grafana.ask(Method::GET, "/api/health", As::Anonymous, None).await?;
    health.has_status(200)?.has("/database", "ok")?;
    let declared = health.content_type.eq_ignore_ascii_case("application/json; charset=UTF-8");
    health.demand(declared, "`application/json; charset=UTF-8`")?;
    health.text_at("/version")?;
    health.text_at("/commit")?;
    Ok(())
}

pub(super) async fn counts_no_login(grafana: &Grafana) -> Checked {
    let wrong = As::User(&grafana.target.user, "surely not the password");
    // One more than would lock the name if they were counted.
    for _ in 0..6 {
        grafana.ask(Method::GET, "/api/health", wrong, None).await?.has_status(200)?;
    }
    grafana.get("/api/org").await?.has_status(200)?;
    Ok(())
}

pub(super) async fn healthz(grafana: &Grafana) -> Checked {
    let answer = grafana.ask(Method::GET, "/healthz", As::Anonymous, None).await?;
    answer.has_status(200)?.demand(answer.text == "Ok", "the body `Ok`")?;
    Ok(())
}
