//! Assertions 6 to 9 and 11.

use reqwest::Method;
use serde_json::json;

use super::answer::Checked;
use super::answer::{Answer, Violation};
use super::grafana::Target;
use super::grafana::{As, Grafana, unique};

/// The number of wrong tries that locks a name.
const MOST_TRIES: usize = 5;

pub(super) async fn missing(grafana: &Grafana) -> Checked {
    let answer = grafana.ask(Method::GET, "/api/org", As::Anonymous, None).await?;
    answer.has_status(401)?.has_message("Unauthorized")?;
    if grafana.is_strict() {
        answer.has("/messageId", "auth.unauthorized")?;
    }
    Ok(())
}

pub(super) async fn wrong(grafana: &Grafana) -> Checked {
    wrong_try(grafana).await.map(drop)
}

pub(super) async fn right(grafana: &Grafana) -> Checked {
    grafana.get("/api/org").await?.has_status(200)?.has("/id", 1)?.has("/name", "Main Org.")?;
    Ok(())
}

pub(super) async fn lock_out(grafana: &Grafana) -> Checked {
    let mut said = String::new();
    for _ in 0..MOST_TRIES {
        said = wrong_try(grafana).await?.text;
    }
    let locked = grafana.get("/api/org").await?;
    locked.has_status(401)?.demand(locked.text == said, "the answer to a wrong password")?;
    Ok(())
}

pub(super) async fn change(grafana: &Grafana) -> Checked {
    let Target { password: old, .. } = &grafana.target;
    let new = unique("password");
    let wrong_old = change_password(grafana, old, "surely not the password", &new).await?;
    wrong_old.has_status(401)?.has_message("Invalid old password")?;
    change_password(grafana, old, old, &new).await?.has_status(200)?.has_message("User password changed")?;
    let works = grafana.ask(Method::GET, "/api/org", As::User(&grafana.target.user, &new), None).await;
    // The old password must be restored in any case.
    change_password(grafana, &new, &new, old).await?.has_status(200)?;
    works?.has_status(200)?;
    grafana.get("/api/org").await?.has_status(200)?;
    Ok(())
}

async fn wrong_try(grafana: &Grafana) -> Result<Answer, Violation> {
    let who = As::User(&grafana.target.user, "surely not the password");
    let answer = grafana.ask(Method::GET, "/api/org", who, None).await?;
    answer.has_status(401)?;
    let message = answer.text_at("/message")?;
    answer.demand(
        message.eq_ignore_ascii_case("invalid username or password"),
        "`Invalid username or password`",
    )?;
    Ok(answer)
}

async fn change_password(grafana: &Grafana, login: &str, old: &str, new: &str) -> Result<Answer, Violation> {
    let body = json!({"oldPassword": old, "newPassword": new, "confirmNew": new});
    let who = As::User(&grafana.target.user, login);
    grafana.ask(Method::PUT, "/api/user/password", who, Some(&body)).await
}
