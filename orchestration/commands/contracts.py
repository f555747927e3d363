"""`millrace contracts`: what events must hold: list, try, publish, and what changed when."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated, Any

import typer

from ingestion.contracts import ContractSet, changelog, library, publication
from ingestion.event_log.model import to_micros
from orchestration.commands.output import JsonOption, out, print_json, reports_errors, table

app = typer.Typer(no_args_is_help=True, help="Contracts: what the events of each source must hold.")

FolderOption = Annotated[
    Path | None,
    typer.Option(
        "--folder",
        help="Folder of contracts, Millrace's own by default.",
        exists=True,
        file_okay=False,
    ),
]


def _folder(given: Path | None) -> Traversable:
    return given or library.package()


@app.command("list")
@reports_errors
def list_(
    source: Annotated[str | None, typer.Option(help="Only this source.")] = None,
    folder: FolderOption = None,
    as_json: JsonOption = False,
) -> None:
    """Every version of every contract, and until when events may be written for it."""
    found = [
        {
            "source": contract.source,
            "event": contract.event,
            "version": str(contract.version),
            "deprecated_after": contract.deprecated_after,
            "fields": len(set(library.fields(contract.schema))),
            "title": contract.title,
        }
        for contract in library.read_contracts(_folder(folder))
        if source in (None, contract.source)
    ]
    if as_json:
        print_json(found)
        return
    columns = ("source", "event", "version", "deprecated_after", "fields", "title")
    out.print(table("Contracts", columns, ([row[name] for name in columns] for row in found)))


@app.command()
@reports_errors
def check(
    file: Annotated[
        typer.FileBinaryRead, typer.Argument(help="One body a line, or - for standard input.")
    ],
    source: Annotated[str, typer.Option(help="Who would send them, for instance webshop.")],
    whole: Annotated[
        bool, typer.Option("--whole", help="The file is one body, however many lines it has.")
    ] = False,
    folder: FolderOption = None,
    as_json: JsonOption = False,
) -> None:
    """Try bodies against their contracts before they are sent; exit code 1 when one is refused."""
    contracts = ContractSet.load(folder)
    bodies = [file.read()] if whole else [line for line in file if line.strip()]
    now = to_micros(datetime.now(UTC))
    found = [_told(number, contracts, source, body, now) for number, body in enumerate(bodies, 1)]
    if as_json:
        print_json(found)
    else:
        columns = ("number", "event_type", "contract", "code", "path", "value")
        out.print(table("Findings", columns, ([row[name] for name in columns] for row in found)))
    if any(row["code"] for row in found):
        raise typer.Exit(1)


def _told(
    number: int, contracts: ContractSet, source: str, body: bytes, now: int
) -> dict[str, Any]:
    finding = contracts.check(source, body, now)
    return {
        "number": number,
        "event_type": finding.event_type,
        "contract": finding.contract,
        "code": finding.problem_code,
        "path": finding.problem_path,
        "value": finding.problem_value,
    }


@app.command()
@reports_errors
def publish(folder: FolderOption = None, as_json: JsonOption = False) -> None:
    """Promise the new versions: from now on their files are not edited any more.

    Refused when a published version was edited, or a version breaks its major.
    """
    root = _folder(folder)
    contracts = library.read_contracts(root)
    published = publication.read_published(root)
    publication.check_promises(contracts, published)
    new = publication.unpublished(contracts, published)
    text = publication.to_json(publication.digests(contracts))
    _written(root, publication.PUBLISHED).write_bytes(text)
    if as_json:
        print_json({"published": new})
    else:
        out.print(f"{len(new)} published.", *new, sep="\n  ")


@app.command("changelog")
@reports_errors
def changelog_(
    write: Annotated[bool, typer.Option("--write", help="Renew the file.")] = False,
    folder: FolderOption = None,
    as_json: JsonOption = False,
) -> None:
    """What changed from version to version, as Markdown."""
    root = _folder(folder)
    text = changelog.changelog(library.read_contracts(root))
    if write:
        _written(root, changelog.CHANGELOG).write_text(text, encoding="utf-8")
    if as_json:
        print_json({"changelog": text})
    elif not write:
        sys.stdout.write(text)


def _written(root: Traversable, name: str) -> Path:
    """The file to write: contracts always lie in a folder of their own."""
    return Path(str(root)) / name
