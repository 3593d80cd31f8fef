//! Bars on a terminal: one for the plan, one an image while it is pulled. The only file that names indicatif.
#![expect(clippy::disallowed_types, reason = "the bars' own home")]

use std::collections::BTreeMap;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::terminal_mode::{LocalModes, TerminalModeGuard};
use crate::docker::phrases::layer_state;
use crate::model::event::{Event, EventKind};
use crate::model::pull_progress::{LayerReport, Layers};
use crate::model::sanitize;
use crate::plan::{Operation, Plan};

/// A plan that is done sooner draws nothing, so that a second `up` does not flash.
const DRAW_AFTER: Duration = Duration::from_millis(250);

/// What is on the screen.
pub(super) struct Bars {
    screen: MultiProgress,
    whole: Option<ProgressBar>,
    images: BTreeMap<usize, ProgressBar>,
    layers: Layers,
    running: Vec<usize>,
    /// The last answer that a waiting step got.
    waiting: BTreeMap<usize, String>,
    finished: u64,
    _quiet: TerminalModeGuard<std::io::Stderr>,
}

impl Default for Bars {
    fn default() -> Self {
        Self {
            screen: MultiProgress::with_draw_target(ProgressDrawTarget::stderr_with_hz(15)),
            whole: None,
            images: BTreeMap::new(),
            layers: Layers::default(),
            running: Vec::new(),
            waiting: BTreeMap::new(),
            finished: 0,
            // `^C` between the bars would leave a line of them behind.
            _quiet: TerminalModeGuard::begin(std::io::stderr(), LocalModes::ECHOCTL),
        }
    }
}

impl Bars {
    /// Shows an event.
    pub(super) fn show(&mut self, plan: &Plan, event: &Event) {
        let step = &plan.steps[event.step];
        match &event.kind {
            EventKind::Started => {
                self.running.push(event.step);
                if let Operation::Pull { image, .. } = &step.operation {
                    self.images.insert(event.step, self.screen.add(image_bar(image)));
                }
            }
            EventKind::Layer { layer, word, current, total } => {
                if let Some(state) = layer_state(word) {
                    let (image, current, total) = (event.step, *current, *total);
                    self.layers.record(&LayerReport { image, layer, state, current, total });
                    self.draw_image(event.step);
                }
            }
            EventKind::Waiting(last) => drop(self.waiting.insert(event.step, last.clone())),
            EventKind::Note(note) => self.line(&format!("note: {}: {note}", step.operation.target())),
            EventKind::Finished => {
                self.finished += 1;
                self.end(event.step, "pulled");
            }
            EventKind::Abandoned => self.end(event.step, "abandoned"),
            EventKind::FailedAlike(_) => self.end(event.step, "failed"),
            EventKind::Failed(reason) => {
                self.end(event.step, "failed");
                let failed =
                    format!("failed: {} {}: {reason}", step.operation.verb(), step.operation.target());
                self.line(&failed);
            }
        }
        self.draw_whole(plan, event.elapsed);
    }

    /// Takes a step off the list of running ones, and ends its own bar, if it has one, with a word.
    fn end(&mut self, step: usize, word: &'static str) {
        self.running.retain(|running| *running != step);
        self.waiting.remove(&step);
        if let Some(bar) = self.images.get(&step) {
            bar.finish_with_message(word);
        }
    }

    fn draw_image(&self, step: usize) {
        let Some(bar) = self.images.get(&step) else { return };
        let tally = self.layers.image(step);
        bar.set_length(tally.bytes_total);
        bar.set_position(tally.bytes_done);
        bar.set_message(format!("{} of {} layers", tally.layers_done, tally.layers_total));
    }

    fn draw_whole(&mut self, plan: &Plan, elapsed: Duration) {
        if self.whole.is_none() && elapsed >= DRAW_AFTER {
            let bar = self.screen.insert(0, ProgressBar::new(plan.len() as u64));
            bar.set_style(style("{spinner} {bar:24} {pos:>2} of {len}  {elapsed}  {wide_msg}"));
            bar.enable_steady_tick(Duration::from_millis(100));
            self.whole = Some(bar);
        }
        let Some(whole) = &self.whole else { return };
        let name = |step: &usize| {
            let operation = &plan.steps[*step].operation;
            let last = self.waiting.get(step).map(|last| format!(": {last}")).unwrap_or_default();
            format!("{} {}{last}", operation.verb(), operation.target())
        };
        let running: Vec<String> = self.running.iter().map(name).collect();
        whole.set_position(self.finished);
        whole.set_message(sanitize::line(&running.join(", ")).into_owned());
    }

    fn line(&self, text: &str) {
        // On a hidden screen the line would be lost.
        if self.screen.is_hidden() {
            super::say(Some(text.to_string()));
        } else {
            drop(self.screen.println(sanitize::text(text)));
        }
    }
}

/// Takes everything off the screen, also when the work is interrupted.
impl Drop for Bars {
    fn drop(&mut self) {
        for bar in self.images.values().chain(&self.whole) {
            bar.finish_and_clear();
        }
        // A screen that cannot be written to has nothing left on it.
        drop(self.screen.clear());
    }
}

fn image_bar(image: &str) -> ProgressBar {
    // Hidden until it is on the screen, or it would draw itself beside it.
    let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::hidden());
    bar.set_style(style("  {prefix:42!} {bar:24} {decimal_bytes:>9} of {decimal_total_bytes:9} {wide_msg}"));
    bar.set_prefix(sanitize::line(image).into_owned());
    bar
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the templates are constants").progress_chars("━━╌")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Cause, Step};

    #[test]
    fn an_abandoned_step_is_not_listed_any_more() {
        let step = |uid: &str| {
            let operation = Operation::WaitDataSource { uid: uid.into() };
            Step { operation, cause: Cause::JustStarted, needs: Vec::new() }
        };
        let plan = Plan { steps: vec![step("a"), step("b")], ..Plan::default() };
        let mut bars = Bars::default();
        let mut show = |step, kind| bars.show(&plan, &Event { elapsed: Duration::ZERO, step, kind });
        show(0, EventKind::Started);
        show(1, EventKind::Started);
        show(1, EventKind::Waiting("no answer".into()));
        show(1, EventKind::Abandoned);
        assert_eq!((bars.running.clone(), bars.waiting.len(), bars.finished), (vec![0], 0, 0));
    }
}
