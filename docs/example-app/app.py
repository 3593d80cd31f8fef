"""An application that the stack observes: its health, its metrics and its logs.

    python app.py

Serves its pages and `/health/metrics` on port 8501 and its metrics on port 8502. `README.md` beside this file says what
must be there before the start, and how to do the same with Streamlit.

Never lets a path, a name or a message that came with a request become a label.
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
"""Where to listen; the containers of the stack cannot reach the loopback."""

PORT = int(os.environ.get("APP_PORT", "8501"))
METRICS_PORT = int(os.environ.get("APP_METRICS_PORT", "8502"))

DATABASE = "projects.db"

# The name begins with one of the two loggers that `logging_config.yaml` knows.
LOGGER = logging.getLogger("streamlit_extension.example")

Page = Callable[[], tuple[HTTPStatus, str]]


def make_database() -> None:
    """Makes the application's database where there is none."""
    with contextlib.closing(sqlite3.connect(DATABASE)) as connection, connection:
        connection.execute("CREATE TABLE IF NOT EXISTS projects (name TEXT PRIMARY KEY)")
        connection.execute("INSERT OR IGNORE INTO projects VALUES ('example')")


def open_database() -> sqlite3.Connection:
    """Opens the application's database; without `mode=rw`, SQLite would make a missing one anew."""
    return sqlite3.connect(f"file:{DATABASE}?mode=rw", uri=True)


def open_archive() -> sqlite3.Connection:
    """Opens a database that is not there, to show what a failure looks like."""
    return sqlite3.connect("file:archive.db?mode=ro", uri=True)


def database_works() -> bool:
    """Asked at every scrape of `/health/metrics`."""
    with contextlib.closing(open_database()) as connection:
        # `SELECT 1` would not read the file.
        return connection.execute("SELECT count(*) FROM sqlite_master").fetchone() is not None


def set_up() -> None:
    """Does what a process does once, before its first request."""
    observability.configure_logging("config/monitoring/logging_config.yaml")
    observability.set_version("1.0.0")
    # Series that exist before anything happens: an alert does not see the first event of a new one.
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
    """Answers the first page."""
    LOGGER.info("somebody came in")
    return HTTPStatus.OK, "try /projects/example, /projects/none, /archive, /broken and /health/metrics"


def project(name: str) -> tuple[HTTPStatus, str]:
    """Looks a project up: measures the connection and the query, and warns of a name that nobody knows."""
    with observability.open_connection("main", open_database) as connection:
        with observability.track_query("main", "select"):
            found = connection.execute("SELECT name FROM projects WHERE name = ?", (name,)).fetchone()
    if found is None:
        LOGGER.warning("a project is not known", extra={"project": name})
        return HTTPStatus.NOT_FOUND, "there is no such project"
    return HTTPStatus.OK, name


def archive() -> tuple[HTTPStatus, str]:
    """Fails in a way that the page expects: it logs an error and answers that it is not available."""
    try:
        with observability.open_connection("archive", open_archive):
            return HTTPStatus.OK, "the archive is open"
    except sqlite3.OperationalError:
        LOGGER.exception("the archive cannot be opened")
        return HTTPStatus.SERVICE_UNAVAILABLE, "the archive is closed"


def broken() -> tuple[HTTPStatus, str]:
    """Fails in a way that nobody expects: `track_request` logs and counts it."""
    raise RuntimeError("this page is broken")


def not_found() -> tuple[HTTPStatus, str]:
    """Answers every path that is no page."""
    return HTTPStatus.NOT_FOUND, "there is no such page"


def route(path: str) -> tuple[str, Page]:
    """Returns what the metrics call the page, which is its template and never the path, and the page."""
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
        # It is in the log and in the metrics already.
        return HTTPStatus.INTERNAL_SERVER_ERROR, "something went wrong"


def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """The WSGI application; any server can run it, in one process."""
    path = environ["PATH_INFO"]
    if path == "/health/metrics":
        # Prometheus refuses a page whose content type does not say that it holds metrics.
        body, content_type = observability.health_exposition()
        status = HTTPStatus.OK
    else:
        status, text = answer(path)
        body, content_type = f"{text}\n".encode(), "text/plain; charset=utf-8"
    start_response(f"{status.value} {status.phrase}", [("Content-Type", content_type)])
    return [body]


class Server(ThreadingMixIn, WSGIServer):
    """A thread for each request, so that a slow page does not keep a scrape waiting."""

    daemon_threads = True


class Handler(WSGIRequestHandler):
    """Leaves the lines about requests to the logging configuration."""

    def log_message(self, format: str, *args: object) -> None:
        """Logs one line of the server's."""
        LOGGER.debug(format, *args)


def main() -> None:
    """Serves until it is interrupted."""
    set_up()
    with make_server(ADDRESS, PORT, application, Server, Handler) as server, contextlib.suppress(KeyboardInterrupt):
        LOGGER.info("listening at %s:%d, metrics at port %d", ADDRESS, PORT, METRICS_PORT)
        server.serve_forever()


if __name__ == "__main__":
    main()
