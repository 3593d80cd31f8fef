//! Collects diagnostics from the engine, the disk and the services.
//!
//! Changes nothing and never fails: adds a note for each missing part.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;

use super::{Content, Diagnostics};
use crate::deadline::within;
use crate::engine::Engine;
use crate::error::Result;
use crate::files::ConfigFolder;
use crate::http::Http;
use crate::model::stack::Stack;

/// The timeout of each answer of the engine, which may be the part that hangs.
const ANSWER: Duration = Duration::from_secs(5);

/// The number of lines to keep from the end of each log.
const LINES: u32 = 1000;

/// Collects the files on the disk and the transcript of past requests, without the engine.
pub fn at_hand(http: &Http, folder: &ConfigFolder, stack: &Stack) -> Diagnostics {
    let mut diagnostics = Diagnostics::default();
    diagnostics.add("probes.txt", Content::Lines(http.transcript()));
    match folder.read(stack.files.iter().map(|file| file.name)) {
        Ok(files) => {
            for (name, file) in files {
                diagnostics.add(format!("files/disk/{name}"), Content::Configuration(file.content));
            }
        }
        Err(error) => diagnostics.notes.push(format!("the files on disk: {}", error.in_one_line())),
    }
    diagnostics
}

/// Collects objects, logs and delivered files of a stack from the engine.
pub async fn from_engine(engine: &Engine, stack: &Stack) -> Diagnostics {
    let (mut diagnostics, inventory) =
        tokio::join!(objects(engine, stack), answered(engine.inventory(&stack.name)));
    let inventory = match inventory {
        Ok(inventory) => inventory.objects,
        Err(reason) => {
            diagnostics.notes.push(format!("logs and delivered files: {reason}"));
            return diagnostics;
        }
    };
    let containers = inventory.containers.iter().chain(&inventory.set_aside);
    let parts = containers.map(|(service, container)| async move {
        let mut part = Diagnostics::default();
        let config = stack.service(service).and_then(|service| service.config.as_ref());
        let files = async {
            match config {
                Some(config) => answered(engine.files(&container.id, config.folder)).await,
                None => Ok(std::collections::BTreeMap::new()),
            }
        };
        let (log, files) = tokio::join!(answered(engine.log_tail(&container.id, LINES)), files);
        match log {
            Ok(text) => part.add(format!("logs/{}.log", container.name), Content::Text(text)),
            Err(reason) => part.notes.push(format!("log of `{}`: {reason}", container.name)),
        }
        match files {
            Ok(files) => {
                for (name, content) in files {
                    let name = format!("files/delivered/{}/{name}", container.name);
                    part.add(name, Content::Configuration(content));
                }
            }
            Err(reason) => part.notes.push(format!("files of `{}`: {reason}", container.name)),
        }
        part
    });
    for part in join_all(parts).await {
        diagnostics.extend(part);
    }
    diagnostics
}

async fn objects(engine: &Engine, stack: &Stack) -> Diagnostics {
    let mut diagnostics = Diagnostics::default();
    let described = match engine.describe_objects(&stack.name, ANSWER).await {
        Ok(described) => described,
        Err(error) => {
            diagnostics.notes.push(format!("the engine's objects: {}", error.in_one_line()));
            return diagnostics;
        }
    };
    for (kind, name, description) in described {
        match description {
            Ok(value) => diagnostics.add(format!("inspect/{kind}-{name}.json"), Content::Json(value)),
            Err(error) => diagnostics.notes.push(format!("{kind} `{name}`: {}", error.in_one_line())),
        }
    }
    diagnostics.add("engine.json", Content::Json(json!({"version": engine.version(), "api": engine.api()})));
    diagnostics
}

/// Returns the answer, or the reason why it is missing; a timeout is one.
async fn answered<T>(answer: impl Future<Output = Result<T>>) -> std::result::Result<T, String> {
    let answer = async { answer.await.map_err(|error| error.in_one_line()) };
    let late = || format!("the engine does not answer within {}", humantime::format_duration(ANSWER));
    within(ANSWER, answer, late).await
}
