//! Dashboards from the providers in `dashboards/*.yaml`, at the start and periodically.

use std::sync::Arc;
use std::time::Duration;

use super::provider::{self, Provider};
use super::read::read_yaml;
use super::walk::{Found, Walked, duplicates, walk};
use crate::api::answer::Answer;
use crate::api::app::{App, Shared};
use crate::api::dashboards::{Wanted, save};
use crate::api::folders;
use crate::log::{self, Level};
use crate::state::dashboard::Provisioned;
use crate::state::folder::Folder;
use crate::state::{Author, State};

const LOGGER: &str = "provisioning.dashboard";

/// Reads the providers, provisions all of them, and starts their periodic scans.
pub(super) async fn provision(app: Shared) -> Result<(), String> {
    let files = read_yaml(&app.settings.provisioning.join("dashboards"), LOGGER)?;
    let providers = provider::checked(files)?;
    remove_orphans(&app, &providers)?;
    let mut tasks = Vec::new();
    for provider in providers {
        let provider = Arc::new(provider);
        look(Arc::clone(&app), Arc::clone(&provider)).await;
        tasks.push(tokio::spawn(look_again(Arc::clone(&app), provider)).abort_handle());
    }
    app.providers.replace(tasks);
    log::line(Level::Info, LOGGER, "finished to provision dashboards", &[]);
    Ok(())
}

async fn look_again(app: Shared, provider: Arc<Provider>) {
    let period = Duration::from_secs(provider.update_interval_seconds.max(1));
    let mut ticks = tokio::time::interval(period);
    // The first tick completes immediately, and the first scan is done already.
    ticks.tick().await;
    loop {
        ticks.tick().await;
        look(Arc::clone(&app), Arc::clone(&provider)).await;
    }
}

/// Scans once; errors are logged, because no client waits for the result.
async fn look(app: Shared, provider: Arc<Provider>) {
    let looked = tokio::task::spawn_blocking(move || {
        if let Err(error) = look_now(&app, &provider) {
            let fields: [(&str, &dyn std::fmt::Display); 2] = [("name", &provider.name), ("error", &error)];
            log::line(Level::Error, LOGGER, "failed to search for dashboards", &fields);
        }
    });
    // The task fails only when the runtime ends.
    drop(looked.await);
}

fn look_now(app: &App, provider: &Provider) -> Result<(), String> {
    let walked = walk(provider)?;
    for (file, error) in &walked.broken {
        log::line(
            Level::Error,
            LOGGER,
            "failed to load dashboard from ",
            &[("file", file), ("error", error)],
        );
    }
    let twice = duplicates(&walked.found);
    if !twice.is_empty() {
        let twice = twice.join(", ");
        let message =
            "dashboards provisioning provider has no database write permissions because of duplicates";
        log::line(Level::Warn, LOGGER, message, &[("provider", &provider.name), ("duplicates", &twice)]);
        return Ok(());
    }
    if app.store.read(|state| is_settled(state, provider, &walked)) {
        return Ok(());
    }
    let author = Author { login: "admin".into(), ..app.author("admin") };
    app.store.write(|state| {
        apply(state, provider, &walked, &author);
        Ok(())
    })
}

fn is_settled(state: &State, provider: &Provider, walked: &Walked) -> bool {
    let known = || state.dashboards.iter().filter_map(|dashboard| dashboard.provisioned.as_ref());
    let known = || known().filter(|source| source.provider == provider.name);
    let same = |found: &Found| known().any(|source| *source == source_of(provider, found));
    known().count() == walked.found.len() && walked.found.iter().all(same)
}

fn apply(state: &mut State, provider: &Provider, walked: &Walked, author: &Author) {
    let is_gone = |source: &Provisioned| {
        let is_there = |file: &str| walked.found.iter().any(|found| found.file == file);
        source.provider == provider.name && !is_there(&source.file)
    };
    if provider.disable_deletion {
        for dashboard in &mut state.dashboards {
            dashboard.provisioned.take_if(|source| is_gone(source));
        }
    } else {
        state.dashboards.retain(|dashboard| !dashboard.provisioned.as_ref().is_some_and(is_gone));
    }
    for found in &walked.found {
        let source = source_of(provider, found);
        if state.dashboards.iter().any(|dashboard| dashboard.provisioned.as_ref() == Some(&source)) {
            continue;
        }
        // One invalid dashboard must not block the others.
        if let Err(refused) = apply_one(state, provider, found, source, author) {
            let error = refused.text();
            log::line(
                Level::Error,
                LOGGER,
                "failed to save dashboard",
                &[("file", &found.file), ("error", &error)],
            );
        }
    }
}

fn apply_one(
    state: &mut State,
    provider: &Provider,
    found: &Found,
    source: Provisioned,
    author: &Author,
) -> Result<(), Answer> {
    let folder_uid = folder_for(state, provider, found, author)?;
    let mut spec = found.spec.clone();
    // A changed file updates the dashboard that it created, even without a uid.
    let same_file = |known: &&Provisioned| known.provider == source.provider && known.file == source.file;
    let made =
        state.dashboards.iter().find(|known| known.provisioned.as_ref().as_ref().is_some_and(same_file));
    if let Some(made) = made {
        spec.entry("uid").or_insert_with(|| made.uid.clone().into());
    }
    save(
        state,
        Wanted { spec, folder_uid, overwrite: true, message: String::new(), file: Some(source) },
        author,
    )?;
    Ok(())
}

fn folder_for(
    state: &mut State,
    provider: &Provider,
    found: &Found,
    author: &Author,
) -> Result<String, Answer> {
    if found.folder.is_empty() {
        return Ok(String::new());
    }
    let is_it = |folder: &&Folder| folder.title == found.folder && folder.parent_uid.is_empty();
    if let Some(known) = state.folders.iter().find(is_it) {
        return Ok(known.uid.clone());
    }
    let wanted = folders::Wanted {
        uid: provider.folder_uid.clone(),
        title: found.folder.clone(),
        parent_uid: String::new(),
    };
    Ok(folders::insert(state, wanted, author)?.uid)
}

fn source_of(provider: &Provider, found: &Found) -> Provisioned {
    Provisioned {
        provider: provider.name.clone(),
        file: found.file.clone(),
        checksum: found.checksum.clone(),
        allow_ui_updates: provider.allow_ui_updates,
    }
}

/// Removes the dashboards of missing providers.
fn remove_orphans(app: &App, providers: &[Provider]) -> Result<(), String> {
    let is_orphan = |source: &Provisioned| !providers.iter().any(|provider| provider.name == source.provider);
    let any = app.store.read(|state| {
        state.dashboards.iter().filter_map(|dashboard| dashboard.provisioned.as_ref()).any(is_orphan)
    });
    if !any {
        return Ok(());
    }
    app.store.write(|state| {
        state.dashboards.retain(|dashboard| !dashboard.provisioned.as_ref().is_some_and(is_orphan));
        Ok(())
    })
}

#[cfg(test)]
#[path = "dashboards_tests.rs"]
mod tests;
