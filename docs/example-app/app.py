"""Example application with health, metrics and logs for the stack.

    python app.py

Serves its pages and `/health/metrics` on port 8501, and its metrics on port 8502. `README.md` in this folder explains
how to start it, and how to do the same with Streamlit.

Never uses a path, name or message from a request as a label.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
from collections.abc import Callable, Iterable
from http import HTTPStatus
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server
from wsgiref.types import StartResponse, WSGIEnvironment

from streamlit_extension import observability

ADDRESS = os.environ.get("APP_ADDRESS", "0.0.0.0")
"""Address to listen on; containers cannot connect to a loopback address."""

PORT = int(os.environ.get("APP_PORT", "8501"))
METRICS_PORT = int(os.environ.get("APP_METRICS_PORT", "8502"))

DATABASE = "projects.db"

# `logging_config.yaml` configures `streamlit_extension` and `duration_system`, and their children.
LOGGER = logging.getLogger("streamlit_extension.example")

Page = Callable[[], tuple[HTTPStatus, str]]


def make_database() -> None:
    """Creates the application's database if it is missing."""
    with contextlib.closing(sqlite3.connect(DATABASE)) as connection, connection:
        connection.execute("CREATE TABLE IF NOT EXISTS projects (name TEXT PRIMARY KEY)")
        connection.execute("INSERT OR IGNORE INTO projects VALUES ('example')")


def open_database() -> sqlite3.Connection:
    """Opens the application's database; without `mode=rw`, SQLite would create a missing one."""
    return sqlite3.connect(f"file:{DATABASE}?mode=rw", uri=True)


def open_archive() -> sqlite3.Connection:
    """Opens a database that does not exist, to show a failure."""
    return sqlite3.connect("file:archive.db?mode=ro", uri=True)


def database_works() -> bool:
    """Returns whether the database works; called at every scrape of `/health/metrics`."""
    with contextlib.closing(open_database()) as connection:
        # `SELECT 1` does not read the file.
        return connection.execute("SELECT count(*) FROM sqlite_master").fetchone() is not None


def set_up() -> None:
    """Does the set-up of the process, before its first request."""
    observability.configure_logging("config/monitoring/logging_config.yaml")
    observability.set_version("1.0.0")
    # Create all series now: an alert does not count the event that creates a series.
    observability.register_handler("/", "GET")
    observability.register_handler("/projects/{name}", "GET", ("200", "404", "500"))
    observability.register_handler("/archive", "GET", ("200", "500", "503"))
    observability.register_handler("/broken", "GET", ("500",))
    observability.register_handler("other", "GET", ("404",))
    observability.register_database("main")
    observability.register_database("archive")
    observability.register_health_check("database", database_works)
    make_database()
    observability.serve_metrics(METRICS_PORT, ADDRESS)


def entry() -> tuple[HTTPStatus, str]:
    """Returns the first page."""
    LOGGER.info("first page opened")
    return HTTPStatus.OK, "try /projects/example, /projects/none, /archive, /broken and /health/metrics"


def project(name: str) -> tuple[HTTPStatus, str]:
    """Looks up a project: measures the connection and the query, and logs a warning for an unknown name."""
    with observability.open_connection("main", open_database) as connection:
        with observability.track_query("main", "select"):
            found = connection.execute("SELECT name FROM projects WHERE name = ?", (name,)).fetchone()
    if found is None:
        LOGGER.warning("unknown project", extra={"project": name})
        return HTTPStatus.NOT_FOUND, "project not found"
    return HTTPStatus.OK, name


def archive() -> tuple[HTTPStatus, str]:
    """Shows an expected failure: logs an error and returns status 503."""
    try:
        with observability.open_connection("archive", open_archive):
            return HTTPStatus.OK, "the archive is open"
    except sqlite3.OperationalError:
        LOGGER.exception("the archive cannot be opened")
        return HTTPStatus.SERVICE_UNAVAILABLE, "the archive is closed"


def broken() -> tuple[HTTPStatus, str]:
    """Shows an unexpected failure: `track_request` logs and counts it."""
    raise RuntimeError("this page is broken")


def not_found() -> tuple[HTTPStatus, str]:
    """Returns the response for an unknown path."""
    return HTTPStatus.NOT_FOUND, "page not found"


def route(path: str) -> tuple[str, Page]:
    """Returns the page's `handler` label, which is its template and never the path, and the page."""
    match path.strip("/").split("/"):
        case [""]:
            return "/", entry
        case ["projects", name]:
            return "/projects/{name}", lambda: project(name)
        case ["archive"]:
            return "/archive", archive
        case ["broken"]:
            return "/broken", broken
        case _:
            return "other", not_found


def answer(path: str) -> tuple[HTTPStatus, str]:
    """Measures and traces one request."""
    handler, page = route(path)
    try:
        with observability.track_request(handler, "GET") as request:
            status, text = page()
            request.status = str(status.value)
            return status, text
    except Exception:
        # `track_request` has logged and counted it.
        return HTTPStatus.INTERNAL_SERVER_ERROR, "something went wrong"


def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Handles a WSGI request; any WSGI server can run it, in one process."""
    path = environ["PATH_INFO"]
    if path == "/health/metrics":
        # Prometheus rejects a response whose content type is not one of metrics.
        body, content_type = observability.health_exposition()
        status = HTTPStatus.OK
    else:
        status, text = answer(path)
        body, content_type = f"{text}\n".encode(), "text/plain; charset=utf-8"
    start_response(f"{status.value} {status.phrase}", [("Content-Type", content_type)])
    return [body]


class Server(ThreadingMixIn, WSGIServer):
    """Uses a thread per request, so that a slow page does not delay a scrape."""

    daemon_threads = True


class Handler(WSGIRequestHandler):
    """Sends the server's messages to the logging configuration."""

    def log_message(self, format: str, *args: object) -> None:
        """Logs a message of the server."""
        LOGGER.debug(format, *args)


def main() -> None:
    """Serves until interrupted."""
    set_up()
    with make_server(ADDRESS, PORT, application, Server, Handler) as server, contextlib.suppress(KeyboardInterrupt):
        LOGGER.info("listening on %s:%d, metrics on port %d", ADDRESS, PORT, METRICS_PORT)
        server.serve_forever()


if __name__ == "__main__":
    main()
