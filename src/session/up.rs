//! Creates or updates the stack until a plan has no operations.

use tokio::time::Instant;

use super::retry::retry_transient;
use super::{Done, Exit, Session, WaitOptions};
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::execute::readiness::Waiter;
use crate::model::observed::Observed;
use crate::model::verification::{Verdict, Verification};
use crate::observe::reaches_wanted;
use crate::output::Summary;
use crate::plan::{self, Plan, PullPolicy};
use crate::status::Status;

/// What `up` was asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct UpRequest {
    /// The options of the plan.
    pub(crate) plan: plan::Request,
    /// Whether the plan is only printed.
    pub(crate) is_dry_run: bool,
    /// Whether the monitoring is verified at the end.
    pub(crate) wants_proof: bool,
    /// How long services are waited for.
    pub(crate) options: WaitOptions,
}

/// What was applied, and the state afterwards.
struct Converged {
    plan: Plan,
    done: Done,
    observed: Observed,
}

impl Session {
    /// Creates or updates the stack, and prints the result.
    pub(crate) async fn up(&self, request: UpRequest) -> Result<Exit> {
        let began = Instant::now();
        let engine = self.engine().await?;
        if !request.is_dry_run {
            reaches_wanted(&engine, &self.stack)?;
        }
        retry_transient(async || self.attempt_up(request, &engine, began).await).await
    }

    async fn attempt_up(&self, request: UpRequest, engine: &Engine, began: Instant) -> Result<Exit> {
        self.wait_until_idle(engine).await?;
        let mut observed = self.observe(engine).await?;
        if observed.objects.restore.is_some() && !request.is_dry_run {
            // A running restore holds the lock. If the lock is free, the restore was killed.
            self.with_lock(engine, &observed.objects, "up", async { Ok(()) }).await?;
            observed = self.observe(engine).await?;
        }
        let plan = plan::up(&self.stack, &observed, request.plan)?;
        let changes = plan::text_changes(&plan, &observed);
        if request.is_dry_run {
            self.printer.plan(&self.stack.name, &plan, &changes);
            return Ok(Exit::Reached);
        }
        let Converged { plan, mut done, observed } = self.converge(request, engine, plan, observed).await?;
        let proof = self.verified(request, engine, done.proof.take()).await?;
        let status = Status::of(&self.stack, &observed, proof, |address| engine.url(address).ok());
        self.printer.summary(&Summary {
            status: &status,
            plan: &plan,
            changes: &changes,
            folder: self.folder.path(),
            timings: &done.timings,
            total: began.elapsed(),
            login: &self.stack.login,
            dashboards: self.stack.dashboards.iter().map(|dashboard| dashboard.uid).collect(),
        });
        Ok(Exit::Reached)
    }

    /// Applies a plan: its pulls first, then the changes while the lock is held.
    async fn converge(
        &self,
        mut request: UpRequest,
        engine: &Engine,
        plan: Plan,
        mut observed: Observed,
    ) -> Result<Converged> {
        let mut done = Done::default();
        // Without the lock, because pulls block no other program. They show which tags have new images.
        let mut applied = plan.pulls();
        let mut is_settled = plan.is_empty();
        if !applied.is_empty() {
            done.extend(self.apply(engine, &applied, request.options).await?);
            observed = self.observe(engine).await?;
            request.plan.pull = PullPolicy::Never;
            is_settled = plan::up(&self.stack, &observed, request.plan)?.is_empty();
        }
        if is_settled {
            self.sweep(engine, &observed.objects).await?;
            return Ok(Converged { plan: applied, done, observed });
        }
        let objects = observed.objects.clone();
        let change = self.change(request, engine);
        let changed = self.with_lock(engine, &objects, "up", change).await?;
        applied.extend(changed.plan);
        done.extend(changed.done);
        Ok(Converged { plan: applied, done, observed: changed.observed })
    }

    /// Plans and applies twice: before the first time another program may have changed the stack, and before the second
    /// one the engine may have continued with requests of a program that was killed.
    async fn change(&self, request: UpRequest, engine: &Engine) -> Result<Converged> {
        let mut plan = plan::up(&self.stack, &self.observe(engine).await?, request.plan)?;
        let mut done = self.apply(engine, &plan, request.options).await?;
        let mut observed = self.observe(engine).await?;
        let rest = plan::up(&self.stack, &observed, request.plan)?;
        if !rest.is_empty() {
            done.extend(self.apply(engine, &rest, request.options).await?);
            observed = self.observe(engine).await?;
            plan.extend(rest);
        }
        Ok(Converged { plan, done, observed })
    }

    /// Returns the verification with the configured intervals, if one is wanted; fails if it is not healthy.
    async fn verified(
        &self,
        request: UpRequest,
        engine: &Engine,
        quick: Option<Result<Verification>>,
    ) -> Result<Option<Verification>> {
        let verification = match quick {
            // A wait that failed with the shorter intervals is not repeated.
            Some(seen) if !matches!(&seen, Ok(seen) if seen.verdict() == Verdict::Proven) => Some(seen?),
            _ if request.wants_proof => {
                let operator = engine.operator();
                let waiter = Waiter::new(self.context(&operator), request.options.each);
                Some(waiter.proof(request.options.application, |_| {}).await?)
            }
            _ => None,
        };
        match verification.as_ref().map(Verification::verdict) {
            Some(Verdict::Pending(missing) | Verdict::Unhealthy(missing)) => Err(Error::Unhealthy(missing)),
            Some(Verdict::Proven) | None => Ok(verification),
        }
    }
}
