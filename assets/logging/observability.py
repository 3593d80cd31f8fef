"""Metrics, health and structured logs of the application, for the stack in `config/monitoring`.

Copy this file to `streamlit_extension/observability.py`: `logging_config.yaml` refers to its classes by that
path. Streamlit runs a script again at every interaction, but imports a module once. Therefore this module
creates everything that must exist once per process: the metrics, their server, the logging configuration.
Streamlit imports a module again after an edit: restart the application after you change this file.

Requires Python 3.11 or later and the packages `prometheus-client`, `PyYAML` and `python-json-logger>=3.1,<5`.

Labels never contain unbounded text such as raw paths, SQL or messages.
"""

from __future__ import annotations

import logging
import logging.config
import os
import platform
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol, TypeVar

import prometheus_client
import yaml
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
)

SCRIPT_RUN: Final = "RUN"
"""The `method` of a run of a Streamlit script, which a websocket triggers instead of an HTTP request."""

ENTRY_PAGE: Final = "/"
"""The `handler` of the page that Streamlit opens first."""

UNKNOWN_PAGE: Final = "unknown"
"""The `handler` of script runs that failed outside of `track_request`, where the page is unknown."""

PHASES: Final = ("red", "green", "refactor")
OPERATIONS: Final = ("select", "insert", "update", "delete")
LOGGERS: Final = ("streamlit_extension", "duration_system", "root")
LEVELS: Final = ("warning", "error", "critical")
NO_TRACE: Final = "-"

_LOGGER: Final = logging.getLogger(__name__)

# They add a series per counter and histogram, and no rule or panel uses them.
prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]

APP_METRICS: Final = CollectorRegistry()
"""Metrics on port 8502, job `app-metrics`."""

HEALTH_METRICS: Final = CollectorRegistry()
"""Metrics on port 8501 at `/health/metrics`, job `streamlit-app`."""

HTTP_REQUESTS: Final = Counter(
    "http_requests_total",
    "Requests and script runs that were answered.",
    ("handler", "method", "status"),
    registry=APP_METRICS,
)
HTTP_REQUEST_DURATION: Final = Histogram(
    "http_request_duration_seconds",
    "Duration of a request or script run.",
    ("handler", "method"),
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30),
    registry=APP_METRICS,
)
DATABASE_CONNECTIONS: Final = Gauge(
    "database_connections_active",
    "Open database connections.",
    ("database",),
    registry=APP_METRICS,
)
DATABASE_CONNECTION_FAILURES: Final = Counter(
    "database_connections_failed_total",
    "Failed attempts to open a database connection.",
    ("database",),
    registry=APP_METRICS,
)
DATABASE_QUERY_DURATION: Final = Histogram(
    "database_query_duration_seconds",
    "Duration of a database query.",
    ("database", "operation"),
    buckets=(0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10),
    registry=APP_METRICS,
)
TDD_PHASE_DURATION: Final = Histogram(
    "tdd_phase_duration_seconds",
    "Duration of a TDD phase.",
    ("phase",),
    buckets=(15, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200),
    registry=APP_METRICS,
)
LOG_MESSAGES: Final = Counter(
    "log_messages_total",
    "Log records of level warning and above.",
    ("logger", "level"),
    registry=APP_METRICS,
)
HEALTH: Final = Gauge(
    "app_health_status",
    "Whether a component of the application works: 1 or 0.",
    ("component",),
    registry=HEALTH_METRICS,
)
BUILD: Final = Gauge(
    "app_build_info",
    "Version of the application and of Python, always 1.",
    ("version", "python_version"),
    registry=HEALTH_METRICS,
)


class _Once:
    """Runs an action once per process, even if several threads request it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._done = False

    def run(self, action: Callable[[], object]) -> bool:
        """Returns whether this call ran the action; after an exception, the next call tries again."""
        with self._lock:
            if self._done:
                return False
            action()
            self._done = True
            return True


_SERVING: Final = _Once()
_LOGGING: Final = _Once()


# Metrics. Every combination of labels must exist before the first event: `increase()` does not count the event
# that creates a series, and an alert does not see a series that does not exist.


def register_handler(
    handler: str, method: str = SCRIPT_RUN, statuses: Iterable[str] = ("200", "500")
) -> None:
    """Creates the series of a page or route; `handler` is its name or template, such as `/projects/{id}`."""
    HTTP_REQUEST_DURATION.labels(handler, method)
    for status in statuses:
        HTTP_REQUESTS.labels(handler, method, status)


def register_database(database: str) -> None:
    """Creates the series of a database; `database` is a name such as `main`, not a path."""
    DATABASE_CONNECTIONS.labels(database)
    DATABASE_CONNECTION_FAILURES.labels(database)
    for operation in OPERATIONS:
        DATABASE_QUERY_DURATION.labels(database, operation)


def register_health_check(component: str, check: Callable[[], bool]) -> None:
    """Calls `check` at every scrape; `False` or an exception means that the component does not work."""

    def status() -> float:
        try:
            return float(check())
        except Exception:
            _LOGGER.warning("the health check of `%s` failed", component, exc_info=True)
            return 0.0

    HEALTH.labels(component).set_function(status)


def set_version(version: str) -> None:
    """Sets the version of the application."""
    BUILD.clear()
    BUILD.labels(version, platform.python_version()).set(1)


def health_exposition() -> tuple[bytes, str]:
    """Returns body and content type for the route `/health/metrics`."""
    return prometheus_client.generate_latest(HEALTH_METRICS), CONTENT_TYPE_LATEST


def serve_metrics(port: int = 8502, address: str = "0.0.0.0") -> bool:
    """Serves the application's metrics from a thread; returns whether this call started it.

    Containers connect through a bridge, so they cannot connect to a loopback address.
    """
    return _SERVING.run(lambda: prometheus_client.start_http_server(port, address, APP_METRICS))


@dataclass
class TrackedRequest:
    """A request or script run in progress; set `status` if the default, 200 or 500, is wrong."""

    trace_id: str
    status: str = "200"


_REQUEST: Final[ContextVar[TrackedRequest | None]] = ContextVar("tracked_request", default=None)
_REPORTED: Final[ContextVar[BaseException | None]] = ContextVar("reported_error", default=None)


@contextmanager
def track_request(handler: str = ENTRY_PAGE, method: str = SCRIPT_RUN) -> Iterator[TrackedRequest]:
    """Counts, times and traces the code inside, and logs an exception before raising it again.

    `st.stop` and `st.rerun` do not count as errors, because they do not raise an `Exception`.
    """
    request = TrackedRequest(trace_id=uuid.uuid4().hex)
    token = _REQUEST.set(request)
    _REPORTED.set(None)
    begin = time.perf_counter()
    try:
        yield request
    except Exception as error:
        request.status = "500"
        _report(error)
        raise
    finally:
        HTTP_REQUEST_DURATION.labels(handler, method).observe(time.perf_counter() - begin)
        HTTP_REQUESTS.labels(handler, method, request.status).inc()
        _REQUEST.reset(token)


def report_script_error(error: Exception) -> None:
    """Logs and counts an exception outside of `track_request`; for `on_script_error` of `st.App`.

    It uses the handler `unknown`, which has no successful runs: wrap every page in `track_request`.
    """
    if _report(error) and _REQUEST.get() is None:
        HTTP_REQUESTS.labels(UNKNOWN_PAGE, SCRIPT_RUN, "500").inc()


class Closable(Protocol):
    """An object that can be closed, such as a connection."""

    def close(self) -> object:
        """Closes the object."""


Connection = TypeVar("Connection", bound=Closable)


@contextmanager
def open_connection(database: str, connect: Callable[[], Connection]) -> Iterator[Connection]:
    """Opens a connection and closes it at the end; counts open connections and failed attempts."""
    try:
        connection = connect()
    except Exception:
        DATABASE_CONNECTION_FAILURES.labels(database).inc()
        raise
    DATABASE_CONNECTIONS.labels(database).inc()
    try:
        yield connection
    finally:
        DATABASE_CONNECTIONS.labels(database).dec()
        connection.close()


@contextmanager
def track_query(database: str, operation: str) -> Iterator[None]:
    """Times a query; `operation` is one of `OPERATIONS`, never SQL."""
    if operation not in OPERATIONS:
        raise ValueError(f"`{operation}` is not an operation: use one of {', '.join(OPERATIONS)}")
    with DATABASE_QUERY_DURATION.labels(database, operation).time():
        yield


def record_phase(phase: str, seconds: float) -> None:
    """Records a completed TDD phase; `phase` is one of `PHASES`."""
    if phase not in PHASES:
        raise ValueError(f"`{phase}` is not a TDD phase: use one of {', '.join(PHASES)}")
    TDD_PHASE_DURATION.labels(phase).observe(seconds)


# Logs.


def _report(error: Exception) -> bool:
    """Logs an exception unless it was just logged; returns whether it was new.

    Streamlit passes an exception to `on_script_error`, and also raises it, or one that wraps it, in the page.
    """
    reported = _REPORTED.get()
    if reported is not None and any(seen is reported for seen in (error, *error.args)):
        return False
    _REPORTED.set(error)
    _LOGGER.error("uncaught exception", exc_info=error)
    return True


class TraceContextFilter(logging.Filter):
    """Sets `trace_id` to the one of OpenTelemetry, else of the tracked request, else `-`.

    Add it to handlers: a filter on a logger does not see the records of its children.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Sets the id and accepts every record."""
        request = _REQUEST.get()
        # OpenTelemetry writes "0" outside of a span.
        open_telemetry = getattr(record, "otelTraceID", "0")
        if open_telemetry not in ("", "0"):
            record.trace_id = open_telemetry
        else:
            record.trace_id = request.trace_id if request else NO_TRACE
        return True


class PrometheusLogHandler(logging.Handler):
    """Counts records by top-level logger and level."""

    def emit(self, record: logging.LogRecord) -> None:
        """Counts a record with level warning or above."""
        try:
            level = _level(record.levelno)
            if level is not None:
                LOG_MESSAGES.labels(_top_level_logger(record.name), level).inc()
        except Exception:
            self.handleError(record)


def _level(number: int) -> str | None:
    # By number, so that a custom level does not create another label.
    thresholds = ((logging.CRITICAL, "critical"), (logging.ERROR, "error"), (logging.WARNING, "warning"))
    return next((name for threshold, name in thresholds if number >= threshold), None)


def _top_level_logger(name: str) -> str:
    top_level = name.partition(".")[0]
    return top_level if top_level in LOGGERS else "root"


def configure_logging(path: str | os.PathLike[str]) -> bool:
    """Applies the logging configuration in a YAML file; returns False if one is already applied.

    Relative paths of log files are relative to `$LOG_DIR`, else to the current folder. Missing folders are
    created. Only one process may write to a log file: otherwise, records are lost when it is rotated.
    """

    def apply() -> None:
        configuration = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
        folder = Path(os.environ.get("LOG_DIR") or ".")
        for handler in configuration.get("handlers", {}).values():
            if "filename" in handler:
                file = folder / handler["filename"]
                file.parent.mkdir(parents=True, exist_ok=True)
                handler["filename"] = str(file)
        logging.config.dictConfig(configuration)

    return _LOGGING.run(apply)


def _initialise() -> None:
    """Creates the series that every application has, so that they exist from the start."""
    for phase in PHASES:
        TDD_PHASE_DURATION.labels(phase)
    for logger in LOGGERS:
        for level in LEVELS:
            LOG_MESSAGES.labels(logger, level)
    register_handler(ENTRY_PAGE)
    HTTP_REQUESTS.labels(UNKNOWN_PAGE, SCRIPT_RUN, "500")
    HEALTH.labels("app").set(1)
    set_version(os.environ.get("APP_VERSION", "unknown"))
    ProcessCollector(registry=APP_METRICS)
    PlatformCollector(registry=APP_METRICS)
    GCCollector(registry=APP_METRICS)


_initialise()
