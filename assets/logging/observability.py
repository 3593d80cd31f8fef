"""Metrics, health and structured logs of the application, for the stack that `config/monitoring` describes.

Copy this file to `streamlit_extension/observability.py`: `logging_config.yaml` names its classes by that
path. Streamlit runs a script again for every interaction but imports a module once, so everything that a
process may have only once is made here: the metrics, the server for them, the logging configuration. Streamlit
imports an edited module anew, though: restart the application after a change of this file.

Needs Python 3.11 or later and the packages `prometheus-client`, `PyYAML` and `python-json-logger>=3.1,<5`.

Never puts text without bounds into a label: no raw path, no SQL, no message.
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
"""The `method` of one run of a Streamlit script, which comes over a websocket and is no HTTP request."""

ENTRY_PAGE: Final = "/"
"""The `handler` of the page that Streamlit opens first."""

UNKNOWN_PAGE: Final = "unknown"
"""The `handler` of script runs that failed outside of `track_request`: which page it was is not known."""

PHASES: Final = ("red", "green", "refactor")
OPERATIONS: Final = ("select", "insert", "update", "delete")
LOGGERS: Final = ("streamlit_extension", "duration_system", "root")
LEVELS: Final = ("warning", "error", "critical")
NO_TRACE: Final = "-"

_LOGGER: Final = logging.getLogger(__name__)

# One more series for each counter and histogram, and no rule or panel that reads it.
prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]

APP_METRICS: Final = CollectorRegistry()
"""What port 8502 exposes, job `app-metrics`."""

HEALTH_METRICS: Final = CollectorRegistry()
"""What port 8501 exposes at `/health/metrics`, job `streamlit-app`."""

HTTP_REQUESTS: Final = Counter(
    "http_requests_total",
    "Requests and script runs that were answered.",
    ("handler", "method", "status"),
    registry=APP_METRICS,
)
HTTP_REQUEST_DURATION: Final = Histogram(
    "http_request_duration_seconds",
    "Time to answer a request or to run a script.",
    ("handler", "method"),
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30),
    registry=APP_METRICS,
)
DATABASE_CONNECTIONS: Final = Gauge(
    "database_connections_active",
    "Database connections that are open.",
    ("database",),
    registry=APP_METRICS,
)
DATABASE_CONNECTION_FAILURES: Final = Counter(
    "database_connections_failed_total",
    "Attempts to open a database connection that failed.",
    ("database",),
    registry=APP_METRICS,
)
DATABASE_QUERY_DURATION: Final = Histogram(
    "database_query_duration_seconds",
    "Time to run a database query.",
    ("database", "operation"),
    buckets=(0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10),
    registry=APP_METRICS,
)
TDD_PHASE_DURATION: Final = Histogram(
    "tdd_phase_duration_seconds",
    "Time from the begin to the end of a TDD phase.",
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
    "Whether a component of the application works, 1 or 0.",
    ("component",),
    registry=HEALTH_METRICS,
)
BUILD: Final = Gauge(
    "app_build_info",
    "The version of the application and of its Python, always 1.",
    ("version", "python_version"),
    registry=HEALTH_METRICS,
)


class _Once:
    """Runs an action once in the life of the process, however many threads ask for it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._done = False

    def run(self, action: Callable[[], object]) -> bool:
        """Returns whether this call ran it; a failure is raised, and the next call tries again."""
        with self._lock:
            if self._done:
                return False
            action()
            self._done = True
            return True


_SERVING: Final = _Once()
_LOGGING: Final = _Once()


# Metrics. `increase()` does not see the first event of a series that is born with it, and an alert does not
# see a series that is not there: every combination of labels must exist before anything happens.


def register_handler(
    handler: str, method: str = SCRIPT_RUN, statuses: Iterable[str] = ("200", "500")
) -> None:
    """Makes the series of a page or route; `handler` is its name or template, such as `/projects/{id}`."""
    HTTP_REQUEST_DURATION.labels(handler, method)
    for status in statuses:
        HTTP_REQUESTS.labels(handler, method, status)


def register_database(database: str) -> None:
    """Makes the series of a database; the name is yours, such as `main`, and no path."""
    DATABASE_CONNECTIONS.labels(database)
    DATABASE_CONNECTION_FAILURES.labels(database)
    for operation in OPERATIONS:
        DATABASE_QUERY_DURATION.labels(database, operation)


def register_health_check(component: str, check: Callable[[], bool]) -> None:
    """Asks `check` at every scrape whether the component works; an exception means that it does not."""

    def status() -> float:
        try:
            return float(check())
        except Exception:
            _LOGGER.warning("the health check of `%s` failed", component, exc_info=True)
            return 0.0

    HEALTH.labels(component).set_function(status)


def set_version(version: str) -> None:
    """Says which version of the application runs."""
    BUILD.clear()
    BUILD.labels(version, platform.python_version()).set(1)


def health_exposition() -> tuple[bytes, str]:
    """Returns body and content type for the route `/health/metrics`."""
    return prometheus_client.generate_latest(HEALTH_METRICS), CONTENT_TYPE_LATEST


def serve_metrics(port: int = 8502, address: str = "0.0.0.0") -> bool:
    """Serves the application's metrics from a thread; returns whether this call began it.

    The containers of the stack come in through a bridge, so an address of the loopback would keep them out.
    """
    return _SERVING.run(lambda: prometheus_client.start_http_server(port, address, APP_METRICS))


@dataclass
class TrackedRequest:
    """A request or script run while it is measured; set `status` where it is not what the outcome says."""

    trace_id: str
    status: str = "200"


_REQUEST: Final[ContextVar[TrackedRequest | None]] = ContextVar("tracked_request", default=None)
_REPORTED: Final[ContextVar[BaseException | None]] = ContextVar("reported_error", default=None)


@contextmanager
def track_request(handler: str = ENTRY_PAGE, method: str = SCRIPT_RUN) -> Iterator[TrackedRequest]:
    """Counts, times and traces what runs inside, and logs an exception before it goes on its way.

    `st.stop` and `st.rerun` are no errors: they raise no `Exception`.
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
    """Logs and counts an exception that no tracked request saw; made for `on_script_error` of `st.App`.

    It counts under the handler `unknown`, whose good runs nobody counts: wrap every page in `track_request`.
    """
    if _report(error) and _REQUEST.get() is None:
        HTTP_REQUESTS.labels(UNKNOWN_PAGE, SCRIPT_RUN, "500").inc()


class Closable(Protocol):
    """A connection, as far as it matters here."""

    def close(self) -> object:
        """Ends it."""


Connection = TypeVar("Connection", bound=Closable)


@contextmanager
def open_connection(database: str, connect: Callable[[], Connection]) -> Iterator[Connection]:
    """Opens a connection and closes it at the end; counts it while it is open, and a failure to open it."""
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
        raise ValueError(f"`{operation}` is no operation: give one of {', '.join(OPERATIONS)}")
    with DATABASE_QUERY_DURATION.labels(database, operation).time():
        yield


def record_phase(phase: str, seconds: float) -> None:
    """Records a TDD phase that has ended; `phase` is one of `PHASES`."""
    if phase not in PHASES:
        raise ValueError(f"`{phase}` is no TDD phase: give one of {', '.join(PHASES)}")
    TDD_PHASE_DURATION.labels(phase).observe(seconds)


# Logs.


def _report(error: Exception) -> bool:
    """Logs an exception unless this has just been done; returns whether it was new.

    Streamlit hands an exception to `on_script_error` and lets it, or one around it, pass through the page.
    """
    reported = _REPORTED.get()
    if reported is not None and any(seen is reported for seen in (error, *error.args)):
        return False
    _REPORTED.set(error)
    _LOGGER.error("uncaught exception", exc_info=error)
    return True


class TraceContextFilter(logging.Filter):
    """Gives each record the `trace_id` of OpenTelemetry, else of the tracked request, else `-`.

    It belongs on handlers: a filter on a logger does not see the records of its children.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Sets the id and lets every record pass."""
        request = _REQUEST.get()
        # OpenTelemetry writes "0" outside of a span.
        open_telemetry = getattr(record, "otelTraceID", "0")
        if open_telemetry not in ("", "0"):
            record.trace_id = open_telemetry
        else:
            record.trace_id = request.trace_id if request else NO_TRACE
        return True


class PrometheusLogHandler(logging.Handler):
    """Counts records by top-level logger and level, and keeps nothing of their text."""

    def emit(self, record: logging.LogRecord) -> None:
        """Counts one record of level warning or above."""
        try:
            level = _level(record.levelno)
            if level is not None:
                LOG_MESSAGES.labels(_top_level_logger(record.name), level).inc()
        except Exception:
            self.handleError(record)


def _level(number: int) -> str | None:
    # By number, so that a level with a name of its own makes no further label.
    thresholds = ((logging.CRITICAL, "critical"), (logging.ERROR, "error"), (logging.WARNING, "warning"))
    return next((name for threshold, name in thresholds if number >= threshold), None)


def _top_level_logger(name: str) -> str:
    top_level = name.partition(".")[0]
    return top_level if top_level in LOGGERS else "root"


def configure_logging(path: str | os.PathLike[str]) -> bool:
    """Applies the logging configuration in a YAML file; returns False where one is already in force.

    Relative names of log files begin at the folder `$LOG_DIR`, else at the current one; their folders are
    made. One process writes to a log file: several would lose each other's records when it is rotated.
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
    """Makes what is the same in every application, so that it can be observed from the start."""
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
