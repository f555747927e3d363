"""`millrace errors`: what a code means and what to do about it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from dbt_project.catalogue import Entry, catalogue
from orchestration.commands.output import JsonOption, out, print_json, reports_errors, table
from orchestration.errors import NotFoundError

_HEAD = """\
# Error codes

Made from `seeds/error_catalogue.csv` by `millrace errors --write`; `GET /v1/errors` serves the
same. What follows from each class stands in `catalogue.py`.

| code | status | class | what happened | what to do |
|---|---|---|---|---|
"""


@reports_errors
def errors(
    code: Annotated[str | None, typer.Argument(help="One code; all of them if left out.")] = None,
    write: Annotated[
        Path | None, typer.Option(help="Write all of them to this file, as Markdown.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """What an error code means, and what to do about it."""
    entries = _chosen(code)
    if write is not None:
        write.write_text(markdown(entries), encoding="utf-8")
    if as_json:
        print_json([_told(listed) for listed in entries])
    elif write is None:
        columns = ("code", "status", "class", "meaning", "remedy")
        out.print(table("Error codes", columns, ([*_told(one).values()] for one in entries)))


def markdown(entries: list[Entry]) -> str:
    """The codes as a Markdown table."""
    rows = (
        f"| `{one.code}` | {one.status or ''} | {one.kind} | {one.meaning} | {one.remedy} |"
        for one in entries
    )
    return _HEAD + "\n".join(row.replace("<", "&lt;") for row in rows) + "\n"


def _chosen(code: str | None) -> list[Entry]:
    known = catalogue()
    if code is None:
        return list(known.values())
    if code.upper() not in known:
        raise NotFoundError(
            f"There is no code {code}.", remedy="`millrace errors` lists the codes there are."
        )
    return [known[code.upper()]]


def _told(listed: Entry) -> dict[str, Any]:
    facts = asdict(listed)
    return {("class" if name == "kind" else name): value for name, value in facts.items()}
