//! The progress of a plan on a terminal: one line for each service, which stays in its place. The only file that
//! names indicatif.
#![expect(clippy::disallowed_types, reason = "the home of the lines")]

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anstream::ColorChoice;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::terminal_mode::{LocalModes, TerminalModeGuard};
use crate::docker::phrases::layer_state;
use crate::model::event::{Event, EventKind};
use crate::model::pull_progress::{LayerReport, Layers};
use crate::output::screen::{DIM, Line, Mark, NAMES, Terminal, seconds};
use crate::plan::{Operation, Plan, Verb};
use crate::services;
use crate::services::title;

/// A plan that ends sooner draws nothing, so that a second `up` does not flash.
const DRAW_AFTER: Duration = Duration::from_millis(250);

/// An answer of a starting service is shown only after this time: until then, refused connections are normal.
const QUIET: Duration = Duration::from_secs(1);

/// The columns of the bar of a pull.
const BAR: usize = 12;

const CONFIGURATION: &str = "Configuration";
const NETWORK: &str = "Network";
const MONITORING: &str = "Monitoring";

/// The lines on the screen.
pub(super) struct Live {
    terminal: Terminal,
    is_coloured: bool,
    screen: MultiProgress,
    rows: Vec<Row>,
    layers: Layers,
    is_drawn: bool,
    _quiet: TerminalModeGuard<std::io::Stderr>,
}

/// The line of a service, or of what belongs to none.
struct Row {
    name: &'static str,
    steps: BTreeSet<usize>,
    running: Vec<usize>,
    done: BTreeSet<usize>,
    /// When each running operation began, and its last answer.
    answers: BTreeMap<usize, (Duration, Option<String>)>,
    began: Option<Duration>,
    ended: Option<Duration>,
    has_failed: bool,
    bar: Option<ProgressBar>,
}

impl Live {
    /// Returns an empty screen on standard error.
    pub(super) fn new(terminal: Terminal) -> Self {
        let choice = anstream::AutoStream::choice(&std::io::stderr());
        Self {
            terminal,
            is_coloured: choice != ColorChoice::Never,
            screen: MultiProgress::with_draw_target(ProgressDrawTarget::stderr_with_hz(15)),
            rows: Vec::new(),
            layers: Layers::default(),
            is_drawn: false,
            // `^C` between the lines would leave one of them behind.
            _quiet: TerminalModeGuard::begin(std::io::stderr(), LocalModes::ECHOCTL),
        }
    }

    /// Shows an event.
    pub(super) fn show(&mut self, plan: &Plan, event: &Event) {
        if self.rows.is_empty() {
            self.rows = rows(plan);
        }
        let operation = &plan.steps[event.step].operation;
        if let EventKind::Layer { layer, word, current, total } = &event.kind
            && let Some(state) = layer_state(word)
        {
            let (current, total) = (*current, *total);
            self.layers.record(&LayerReport { image: event.step, layer, state, current, total });
        }
        if let EventKind::Failed(reason) = &event.kind {
            self.print(&format!("failed: {} {}: {reason}", operation.verb(), operation.target()));
        }
        if let Some(row) = self.rows.iter_mut().find(|row| row.steps.contains(&event.step)) {
            row.record(event);
        }
        self.is_drawn = self.is_drawn || event.elapsed >= DRAW_AFTER;
        if self.is_drawn {
            self.draw(plan, event.elapsed);
        }
    }

    fn draw(&mut self, plan: &Plan, elapsed: Duration) {
        let (terminal, is_coloured) = (self.terminal, self.is_coloured);
        let shown = |line: &Line| if is_coloured { line.to_string() } else { line.bare() };
        let mut place = 0;
        for row in self.rows.iter_mut().filter(|row| row.began.is_some()) {
            let is_passing = [NETWORK, MONITORING].contains(&row.name);
            if row.ended.is_some() && is_passing && !row.has_failed {
                if let Some(bar) = row.bar.take() {
                    bar.finish_and_clear();
                }
                continue;
            }
            let text = row.text(plan, &self.layers, elapsed, terminal);
            let style = row.style(terminal, elapsed, shown);
            let message = shown(&Line::plain(row.name).padded(NAMES).then(DIM, &text));
            if let Some(bar) = &row.bar {
                bar.set_style(style);
                bar.set_message(message);
            } else {
                // Hidden until it is on the screen, or it would be drawn elsewhere; with style and
                // text, or its first frame would be a bar.
                let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
                let bar = self.screen.insert(place, bar.with_style(style).with_message(message));
                bar.enable_steady_tick(Duration::from_millis(100));
                row.bar = Some(bar);
            }
            place += 1;
        }
    }

    fn print(&self, text: &str) {
        // On a hidden screen the line would be lost.
        if self.screen.is_hidden() {
            crate::output::printer::say(text);
        } else {
            drop(self.screen.println(crate::model::sanitize::text(text)));
        }
    }
}

/// Clears the screen, also when the work is interrupted.
impl Drop for Live {
    fn drop(&mut self) {
        for bar in self.rows.iter().filter_map(|row| row.bar.as_ref()) {
            bar.finish_and_clear();
        }
        // A screen that cannot be written to has nothing left on it.
        drop(self.screen.clear());
    }
}

/// Returns the rows of a plan: the configuration, the services in their order, and what concerns all of them.
fn rows(plan: &Plan) -> Vec<Row> {
    let services = services::names();
    let mut order = vec![CONFIGURATION];
    order.extend(services.iter().copied().map(title));
    order.extend([NETWORK, MONITORING]);
    let mut steps: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    for (index, step) in plan.steps.iter().enumerate() {
        let name = match &step.operation {
            Operation::WriteFile { .. } => CONFIGURATION,
            Operation::WaitHealthy => MONITORING,
            // The name of a container ends with its service.
            Operation::Remove { name, .. } => services
                .iter()
                .find(|service| name.ends_with(*service))
                .map_or(NETWORK, |service| title(service)),
            operation => operation.service().map_or(NETWORK, title),
        };
        if let Some(place) = order.iter().position(|known| *known == name) {
            steps.entry(place).or_default().insert(index);
        }
    }
    let row = |(place, steps): (usize, BTreeSet<usize>)| Row {
        name: order[place],
        steps,
        running: Vec::new(),
        done: BTreeSet::new(),
        answers: BTreeMap::new(),
        began: None,
        ended: None,
        has_failed: false,
        bar: None,
    };
    steps.into_iter().map(row).collect()
}

impl Row {
    fn record(&mut self, event: &Event) {
        match &event.kind {
            EventKind::Started => {
                self.began.get_or_insert(event.elapsed);
                self.running.push(event.step);
                self.answers.insert(event.step, (event.elapsed, None));
            }
            EventKind::Waiting(last) => {
                if let Some((_, answer)) = self.answers.get_mut(&event.step) {
                    *answer = Some(last.clone());
                }
            }
            EventKind::Layer { .. } | EventKind::Note(_) => {}
            EventKind::Finished | EventKind::Abandoned | EventKind::Failed(_) | EventKind::FailedAlike(_) => {
                self.has_failed |= matches!(event.kind, EventKind::Failed(_) | EventKind::FailedAlike(_));
                self.running.retain(|running| *running != event.step);
                self.answers.remove(&event.step);
                self.done.insert(event.step);
                if self.done.len() == self.steps.len() || self.has_failed {
                    self.ended = Some(event.elapsed);
                }
            }
        }
    }

    fn text(&self, plan: &Plan, layers: &Layers, elapsed: Duration, terminal: Terminal) -> String {
        if self.ended.is_some() && !self.has_failed {
            return match self.name {
                CONFIGURATION => format!("{} files written", self.steps.len()),
                _ if self.is_removal(plan) => "removed".into(),
                _ => "ready".into(),
            };
        }
        if self.has_failed {
            return "failed".into();
        }
        let Some(step) = self.running.last() else { return "waiting".into() };
        let operation = &plan.steps[*step].operation;
        let action = action(operation);
        match self.answers.get(step) {
            _ if operation.verb() == Verb::Pull => pulling(layers, *step, terminal),
            Some((began, Some(answer))) if elapsed.saturating_sub(*began) >= QUIET => {
                format!("{action}: {answer}")
            }
            _ => action.into(),
        }
    }

    fn is_removal(&self, plan: &Plan) -> bool {
        let is_removal =
            |step: &usize| matches!(plan.steps[*step].operation.verb(), Verb::Stop | Verb::Remove);
        self.steps.iter().all(is_removal)
    }

    /// Returns the style of the line: a spinner and the running time, or a mark and the final time.
    fn style(&self, terminal: Terminal, elapsed: Duration, shown: impl Fn(&Line) -> String) -> ProgressStyle {
        let began = self.began.unwrap_or_default();
        let template = |head: &str| format!("{head} {{wide_msg}} {{time:>7.dim}}");
        let style = |template: &str| ProgressStyle::with_template(template).expect("the template is valid");
        let Some(ended) = self.ended else {
            let glyphs = if terminal.has_glyphs() { "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏ " } else { "-\\|/ " };
            // The event that is shown now may be older than this moment, which the tick adds.
            let (shown_at, so_far) = (std::time::Instant::now(), elapsed.saturating_sub(began));
            return style(&template("{spinner:.cyan}")).tick_chars(glyphs).with_key(
                "time",
                move |_: &indicatif::ProgressState, text: &mut dyn std::fmt::Write| {
                    text.write_str(&seconds(so_far + shown_at.elapsed())).ok();
                },
            );
        };
        let mark = if self.has_failed { Mark::Bad } else { Mark::Good };
        let time = seconds(ended.saturating_sub(began));
        style(&template("{mark}"))
            .with_key("mark", {
                let mark = shown(&terminal.mark(mark));
                move |_: &indicatif::ProgressState, text: &mut dyn std::fmt::Write| {
                    text.write_str(&mark).ok();
                }
            })
            .with_key("time", move |_: &indicatif::ProgressState, text: &mut dyn std::fmt::Write| {
                text.write_str(&time).ok();
            })
    }
}

fn pulling(layers: &Layers, step: usize, terminal: Terminal) -> String {
    let progress = layers.image(step);
    if progress.bytes_total == 0 {
        return "pulling".into();
    }
    let part = |total: usize| {
        usize::try_from(progress.bytes_done.saturating_mul(total as u64) / progress.bytes_total)
    };
    let filled = part(BAR).unwrap_or(BAR).min(BAR);
    let (full, rest) = if terminal.has_glyphs() { ("━", "╌") } else { ("#", ".") };
    format!(
        "pulling {}{} {} of {}, {} of {} layers",
        full.repeat(filled),
        rest.repeat(BAR - filled),
        indicatif::DecimalBytes(progress.bytes_done),
        indicatif::DecimalBytes(progress.bytes_total),
        progress.layers_done,
        progress.layers_total,
    )
}

/// Returns what an operation does, as progress names it.
fn action(operation: &Operation) -> &'static str {
    match operation.verb() {
        Verb::Write => "writing files",
        Verb::Pull => "pulling",
        Verb::Check => "checking files",
        Verb::CreateNetwork | Verb::CreateVolume => "creating network and volumes",
        Verb::Stop => "stopping",
        Verb::Remove | Verb::RemoveNetwork | Verb::RemoveVolume | Verb::RemoveImage => "removing",
        Verb::SetAside | Verb::PutBack => "renaming the previous container",
        Verb::Create => "creating",
        Verb::Upload => "uploading files",
        Verb::WritePasswordFile => "storing the password",
        Verb::Reload => "reloading",
        Verb::Restart => "restarting",
        Verb::Unpause => "unpausing",
        Verb::Start | Verb::Await => "starting",
        Verb::CheckConnectivity => "checking that the services reach each other",
        Verb::CheckLogin => "checking the login",
        Verb::SetLogin => "setting the password",
        Verb::DataSource => "setting the data source",
        Verb::Import => "importing the dashboard",
        Verb::WaitDataSource => "waiting for the data source",
        Verb::WaitHealthy => "waiting for the first scrapes",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Cause, Step};

    #[test]
    fn row_ends_with_its_last_operation() {
        let step = |uid: &str| {
            let operation = Operation::WaitDataSource { uid: uid.into() };
            Step { operation, cause: Cause::JustStarted, needs: Vec::new() }
        };
        let plan = Plan { steps: vec![step("a"), step("b")], ..Plan::default() };
        let mut live = Live::new(Terminal::new(Some(80), |_| None));
        let mut show = |step, kind| live.show(&plan, &Event { elapsed: Duration::ZERO, step, kind });
        show(0, EventKind::Started);
        show(1, EventKind::Started);
        show(1, EventKind::Waiting("no answer".into()));
        show(1, EventKind::Abandoned);
        let row = &live.rows[0];
        assert_eq!((row.running.clone(), row.answers.len(), row.ended), (vec![0], 1, None));
        live.show(&plan, &Event { elapsed: Duration::ZERO, step: 0, kind: EventKind::Finished });
        assert_eq!(live.rows[0].ended, Some(Duration::ZERO));
    }
}
