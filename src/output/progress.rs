//! Shows the events of a plan while it is applied.

mod live;
mod plain;
mod terminal_mode;

pub(crate) use terminal_mode::{LocalModes, TerminalModeGuard};

use std::io::IsTerminal;
use std::time::Duration;

use tokio::sync::mpsc::UnboundedReceiver;

use super::printer::{Printer, say};
use super::results::{Timing, Timings};
use super::schema;
use super::screen::Terminal;
use crate::config::settings::ProgressFormat;
use crate::model::event::{Event, EventKind};
use crate::plan::Plan;

impl Printer {
    /// Shows events as they come until the channel closes, and returns how long each step took.
    pub async fn display(&self, plan: &Plan, mut inbox: UnboundedReceiver<Event>) -> Timings {
        let mut renderer = Renderer::choose(self.progress, self.messages);
        let mut began = vec![Duration::ZERO; plan.len()];
        let mut timings = Timings::default();
        while let Some(event) = inbox.recv().await {
            let operation = &plan.steps[event.step].operation;
            match event.kind {
                EventKind::Started => began[event.step] = event.elapsed,
                EventKind::Finished => timings.0.push(Timing {
                    verb: operation.verb(),
                    target: operation.target(),
                    service: operation.service().map(ToString::to_string),
                    began: began[event.step],
                    took: event.elapsed.saturating_sub(began[event.step]),
                }),
                EventKind::Layer { .. }
                | EventKind::Waiting(_)
                | EventKind::Note(_)
                | EventKind::Failed(_)
                | EventKind::FailedAlike(_)
                | EventKind::Abandoned => {}
            }
            renderer.show(plan, &event, event.elapsed.saturating_sub(began[event.step]));
        }
        timings
    }
}

/// One of the ways in which events are shown, chosen once.
enum Renderer {
    Live(Box<live::Live>),
    Plain,
    Json,
    Quiet,
}

impl Renderer {
    fn choose(progress: ProgressFormat, terminal: Terminal) -> Self {
        match progress {
            ProgressFormat::Bars => Self::Live(Box::new(live::Live::new(terminal))),
            ProgressFormat::Auto if std::io::stderr().is_terminal() => {
                Self::Live(Box::new(live::Live::new(terminal)))
            }
            ProgressFormat::Auto | ProgressFormat::Plain => Self::Plain,
            ProgressFormat::Json => Self::Json,
            ProgressFormat::Quiet => Self::Quiet,
        }
    }

    fn show(&mut self, plan: &Plan, event: &Event, took: Duration) {
        match self {
            Self::Live(live) => live.show(plan, event),
            Self::Plain => say_some(plain::line(plan, event, took)),
            Self::Json => say(&schema::line(&schema::event(plan, event, took, None))),
            Self::Quiet => say_some(match event.kind {
                EventKind::Failed(_) => plain::line(plan, event, took),
                _ => None,
            }),
        }
    }
}

fn say_some(line: Option<String>) {
    if let Some(line) = line {
        say(&line);
    }
}
