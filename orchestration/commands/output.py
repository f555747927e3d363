"""What every command prints with: JSON for programs, tables for people, one line an error."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import wraps
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.table import Table

from orchestration.commands.failures import with_code
from orchestration.errors import UnexpectedError

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]

PIPED_WIDTH = 140  # columns when nobody's terminal says how wide it is


def _console(*, stderr: bool) -> Console:
    terminal = (sys.stderr if stderr else sys.stdout).isatty()
    width = None if terminal else PIPED_WIDTH
    return Console(stderr=stderr, highlight=False, soft_wrap=True, width=width)


out = _console(stderr=False)
err = _console(stderr=True)


def print_json(value: Any) -> None:
    sys.stdout.write(orjson.dumps(value, default=str, option=orjson.OPT_INDENT_2).decode() + "\n")


def print_json_lines(values: Iterable[Mapping[str, Any]]) -> None:
    for value in values:
        sys.stdout.write(orjson.dumps(value, default=str).decode() + "\n")


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Table:
    made = Table(title=title, title_justify="left", title_style="bold", header_style="bold")
    for column in columns:
        made.add_column(column, overflow="fold")
    for row in rows:
        made.add_row(*("" if cell is None else str(cell) for cell in row))
    return made


def steps(as_json: bool) -> Callable[[str], None]:
    """Say on the terminal what goes on now; be quiet when a program reads."""
    started = time.monotonic()

    def show(step: str) -> None:
        err.print(f"[dim]{time.monotonic() - started:6.1f} s[/]  {step} …")

    return (lambda _step: None) if as_json else show


def print_error(error: Exception, *, as_json: bool) -> None:
    """The three parts every error has: its `code`, what happened, and its `remedy`."""
    told = {
        "code": getattr(error, "code", UnexpectedError.code),
        "message": str(error) or type(error).__name__,
        "remedy": getattr(error, "remedy", ""),
    }
    if as_json:
        print_json({"error": told})
    err.print(f"[bold red]{told['code']}[/]: {told['message']}")
    err.print(f"  {told['remedy']}")


def reports_errors(command: Callable[..., None]) -> Callable[..., None]:
    """Turn an error into a clear message and exit code 1. Of a fault of ours the trace follows."""

    @wraps(command)
    def run(*arguments: Any, **options: Any) -> None:
        try:
            command(*arguments, **options)
        except (typer.Exit, typer.Abort, typer.BadParameter):
            raise
        except Exception as error:
            told = with_code(error)
            print_error(told, as_json=bool(options.get("as_json")))
            if isinstance(told, UnexpectedError):
                raise
            raise typer.Exit(1) from error

    return run
