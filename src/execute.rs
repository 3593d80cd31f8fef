//! Executes a plan, with as many operations at once as their order allows. It makes no decisions.
//!
//! After a failure no further operation starts, waits end, and running effects finish. Completed operations
//! are kept, and the next `up` resumes. The operations that began are returned, so that the plan can roll
//! them back.

mod grafana_login;
pub mod readiness;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::config::check_output::{self, Checked};
use crate::config::dashboard;
use crate::context::StackContext;
use crate::doctor;
use crate::engine::{PullEvent, Started};
use crate::error::{Error, Firewall, Result};
use crate::execute::readiness::Waiter;
use crate::http::GrafanaClient;
use crate::model::event::{EventKind, Events};
use crate::model::stack::LOADED_CHECKSUM;
use crate::model::verification::{Application, Verification};
use crate::plan::{DashboardEdits, Operation, Plan};

/// A stop that takes less than this is not worth a progress message.
const SOON: Duration = Duration::from_secs(1);

/// What executing a plan needs.
#[derive(Debug)]
pub struct Applier<'a> {
    /// The stack.
    pub context: StackContext<'a>,
    /// The time limit of each wait for a service.
    pub patience: Duration,
    /// Whether a healthy stack includes the user's application.
    pub application: Application,
    /// The sender of events.
    pub events: Events,
}

/// The result of executing a plan.
#[derive(Debug, Default)]
pub struct Applied {
    /// The last verification, if the plan waits for a healthy stack.
    pub proof: Option<Result<Verification>>,
    /// The indexes of the operations that began.
    pub begun: BTreeSet<usize>,
    /// The indexes of the operations that completed.
    pub done: BTreeSet<usize>,
    /// The first failure; of several at the same moment, any.
    pub failure: Option<Error>,
}

/// The progress of an operation, as its dependents see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum StepProgress {
    Waiting,
    Done,
    Abandoned,
}

impl Applier<'_> {
    /// Executes the plan until an operation fails.
    pub async fn apply(&self, plan: &Plan) -> Applied {
        let applied = RefCell::new(Applied::default());
        let progress: Vec<watch::Sender<StepProgress>> =
            plan.steps.iter().map(|_| watch::Sender::new(StepProgress::Waiting)).collect();
        let failed = watch::Sender::new(false);
        join_all(plan.steps.iter().enumerate().map(|(index, step)| {
            let (progress, failed, applied) = (&progress, &failed, &applied);
            async move {
                for need in &step.needs {
                    let mut needed = progress[*need].subscribe();
                    let reached = needed.wait_for(|progress| *progress != StepProgress::Waiting).await;
                    if reached.is_ok_and(|progress| *progress == StepProgress::Abandoned) {
                        progress[index].send_replace(StepProgress::Abandoned);
                        return;
                    }
                }
                if *failed.borrow() {
                    progress[index].send_replace(StepProgress::Abandoned);
                    return;
                }
                self.events.emit(index, EventKind::Started);
                applied.borrow_mut().begun.insert(index);
                // The time starts with the operation itself: a slow pull before it must not count.
                let waiter = Waiter::new(self.context, self.patience);
                let outcome = match step.operation {
                    Operation::WaitReady(_) | Operation::WaitDataSource { .. } => {
                        let mut other_failed = failed.subscribe();
                        tokio::select! {
                            outcome = self.run(index, &step.operation, waiter, applied) => outcome,
                            _ = other_failed.wait_for(|failed| *failed) => {
                                self.events.emit(index, EventKind::Abandoned);
                                progress[index].send_replace(StepProgress::Abandoned);
                                return;
                            }
                        }
                    }
                    _ => self.run(index, &step.operation, waiter, applied).await,
                };
                match outcome {
                    Ok(()) => {
                        applied.borrow_mut().done.insert(index);
                        self.events.emit(index, EventKind::Finished);
                        progress[index].send_replace(StepProgress::Done);
                    }
                    Err(error) => {
                        failed.send_replace(true);
                        let reason = error.to_string();
                        let is_alike = match &mut applied.borrow_mut().failure {
                            Some(first) => first.join(error).is_ok(),
                            none => none.replace(error).is_some(),
                        };
                        let kind = if is_alike { EventKind::FailedAlike } else { EventKind::Failed };
                        self.events.emit(index, kind(reason));
                        progress[index].send_replace(StepProgress::Abandoned);
                    }
                }
            }
        }))
        .await;
        applied.into_inner()
    }

    async fn run(
        &self,
        step: usize,
        operation: &Operation,
        waiter: Waiter<'_>,
        applied: &RefCell<Applied>,
    ) -> Result<()> {
        let StackContext { operator, http, stack, folder: config } = self.context;
        // The engine cannot enforce the lock for files and for Grafana's content, which change no container.
        operator.confirm_lock().await?;
        let waiting = |last: &str| self.events.emit(step, EventKind::Waiting(last.to_string()));
        match operation {
            Operation::WriteFile { file, content } => config.write(file, content).await,
            Operation::Pull { image, .. } => {
                let report = |event: PullEvent| {
                    let kind = match event {
                        PullEvent::Layer { layer, word, current, total } => {
                            EventKind::Layer { layer, word, current, total }
                        }
                        PullEvent::Again(note) => EventKind::Note(note),
                    };
                    self.events.emit(step, kind);
                };
                operator.pull(image, report).await
            }
            Operation::Check { image, check, folder, files, .. } => {
                let output = operator.check(&stack.name, image, &check.command, folder, files).await?;
                let checked = Checked { folder, seen_as: config.path(), files, main_file: check.main_file() };
                match check_output::faults(&output, checked) {
                    faults if faults.is_empty() => Ok(()),
                    faults => Err(Error::Faults(faults)),
                }
            }
            Operation::CreateNetwork(name) => operator.create_network(&stack.name, name).await,
            Operation::CreateVolume { name, kind } => operator.create_volume(&stack.name, name, *kind).await,
            Operation::Stop { container, seconds, .. } => {
                let mut stopped = Box::pin(operator.stop(container, *seconds));
                if let Ok(stopped) = timeout(SOON, &mut stopped).await {
                    return stopped;
                }
                waiting(&format!("the stop may take up to {seconds} s"));
                stopped.await
            }
            Operation::Remove { container, force, .. } => operator.remove(container, *force).await,
            Operation::SetAside { container, name, .. } => operator.rename(container, name).await,
            Operation::PutBack { container, name, .. } => operator.put_back(container, name).await,
            Operation::Create { service, host_port } => operator.create(stack, service, *host_port).await,
            Operation::Upload { service, folder, files } => {
                operator.upload(&stack.container(service), folder, files).await
            }
            Operation::WritePasswordFile { service, file } => {
                operator.deliver(&stack.container(service), *file, &stack.login.password.secret).await
            }
            Operation::Start { service, host_port } => {
                if operator.start(stack, service, *host_port).await? == Started::WithoutPropagation {
                    let note = "the engine's host does not share `/`, so mounts made later on the host are not visible";
                    self.events.emit(step, EventKind::Note(note.into()));
                }
                Ok(())
            }
            Operation::Reload { service, metrics_prefix, folder, checksum } => {
                let container = stack.container(service);
                waiter.reloaded(service, metrics_prefix, operator.signal(&container, "HUP")).await?;
                let checksum = (LOADED_CHECKSUM.to_string(), checksum.clone());
                operator.upload(&container, folder, &[checksum]).await
            }
            Operation::Restart { service, seconds } => {
                operator.restart(&stack.container(service), *seconds).await
            }
            Operation::Unpause { service } => operator.unpause(&stack.container(service)).await,
            Operation::WaitReady(service) => waiter.ready(service, waiting).await,
            Operation::CheckConnectivity { from, urls } => self.reach(step, from, urls).await,
            Operation::SetLogin(case) => Box::pin(self.set_login(waiter, *case)).await,
            Operation::SetDataSource(wanted) => {
                let base = waiter.base("grafana").await?;
                GrafanaClient::new(http, base, stack).set_data_source(wanted).await
            }
            Operation::ImportDashboard { uid, body, edits } => {
                let base = waiter.base("grafana").await?;
                self.import(step, &GrafanaClient::new(http, base, stack), uid, body, *edits).await
            }
            Operation::WaitDataSource { uid } => waiter.data_source(uid, waiting).await,
            Operation::WaitHealthy => {
                // Whatever the verdict is, the next operations restore the configured files.
                applied.borrow_mut().proof = Some(waiter.proof(self.application, waiting).await);
                Ok(())
            }
            Operation::RemoveNetwork(name) => operator.remove_network(name).await,
            Operation::RemoveVolume(name) => operator.remove_volume(name).await,
            Operation::RemoveImage(reference) => operator.remove_image(reference).await,
        }
    }

    async fn import(
        &self,
        step: usize,
        grafana: &GrafanaClient<'_>,
        uid: &str,
        body: &serde_json::Value,
        edits: DashboardEdits,
    ) -> Result<()> {
        let StackContext { operator, stack, .. } = self.context;
        let container = stack.container("grafana");
        let folder = dashboard::checksums_folder(stack);
        let path = format!("{folder}/{}", dashboard::checksum_name(uid));
        let (seen, left) =
            tokio::try_join!(grafana.dashboard(uid), operator.engine().file(&container, &path))?;
        if edits == DashboardEdits::Keep
            && seen.as_ref().is_some_and(|seen| dashboard::is_edited(seen, left.as_deref()))
        {
            let note = "it was edited inside Grafana, so that version is kept";
            self.events.emit(step, EventKind::Note(note.into()));
            return Ok(());
        }
        let imported = grafana.import_dashboard(uid, body, seen).await?;
        let checksum = (dashboard::checksum_name(uid), dashboard::checksum(&imported, body));
        if left.as_ref() == Some(&checksum.1) {
            return Ok(());
        }
        operator.upload(&container, folder, &[checksum]).await
    }

    async fn firewall(&self, from: &str, output: &str, reason: String) -> Error {
        let network = self.context.stack.network();
        Error::Firewall(Firewall {
            from: from.to_string(),
            to: doctor::last_asked(output).unwrap_or("another service").to_string(),
            // The name of the bridge makes the hint more precise.
            bridge: self.context.engine().bridge(&network).await.ok().flatten(),
            network,
            source: reason.into(),
        })
    }

    async fn reach(&self, step: usize, from: &str, urls: &[String]) -> Result<()> {
        // `wget` prints each URL before its request, so the last URL is the one that did not answer.
        let fixed = ["wget", "-T", "5", "-O", "/dev/null"].map(String::from);
        let command: Vec<String> = fixed.into_iter().chain(urls.iter().cloned()).collect();
        let (code, output) =
            self.context.operator.execute(&self.context.stack.container(from), &command).await?;
        match code {
            0 => Ok(()),
            // A distroless image: Prometheus itself reports unreachable services after its first scrape.
            126 | 127 => {
                self.events.emit(
                    step,
                    EventKind::Note(format!(
                        "connectivity was not checked: the image of {from} has no `wget`"
                    )),
                );
                Ok(())
            }
            _ => {
                let reason = output.trim().lines().last().unwrap_or("no answer").to_string();
                if doctor::from_wget(code, &output).answer.is_dropped() {
                    return Err(self.firewall(from, &output, reason).await);
                }
                Err(Error::engine(format!("reach every service by name from {from}"))(reason))
            }
        }
    }
}
