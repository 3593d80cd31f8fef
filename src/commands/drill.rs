//! `tdd-stack drill`

use std::net::IpAddr;
use std::pin::pin;
use std::time::{Duration, Instant};

use crate::demo::listen_addresses;
use crate::drill::runner::{self, DrillRun, Pace, Receiver};
use crate::drill::trace::AlertTrace;
use crate::engine::Engine;
use crate::error::{Error, Result, and_clean_up};
use crate::observe::reaches_running;
use crate::plan::{self, Request};
use crate::session::{Exit, Session};

/// The alert that cannot be drilled without a receiver that can be made deaf.
const DELIVERY: &str = "AlertDeliveryFailing";

/// Make alerts really fire and end, and follow each from the scraped value to the receiver
///
/// Prometheus scrapes a simulated application meanwhile, and every alert carries the label drill="true". If your
/// receiver listens on the port that alertmanager.yml names for `tdd-webhook`, it gets them. The real files are put
/// back in the end, also after an interrupt. Exits with 1 if an alert does not arrive, and names the place where it stopped.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Alert to drill, or `all`
    #[arg(default_value = "all", value_name = "ALERT")]
    alert: String,

    /// Shorten windows and waits meanwhile, so that all of it takes minutes
    #[arg(long)]
    fast: bool,
}

pub(crate) async fn run(
    args: &Args,
    session: &Session,
    interrupted: impl Future<Output = ()>,
) -> Result<Exit> {
    let wanted = (args.alert != "all").then_some(args.alert.as_str());
    let exercises = runner::exercises(wanted);
    if exercises.is_empty() {
        let reason =
            format!("there is no alert `{}`: it is one of {}", args.alert, runner::alerts().join(", "));
        return Err(Error::Usage { place: "drill".into(), reason });
    }
    let engine = session.engine().await?;
    let objects = engine.inventory(&session.stack.name).await?.objects;
    reaches_running(&engine, &objects)?;
    let listen_addresses = listen_addresses(&engine, session.settings.app_host).await?;
    if let Some(note) = &listen_addresses.note {
        session.printer.talk(Duration::ZERO, note);
    }
    let drill = drill(session, &engine, args.fast, listen_addresses.listen, exercises, interrupted);
    session.with_lock(&engine, &objects, "drill", drill).await
}

async fn drill(
    session: &Session,
    engine: &Engine,
    fast: bool,
    listen: Vec<IpAddr>,
    exercises: Vec<(runner::InjectedFault, Vec<&'static str>)>,
    interrupted: impl Future<Output = ()>,
) -> Result<Exit> {
    let observed = session.observe(engine).await?;
    if !plan::up(&session.stack, &observed, Request::default())?.is_empty() {
        return Err(Error::Problems(vec![
            "the stack is not as it should be, so a drill would prove nothing".into(),
        ]));
    }
    let operator = engine.operator();
    let context = session.context(&operator);
    let pace = if fast { Pace::Fast } else { Pace::Real };
    let real = session.stack.services.iter().filter_map(|service| {
        let config = service.config.as_ref()?;
        let inside = observed.delivered.get(service.name)?;
        let files =
            config.files.iter().filter_map(|name| Some(((*name).to_string(), inside.get(*name)?.clone())));
        Some((service, config, files.collect()))
    });
    let drill_files = DrillRun::prepare(context, pace, listen, real.collect()).await?;
    let began = Instant::now();
    let mut interrupted = pin!(interrupted);
    let outcome = tokio::select! {
        outcome = perform(session, &drill_files, pace, exercises) => outcome,
        () = &mut interrupted => Err(Error::Interrupted),
    };
    let failures = drill_files.end().await;
    let courses = match outcome {
        Ok(courses) => courses,
        Err(error) => return and_clean_up(Err(error), failures),
    };
    session.printer.drill(&session.stack.name, &courses, began.elapsed());
    let faults: Vec<String> = courses.iter().filter_map(AlertTrace::fault).collect();
    let came_through = if faults.is_empty() { Ok(Exit::Reached) } else { Err(Error::Drill(faults)) };
    Ok(and_clean_up(came_through, failures).unwrap_or_else(Exit::Reported))
}

async fn perform(
    session: &Session,
    drill_files: &DrillRun<'_>,
    pace: Pace,
    exercises: Vec<(runner::InjectedFault, Vec<&'static str>)>,
) -> Result<Vec<AlertTrace>> {
    let printer = session.printer;
    let began = Instant::now();
    let say = |text: &str| printer.talk(began.elapsed(), text);
    say(
        "Prometheus scrapes a simulated application until the drill is over, and each alert is marked drill=\"true\"",
    );
    if pace == Pace::Fast {
        say("windows and waits are 15 times shorter until the drill is over");
    }
    let is_theirs = match drill_files.receiver() {
        Receiver::Ours => false,
        Receiver::Theirs { port } => {
            say(&format!(
                "your receiver listens on port {port}: it gets the alerts, and Alertmanager counts what it took"
            ));
            true
        }
    };
    drill_files.begin().await?;
    let mut courses = Vec::new();
    for (fault, mut alerts) in exercises {
        if is_theirs && alerts.contains(&DELIVERY) {
            say("AlertDeliveryFailing is left out: a receiver of yours cannot be made to fail");
            alerts.retain(|alert| *alert != DELIVERY);
        }
        if alerts.is_empty() {
            continue;
        }
        let names = alerts.join(", ");
        let done = drill_files.exercise(fault, &alerts, |text| say(&format!("{names}: {text}"))).await?;
        for course in &done {
            let fault = course.fault().unwrap_or_else(|| format!("{} was delivered", course.alert));
            say(&fault);
        }
        courses.extend(done);
    }
    Ok(courses)
}
