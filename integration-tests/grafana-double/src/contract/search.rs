//! Assertion 39.

use std::time::Duration;

use super::answer::Checked;
use super::answer::{Answer, Violation};
use super::dashboards::{overwriting, save};
use super::grafana::{Grafana, unique};

/// The longest delay of the index.
const LIMIT: Duration = Duration::from_secs(30);

pub(super) async fn finds(grafana: &Grafana) -> Checked {
    let uid = unique("db");
    save(grafana, &overwriting(&uid, "search")).await?.has_status(200)?;
    let mut ticks = tokio::time::interval(Duration::from_millis(100));
    let found = async {
        loop {
            ticks.tick().await;
            let answer = search(grafana, &uid).await?;
            if hits(&answer).any(|hit| hit == uid) {
                return Ok(());
            }
        }
    };
    let late = || Violation::new(format!("`{uid}` was not found within {LIMIT:?}"));
    tokio::time::timeout(LIMIT, found).await.map_err(|_| late())?
}

async fn search(grafana: &Grafana, uid: &str) -> Result<Answer, Violation> {
    let answer = grafana.get(&format!("/api/search?type=dash-db&query={uid}")).await?;
    answer.has_status(200)?.demand(answer.body.is_array(), "an array")?;
    Ok(answer)
}

fn hits(answer: &Answer) -> impl Iterator<Item = &str> {
    answer.body.as_array().into_iter().flatten().filter_map(|hit| hit["uid"].as_str())
}
