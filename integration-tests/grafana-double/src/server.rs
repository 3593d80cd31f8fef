//! Starts in Grafana's order, serves, and stops at a signal.
//!
//! The port opens only after Grafana's start-up work: until then connections are refused, not answered with 503.

use std::fmt::Display;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tempfile::NamedTempFile;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::Notify;

use crate::api::app::App;
use crate::api::router;
use crate::log::{self, Level};
use crate::provisioning;
use crate::settings::Settings;
use crate::state::store::Store;

/// The time for running requests after a signal.
const GRACE: Duration = Duration::from_secs(5);

/// Serves until a signal arrives.
pub(crate) async fn run(settings: Settings) -> Result<(), String> {
    // Handlers come first: PID 1 of a container ignores signals without a handler.
    let mut signals = Signals::new().map_err(|error| failed(error.to_string()))?;
    let started = tokio::select! {
        started = start(settings) => Some(started?),
        () = signals.next() => None,
    };
    match started {
        Some((listener, app)) => serve(listener, app, signals).await,
        None => Ok(()),
    }
}

/// Does Grafana's start-up work, and opens the port.
async fn start(settings: Settings) -> Result<(TcpListener, Arc<App>), String> {
    check_data_folder(&settings.data)?;
    let store = Store::open(&settings.data).map_err(failed)?;
    let made_admin = store
        .write(|state| Ok::<_, String>(state.ensure_admin(&settings.admin_user, &settings.admin_password)));
    if made_admin.map_err(failed)? {
        log::line(Level::Info, "sqlstore", "Created default admin", &[("user", &settings.admin_user)]);
    }
    let start_delay = settings.start_delay;
    let (address, port) = (settings.address.clone(), settings.port);
    let app = Arc::new(App::new(settings, store).map_err(failed)?);
    provisioning::provision_data_sources(&app)
        .map_err(|error| failed(format!("Datasource provisioning error: {error}")))?;
    tokio::time::sleep(start_delay).await;
    let listener = TcpListener::bind((address.as_str(), port))
        .await
        .map_err(|error| failed(format!("failed to open listener on address {address}:{port}: {error}")))?;
    // With port 0, the system chooses the port.
    let address = listener.local_addr().map_err(|error| failed(error.to_string()))?;
    let fields: [(&str, &dyn Display); 2] = [("address", &address), ("protocol", &"http")];
    log::line(Level::Info, "http.server", "HTTP Server Listen", &fields);
    provisioning::provision_dashboards_beside(&app);
    Ok((listener, app))
}

async fn serve(listener: TcpListener, app: Arc<App>, mut signals: Signals) -> Result<(), String> {
    let stopping = Arc::new(Notify::new());
    let announced = Arc::clone(&stopping);
    let stop = async move {
        signals.next().await;
        announced.notify_one();
    };
    let graceful = axum::serve(listener, router(app)).with_graceful_shutdown(stop);
    let too_long = async {
        stopping.notified().await;
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        served = graceful => served.map_err(|error| failed(error.to_string())),
        () = too_long => Ok(()),
    }
}

/// The signals that stop the server.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) {
        let reason = tokio::select! {
            _ = self.terminate.recv() => "System signal: terminated",
            _ = self.interrupt.recv() => "System signal: interrupt",
        };
        log::line(Level::Info, "server", "Shutdown started", &[("reason", &reason)]);
    }
}

/// Fails like the image's entry point if the data folder is not writable.
fn check_data_folder(data: &Path) -> Result<(), String> {
    let tried = NamedTempFile::new_in(data);
    let Err(error) = tried else { return Ok(()) };
    if !data.exists() && fs::create_dir_all(data).is_ok() {
        return Ok(());
    }
    let folder = data.display();
    Err(format!(
        "GF_PATHS_DATA='{folder}' is not writable.\n\
         You may have issues with file permissions, more information here: \
         http://docs.grafana.org/installation/docker/#migrate-to-v51-or-later\n\
         mkdir: can't create directory '{folder}/plugins': {}",
        reason(&error)
    ))
}

fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::PermissionDenied => "Permission denied".into(),
        std::io::ErrorKind::ReadOnlyFilesystem => "Read-only file system".into(),
        std::io::ErrorKind::NotFound => "No such file or directory".into(),
        _ => error.to_string(),
    }
}

fn failed(reason: impl AsRef<str>) -> String {
    format!("Error: ✗ {}", reason.as_ref())
}
