"""Checks that the snippets in the documentation report a missing database and never create one.

    python check_snippets.py FOLDER FILE

`FOLDER` contains `logging_config.yaml` and `observability.py`; `FILE` is a Markdown page. The script runs the Python
snippets that open a database in an empty working directory, with mocks of Streamlit and Starlette. It prints one line
per check. At the first failure, it prints the reason and exits with code 1.

Never writes outside of a temporary directory and never opens a port.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import sqlite3
import sys
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest import mock

from check_logging import check, check_equal, in_empty_folder, load_observability

DATABASE = Path("app.db")
STAND_INS = ("streamlit", "starlette", "starlette.requests", "starlette.responses", "starlette.routing")


def snippets(page: Path) -> list[str]:
    """Returns the Python snippets that open a database."""
    blocks = re.findall(r"^```python\n(.*?)^```$", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    return [block for block in blocks if "sqlite3" in block]


def run(snippet: str) -> None:
    """Runs a snippet as a separate module."""
    names: dict[str, Any] = {"__name__": "snippet"}
    exec(compile(snippet, "snippet", "exec"), names)


def make_database() -> None:
    """Creates the database that the snippets expect."""
    with contextlib.closing(sqlite3.connect(DATABASE)) as connection, connection:
        connection.execute("CREATE TABLE projects (name TEXT)")
        connection.execute("INSERT INTO projects VALUES ('example')")


def health(observability: ModuleType) -> float | None:
    """Returns the health of the database in a scrape."""
    return observability.HEALTH_METRICS.get_sample_value("app_health_status", {"component": "database"})


def check_set_up(observability: ModuleType, snippet: str) -> None:
    """Checks the snippet that registers a health check."""
    with mock.patch.object(observability, "serve_metrics"):
        run(snippet)
    check_equal("a missing database is down", health(observability), 0.0)
    check("a health check creates no database", not DATABASE.exists(), sorted(map(str, Path().iterdir())))
    DATABASE.write_text("this is not a database", encoding="utf-8")
    check_equal("a file that is not a database is down", health(observability), 0.0)
    DATABASE.unlink()
    make_database()
    check_equal("a database is up", health(observability), 1.0)
    DATABASE.unlink()


def check_page(snippet: str) -> None:
    """Checks a snippet that only reads the database."""
    try:
        run(snippet)
    except sqlite3.OperationalError as error:
        check("a page fails without its database", "unable to open" in str(error), error)
    else:
        raise CheckFailed("a page works without its database")
    check("a page creates no database", not DATABASE.exists(), sorted(map(str, Path().iterdir())))
    make_database()
    run(snippet)
    DATABASE.unlink()


def main() -> int:
    """Runs all checks."""
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    folder, page = (Path(argument).resolve() for argument in sys.argv[1:])

    def checks(packages: Path) -> None:
        Path("config/monitoring").mkdir(parents=True)
        shutil.copy(folder / "logging_config.yaml", "config/monitoring")
        sys.modules.update({name: mock.MagicMock() for name in STAND_INS})
        observability = load_observability(folder / "observability.py", packages)
        found = snippets(page)
        check("the page opens databases", len(found) > 1, found)
        for snippet in found:
            if "register_health_check" in snippet:
                check_set_up(observability, snippet)
            else:
                check_page(snippet)

    return in_empty_folder(checks)


if __name__ == "__main__":
    sys.exit(main())
