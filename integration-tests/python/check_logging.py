"""Checks that the shipped logging configuration loads and works as documented.

    python check_logging.py FOLDER

`FOLDER` contains `logging_config.yaml` and `observability.py`. The script loads them as an application does, in an
empty working directory, with warnings as errors. It prints one line per check. At the first failure, it prints the
reason and exits with code 1.

Never writes outside of a temporary directory and never opens a port.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import logging
import os
import shutil
import sys
import tempfile
import warnings
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Any

MODULE = "streamlit_extension.observability"
LIBRARY_DETAIL = "below the level of the root logger"
NON_ASCII = "größer als 10 µs: 変更 ✓"
KEYS = {
    "timestamp",
    "level",
    "logger",
    "message",
    "trace_id",
    "module",
    "lineno",
    "process",
    "threadName",
    "service",
}
EXTRAS = {"exc_info", "otelTraceID"}
METRICS = {
    "http_requests_total",
    "http_request_duration_seconds_bucket",
    "database_connections_active",
    "database_connections_failed_total",
    "database_query_duration_seconds_bucket",
    "tdd_phase_duration_seconds_bucket",
    "log_messages_total",
}


class CheckFailed(Exception):
    """A failed check."""


def check(name: str, holds: bool, found: object) -> None:
    """Prints the check, or fails with the value that was found."""
    if not holds:
        raise CheckFailed(f"{name}; found {found!r}")
    print(f"ok: {name}")


def check_equal(name: str, found: object, wanted: object) -> None:
    """Prints the check, or fails with both values."""
    if found != wanted:
        raise CheckFailed(f"{name}; found {found!r}, wanted {wanted!r}")
    print(f"ok: {name}")


def load_observability(file: Path, packages: Path) -> ModuleType:
    """Installs the file as the module that the logging configuration refers to, and imports it."""
    package = packages / MODULE.partition(".")[0]
    package.mkdir()
    (package / "__init__.py").touch()
    shutil.copy(file, package / "observability.py")
    sys.path.insert(0, str(packages))
    return importlib.import_module(MODULE)


def in_one_line(error: BaseException | None) -> str:
    """Returns an exception with its causes; `dictConfig` hides the reason in the cause."""
    texts = []
    while error is not None:
        texts.append(f"{type(error).__name__}: {error}")
        error = error.__cause__
    return ", because of ".join(texts)


def counted(observability: ModuleType) -> dict[tuple[str, str], float]:
    """Returns `log_messages_total` by logger and level."""
    return {
        (sample.labels["logger"], sample.labels["level"]): sample.value
        for metric in observability.APP_METRICS.collect()
        for sample in metric.samples
        if sample.name == "log_messages_total"
    }


def series(observability: ModuleType) -> set[str]:
    """Returns the names of all series of the application."""
    return {sample.name for metric in observability.APP_METRICS.collect() for sample in metric.samples}


def emit(observability: ModuleType) -> str:
    """Logs the records that the checks expect; returns the id of the tracked request."""
    page = logging.getLogger("streamlit_extension.pages.projects")
    page.debug("only the file has this")
    page.info(NON_ASCII)
    page.warning("a warning of a child logger")
    page.error("inside a span", extra={"otelTraceID": "4bf92f3577b34da6a3ce929d0e0e4736"})
    page.info("outside of any span", extra={"otelTraceID": "0"})
    logging.getLogger("duration_system").critical("a critical record")
    logging.getLogger("some.library").warning("a warning of a library")
    logging.getLogger("some.library").info(LIBRARY_DETAIL)
    with contextlib.suppress(RuntimeError), observability.track_request("/") as request:
        page.info("inside a request")
        raise RuntimeError("a page fails")
    return str(request.trace_id)


def check_loading(observability: ModuleType, configuration: Path, stdout: io.StringIO) -> None:
    """Checks that the configuration loads once, and that the metrics exist from the start."""
    observability.register_database("main")
    names = series(observability)
    check("the metrics of the contract have series at once", METRICS <= names, METRICS - names)
    check("no series is a creation time", not any(n.endswith("_created") for n in names), names)
    check_equal("every log counter starts at 0", set(counted(observability).values()), {0.0})
    try:
        with contextlib.redirect_stdout(stdout):
            first = observability.configure_logging(configuration)
            second = observability.configure_logging(configuration)
    except Exception as error:
        raise CheckFailed(f"the configuration does not load: {in_one_line(error)}") from error
    check("the configuration loads in an empty directory", first is True, first)
    check("a second call changes nothing", second is False, second)


def read_lines(file: Path) -> dict[str, dict[str, Any]]:
    """Returns the records of the log file by message."""
    check("the log file is below the working directory", file.is_file(), sorted(map(str, Path().rglob("*"))))
    records = {}
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            record = json.loads(line)
        except json.JSONDecodeError as error:
            raise CheckFailed(f"line {number} of the log file is not JSON: {line!r}") from error
        check(f"line {number} is a JSON object with the documented keys", set(record) - EXTRAS == KEYS, record)
        moment = datetime.fromisoformat(record["timestamp"])
        check(f"line {number} has an ISO time with a zone", moment.tzinfo is not None, record["timestamp"])
        records[record["message"]] = record
    return records


def check_records(records: dict[str, dict[str, Any]], trace_id: str) -> None:
    """Checks the records in the log file."""
    check("a non-ASCII message survives", NON_ASCII in records, list(records))
    warning = records["a warning of a child logger"]
    check_equal("the level is under `level`", warning["level"], "WARNING")
    check_equal("the logger is under `logger`", warning["logger"], "streamlit_extension.pages.projects")
    check_equal("the service is named", warning["service"], "test-tdd-project")
    check("the file has debug records", "only the file has this" in records, list(records))
    check("the root logger drops records below its level", LIBRARY_DETAIL not in records, list(records))

    check_equal("without a trace the id is `-`", warning["trace_id"], "-")
    # The console's filter did not process this record.
    check_equal("the file sets the id itself", records["only the file has this"]["trace_id"], "-")
    check_equal("a request has its own id", records["inside a request"]["trace_id"], trace_id)
    check_equal(
        "the id of OpenTelemetry comes first",
        records["inside a span"]["trace_id"],
        "4bf92f3577b34da6a3ce929d0e0e4736",
    )
    check_equal("the `0` of OpenTelemetry is not an id", records["outside of any span"]["trace_id"], "-")

    uncaught = records["uncaught exception"]
    check(
        "an exception comes with its traceback",
        "RuntimeError: a page fails" in uncaught.get("exc_info", ""),
        uncaught,
    )
    check_equal("an exception keeps the id of its request", uncaught["trace_id"], trace_id)


def check_console(text: str, trace_id: str) -> None:
    """Checks the lines on the console."""
    check("the console has no debug records", "only the file has this" not in text, text)
    line = next((line for line in text.splitlines() if "inside a request" in line), "")
    wanted = f" [INFO] streamlit_extension.pages.projects [{trace_id}]: inside a request"
    check("the console shows level, logger and trace id", line.endswith(wanted), line)
    moment = datetime.strptime(line.partition(" ")[0], "%Y-%m-%dT%H:%M:%S%z")
    check("the console shows the time with its zone", moment.tzinfo is not None, line)


def failed_requests(observability: ModuleType, handler: str) -> float | None:
    """Returns the number of failed runs of a page, `None` if the series does not exist."""
    labels = {"handler": handler, "method": observability.SCRIPT_RUN, "status": "500"}
    return observability.APP_METRICS.get_sample_value("http_requests_total", labels)


def check_script_error(observability: ModuleType) -> None:
    """Checks exceptions from Streamlit: outside of a tracked request, and passed more than once."""
    error = ValueError("a script fails")
    before = failed_requests(observability, "/")
    check_equal("an untracked page has a series", failed_requests(observability, "unknown"), 0.0)
    observability.report_script_error(error)
    observability.report_script_error(error)
    observability.report_script_error(RuntimeError(error))
    after = failed_requests(observability, "unknown")
    check_equal("a script error counts as one failed request of an unknown page", after, 1.0)
    check_equal("it does not count for the first page", failed_requests(observability, "/"), before)
    log = Path("logs/application.log").read_text(encoding="utf-8")
    check_equal("a script error is logged once", log.count('"message": "uncaught exception"'), 2)
    check("a script error comes with its traceback", "ValueError: a script fails" in log, log)


def check_counters(observability: ModuleType) -> None:
    """Checks that exactly the warnings and errors were counted."""
    wanted = {(logger, level): 0.0 for logger in observability.LOGGERS for level in observability.LEVELS}
    wanted["streamlit_extension", "warning"] = 1.0
    # The record inside a span, the uncaught exception and the script error.
    wanted["streamlit_extension", "error"] = 3.0
    wanted["duration_system", "critical"] = 1.0
    wanted["root", "warning"] = 1.0
    check_equal("`log_messages_total` counts by logger and level", counted(observability), wanted)


def in_empty_folder(checks: Callable[[Path], None]) -> int:
    """Runs checks in an empty working directory, with another one for packages; returns the exit code."""
    os.environ.pop("LOG_DIR", None)
    home = Path.cwd()
    sys.dont_write_bytecode = True
    with tempfile.TemporaryDirectory() as packages, tempfile.TemporaryDirectory() as empty:
        os.chdir(empty)
        try:
            checks(Path(packages))
        except CheckFailed as failure:
            print(f"failed: {failure}", file=sys.stderr)
            return 1
        except Exception as error:
            print(f"failed: unexpected {in_one_line(error)}", file=sys.stderr)
            return 1
        finally:
            logging.shutdown()
            os.chdir(home)
    return 0


def main() -> int:
    """Runs all checks."""
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    folder = Path(sys.argv[1]).resolve()
    warnings.simplefilter("error")

    def checks(packages: Path) -> None:
        stdout = io.StringIO()
        observability = load_observability(folder / "observability.py", packages)
        check_loading(observability, folder / "logging_config.yaml", stdout)
        trace_id = emit(observability)
        check_records(read_lines(Path("logs/application.log")), trace_id)
        check_console(stdout.getvalue(), trace_id)
        check_script_error(observability)
        check_counters(observability)

    return in_empty_folder(checks)


if __name__ == "__main__":
    sys.exit(main())
