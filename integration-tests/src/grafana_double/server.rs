//! Starts in Grafana's order, serves, and ends on a signal.
//!
//! Never opens the port before all that Grafana does first is done: until then a client is refused, not told 503.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tempfile::NamedTempFile;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Notify;

use super::app::App;
use super::log::{self, Level};
use super::provisioning;
use super::router::router;
use super::settings::Settings;
use super::store::Store;

/// How long requests under way may still take after a signal.
const GRACE: Duration = Duration::from_secs(5);

/// Serves until a signal ends it.
pub(crate) async fn run(settings: Settings) -> Result<(), String> {
    check_data_folder(&settings.data)?;
    let store = Store::open(&settings.data).map_err(failed)?;
    let made_admin = store
        .write(|state| Ok::<_, String>(state.ensure_admin(&settings.admin_user, &settings.admin_password)));
    if made_admin.map_err(failed)? {
        log::line(Level::Info, "sqlstore", "Created default admin", &[("user", &settings.admin_user)]);
    }
    let start_delay = settings.start_delay;
    let address = format!("{}:{}", settings.address, settings.port);
    let app = Arc::new(App::new(settings, store).map_err(failed)?);
    provisioning::provision_data_sources(&app)
        .map_err(|error| failed(format!("Datasource provisioning error: {error}")))?;
    tokio::time::sleep(start_delay).await;
    let listener = TcpListener::bind(&address)
        .await
        .map_err(|error| failed(format!("failed to open listener on address {address}: {error}")))?;
    // The port may have been left to the system.
    let address = listener.local_addr().map_err(|error| failed(error.to_string()))?;
    log::line(
        Level::Info,
        "http.server",
        "HTTP Server Listen",
        &[("address", &address), ("protocol", &"http")],
    );
    provisioning::provision_dashboards_beside(&app);
    serve(listener, app).await
}

async fn serve(listener: TcpListener, app: Arc<App>) -> Result<(), String> {
    let mut terminate = signal(SignalKind::terminate()).map_err(|error| failed(error.to_string()))?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(|error| failed(error.to_string()))?;
    let stopping = Arc::new(Notify::new());
    let announced = Arc::clone(&stopping);
    let stop = async move {
        let reason = tokio::select! {
            _ = terminate.recv() => "System signal: terminated",
            _ = interrupt.recv() => "System signal: interrupt",
        };
        log::line(Level::Info, "server", "Shutdown started", &[("reason", &reason)]);
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

/// Fails as the image's entry point does when the data folder cannot be written.
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
