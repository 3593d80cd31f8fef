//! `tdd-stack demo`

use std::cell::OnceCell;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::time::Duration;

use crate::demo::banner::{Banner, already_there, history_lines};
use crate::demo::import::{ImportReport, Preparation, Prepared};
use crate::demo::{
    CONTROL_ADDRESS, Demo, DemoState, ListenAddresses, Notification, NotificationDocument, NotifiedAlert,
    Options, Ports, Scenario, Simulation, control, listen_addresses,
};
use crate::engine::EngineWriter;
use crate::error::{Error, Result};
use crate::http::DemoControl;
use crate::output::{DemoScreen, Printer, Received, ReceivedAlert};
use crate::session::{Exit, Session};

/// The longest history. All of it is in memory while it is made: half a gigabyte at this length.
const LONGEST_HISTORY: Duration = Duration::from_hours(12);

/// Run a simulated TDD application, and the receiver of alerts, until interrupted
///
/// Serves the whole metric contract on the ports that the configuration names, on loopback and on the address
/// where the containers look for the application. Prints each notification that arrives.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true, disable_help_subcommand = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Option<Action>,

    /// What is wrong with the application
    #[arg(long, value_enum, default_value = "steady", value_name = "SCENARIO")]
    scenario: Scenario,

    /// Number that decides all chance: the same number, the same life
    #[arg(long, default_value = "1", value_name = "N")]
    seed: u64,

    /// Put a past of this length, such as 2h, into the running Prometheus, and restart it once
    #[arg(long, value_name = "TIME", value_parser = history)]
    history: Option<Duration>,

    /// Address to listen on, instead of loopback and the containers' own; may be given again
    #[arg(long, value_name = "ADDR")]
    listen: Vec<IpAddr>,

    /// Port of job streamlit-app, 0 for any free one
    #[arg(long, default_value = "8501", value_name = "PORT")]
    health_port: u16,

    /// Port of job app-metrics, 0 for any free one
    #[arg(long, default_value = "8502", value_name = "PORT")]
    metrics_port: u16,

    /// Port of the receiver of alerts, 0 for any free one
    #[arg(long, default_value = "5001", value_name = "PORT")]
    receiver_port: u16,

    /// Port by which `demo set` reaches it, on loopback, 0 for any free one
    #[arg(long, default_value = "8503", value_name = "PORT")]
    control_port: u16,
}

/// What can be done with a demo that runs.
#[derive(Debug, clap::Subcommand)]
enum Action {
    Set(SetArgs),
}

/// Make the running demo ill, or well
#[derive(Debug, clap::Args)]
struct SetArgs {
    /// What is wrong with the application from now on
    #[arg(value_enum, value_name = "SCENARIO")]
    scenario: Scenario,

    /// Control port of the demo
    #[arg(long, default_value = "8503", value_name = "PORT")]
    control_port: u16,
}

pub(crate) async fn run(
    args: &Args,
    session: &Session,
    interrupted: impl Future<Output = ()>,
) -> Result<Exit> {
    if let Some(Action::Set(set)) = &args.action {
        return set_scenario(set, session).await;
    }
    let mut interrupted = pin!(interrupted);
    let mut simulation = Simulation::new(args.seed, Scenario::default());
    let operator = OnceCell::new();
    let (listen_addresses, past) = tokio::select! {
        prepared = prepare(args, session, &operator, &mut simulation) => prepared?,
        () = &mut interrupted => return Err(Error::Interrupted),
    };
    simulation.set_scenario(args.scenario);
    let demo =
        Demo::start(Options { simulation, listen: listen_addresses.listen, ports: args.ports() }).await?;
    let mut notes: Vec<String> = listen_addresses.note.into_iter().collect();
    let mut report = None;
    let mut is_over = false;
    match past {
        Some(Preparation::Made(prepared)) => {
            let engine = session.engine().await?;
            let objects = engine.inventory(&session.stack.name).await?.objects;
            let mut import = pin!(session.with_lock(&engine, &objects, "demo --history", prepared.import()));
            // An import that has begun is finished: it takes seconds, and its container would be left behind.
            report = Some(loop {
                tokio::select! {
                    outcome = &mut import => break outcome?,
                    () = &mut interrupted, if !is_over => is_over = true,
                }
            });
        }
        Some(Preparation::AlreadyThere(first)) => notes.push(already_there(first)),
        None => {}
    }
    announce(session, &demo, report, &notes);
    if !is_over {
        tokio::select! {
            () = tell_all(&demo, session.printer) => {}
            () = interrupted => {}
        }
    }
    demo.stop().await;
    Ok(Exit::Reached)
}

impl Args {
    /// Returns whether the stack's data are changed.
    pub(super) fn makes_a_past(&self) -> bool {
        self.history.is_some() && self.action.is_none()
    }

    fn ports(&self) -> Ports {
        Ports {
            health: self.health_port,
            metrics: self.metrics_port,
            receiver: self.receiver_port,
            control: self.control_port,
        }
    }
}

/// Finds out where to listen, and lives through the past. Changes nothing yet.
async fn prepare<'a>(
    args: &Args,
    session: &'a Session,
    operator: &'a OnceCell<EngineWriter>,
    simulation: &mut Simulation,
) -> Result<(ListenAddresses, Option<Preparation<'a>>)> {
    if args.history.is_none() && !args.listen.is_empty() {
        // The one demo that needs no engine.
        return Ok((ListenAddresses { listen: args.listen.clone(), note: None }, None));
    }
    let engine = session.engine().await?;
    let listen_addresses = match args.listen.as_slice() {
        [] => listen_addresses(&engine, session.settings.app_host).await?,
        listen => ListenAddresses { listen: listen.to_vec(), note: None },
    };
    let Some(length) = args.history else { return Ok((listen_addresses, None)) };
    let context = session.context(operator.get_or_init(|| engine.operator()));
    Ok((listen_addresses, Some(Prepared::prepare(context, simulation, length).await?)))
}

async fn set_scenario(args: &SetArgs, session: &Session) -> Result<Exit> {
    let url = format!("http://{CONTROL_ADDRESS}:{}", args.control_port);
    let demo = DemoControl::new(&session.http, url, control::HEADER);
    let state = demo.set(&args.scenario.to_string()).await?;
    let scenario = args.scenario;
    session.printer.scenario(&scenario.to_string(), &scenario.consequences(), || state);
    Ok(Exit::Reached)
}

fn announce(session: &Session, demo: &Demo, report: Option<ImportReport>, notes: &[String]) {
    let banner = Banner { state: demo.state(), history: report, notes };
    session.printer.demo(&screen(&banner), || banner);
}

fn screen(banner: &Banner<'_>) -> DemoScreen {
    let DemoState { scenario, listen, ports, .. } = &banner.state;
    let Ports { health, metrics, receiver, control } = ports;
    let address = listen.first().copied().unwrap_or(CONTROL_ADDRESS);
    let served = |port: &u16, path: &str| format!("http://{}{path}", SocketAddr::new(address, *port));
    DemoScreen {
        scenario: scenario.to_string(),
        consequences: scenario.consequences(),
        addresses: vec![
            ("Health", served(health, "/health/metrics")),
            ("Metrics", served(metrics, "/metrics")),
            ("Receiver", served(receiver, "/webhook")),
            ("Control", format!("http://{CONTROL_ADDRESS}:{control}")),
        ],
        others: listen.iter().skip(1).map(ToString::to_string).collect(),
        history: banner.history.as_ref().into_iter().flat_map(history_lines).collect(),
        set_command: if *control == Ports::default().control {
            "tdd-stack demo set SCENARIO".into()
        } else {
            format!("tdd-stack demo set SCENARIO --control-port {control}")
        },
        notes: banner.notes.to_vec(),
    }
}

/// Reports each notification as it arrives, for as long as the demo runs.
async fn tell_all(demo: &Demo, printer: Printer) {
    let mut newest = demo.journal().newest();
    let mut told = 0;
    loop {
        for notification in demo.journal().since(told) {
            told = notification.number;
            printer.notification(&received(&notification), || NotificationDocument {
                notification: &notification,
            });
        }
        if newest.changed().await.is_err() {
            return;
        }
    }
}

fn received(notification: &Notification) -> Received {
    let alert = |alert: &NotifiedAlert| ReceivedAlert {
        name: alert.label("alertname").to_string(),
        severity: alert.label("severity").to_string(),
        is_resolved: alert.status == "resolved",
        place: [alert.label("job"), alert.label("instance")].join(" ").trim().to_string(),
    };
    Received {
        received: notification.received.clone(),
        is_heartbeat: notification.path == "/watchdog",
        alerts: notification.payload.alerts.iter().map(alert).collect(),
    }
}

fn history(text: &str) -> std::result::Result<Duration, String> {
    let length = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    if length > LONGEST_HISTORY {
        return Err(format!("{} is the longest history", humantime::format_duration(LONGEST_HISTORY)));
    }
    Ok(length)
}
