//! The parts of the demo application: pages and routes, databases, loggers, phases.
//!
//! Constants only. Contains every label value that the model can produce, so all series exist from the start.

/// A Streamlit page or a route of the application's API.
#[derive(Debug)]
pub(super) struct Route {
    /// The page or the template of the route, never a raw path.
    pub(super) handler: &'static str,
    /// The HTTP method, or `RUN` for one run of a Streamlit script.
    pub(super) method: &'static str,
    /// The share of requests, relative to the weights of the other routes.
    pub(super) weight: f64,
    /// The HTTP status of a success.
    pub(super) success: &'static str,
    /// The HTTP status of a client error, if the route has one.
    pub(super) mistake: Option<&'static str>,
    /// The median time of the application itself, in seconds.
    pub(super) seconds: f64,
    /// The database that it uses.
    pub(super) database: &'static str,
    /// The queries that it runs, in order.
    pub(super) queries: &'static [&'static str],
}

/// The HTTP status of a server error.
pub(super) const FAILURE: &str = "500";

/// The index of the route that saves phases.
pub(super) const PHASE_ROUTE: usize = 6;

pub(super) const ROUTES: [Route; 8] = [
    page("/", 5.0, 0.09, "framework", &["select", "select"]),
    page("/projects", 3.0, 0.12, "framework", &["select", "select", "select"]),
    page("/timer", 4.0, 0.06, "task_timer", &["select", "update"]),
    page("/analytics", 1.0, 0.28, "framework", &["select", "select", "select", "select"]),
    Route {
        handler: "/api/projects/{id}",
        method: "GET",
        weight: 3.0,
        success: "200",
        mistake: Some("404"),
        seconds: 0.018,
        database: "framework",
        queries: &["select"],
    },
    Route {
        handler: "/api/tasks",
        method: "POST",
        weight: 1.0,
        success: "201",
        mistake: Some("422"),
        seconds: 0.025,
        database: "framework",
        queries: &["select", "insert"],
    },
    Route {
        handler: "/api/phases",
        method: "POST",
        weight: 0.5,
        success: "201",
        mistake: Some("422"),
        seconds: 0.022,
        database: "task_timer",
        queries: &["insert", "update"],
    },
    Route {
        handler: "/api/tasks/{id}",
        method: "DELETE",
        weight: 0.5,
        success: "204",
        mistake: Some("404"),
        seconds: 0.02,
        database: "framework",
        queries: &["select", "delete"],
    },
];

pub(super) const DATABASES: [&str; 2] = ["framework", "task_timer"];

/// The operations, each with the median time of a query in seconds.
pub(super) const OPERATIONS: [(&str, f64); 4] =
    [("select", 0.003), ("insert", 0.007), ("update", 0.006), ("delete", 0.005)];

/// The phases in order, each with its median duration in seconds.
pub(super) const PHASES: [(&str, f64); 3] = [("red", 70.0), ("green", 110.0), ("refactor", 85.0)];

pub(super) const LOGGERS: [&str; 3] = ["streamlit_extension", "duration_system", "root"];

pub(super) const LEVELS: [&str; 3] = ["warning", "error", "critical"];

/// The components whose health is exposed.
pub(super) const COMPONENTS: [&str; 2] = ["app", "database"];

/// The versions that the application reports.
pub(super) const VERSION: &str = "demo";
pub(super) const PYTHON_VERSION: &str = "3.13.0";

const fn page(
    handler: &'static str,
    weight: f64,
    seconds: f64,
    database: &'static str,
    queries: &'static [&'static str],
) -> Route {
    Route { handler, method: "RUN", weight, success: "200", mistake: None, seconds, database, queries }
}
