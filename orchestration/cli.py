"""The command line. Heavy libraries are imported inside the commands that need them."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from orchestration.commands import (
    bench,
    contracts,
    credentials,
    destinations,
    dlq,
    identity,
    keys,
    lane,
    log,
    quality,
    score,
)
from orchestration.commands.activate import activate
from orchestration.commands.audit import audit
from orchestration.commands.backup import backup, restore
from orchestration.commands.diff import diff
from orchestration.commands.erase import erase
from orchestration.commands.errors import errors
from orchestration.commands.openapi import openapi
from orchestration.commands.output import (
    JsonOption,
    err,
    out,
    print_json,
    reports_errors,
    steps,
)
from orchestration.commands.preview import preview
from orchestration.commands.pull import pull
from orchestration.commands.review import review
from orchestration.commands.upgrade import upgrade
from orchestration.network import require_free
from orchestration.settings import load_settings

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,  # locals may hold personal data
    help="Millrace: every lead kept, acted on once, within a second, explainable in one command.",
)
app.add_typer(bench.app, name="bench")
app.add_typer(lane.app, name="lane")
app.add_typer(log.app, name="log")
app.add_typer(dlq.app, name="dlq")
app.add_typer(destinations.app, name="destinations")
app.add_typer(credentials.app, name="credentials")
app.add_typer(contracts.app, name="contracts")
app.add_typer(keys.app, name="keys")
app.add_typer(identity.app, name="identity")
app.add_typer(score.app, name="score")
app.add_typer(quality.app, name="quality")
app.command()(activate)
app.command()(audit)
app.command()(backup)
app.command()(restore)
app.command()(upgrade)
app.command()(diff)
app.command()(openapi)
app.command()(preview)
app.command()(errors)
app.command()(erase)
app.command()(pull)
app.command()(review)

HostOption = Annotated[str, typer.Option(help="Address to listen on.")]


@app.command()
@reports_errors
def demo(as_json: JsonOption = False) -> None:
    """Start sandbox and service, play the personas, run one batch, and tell what happened."""
    from orchestration.demo.play import play
    from orchestration.demo.tell import as_dict, tell

    story = play(load_settings(), progress=steps(as_json))
    print_json(as_dict(story)) if as_json else tell(story, out)


@app.command()
@reports_errors
def run(
    full: Annotated[
        bool,
        typer.Option(
            "--full", "--from-log", help="Read the whole log again and rebuild every model."
        ),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """One batch: load, build, expectations, activation, dispatch."""
    from orchestration.batch import run_batch
    from orchestration.commands.run import as_dict, tell
    from orchestration.status import take_status

    settings = load_settings()
    report = run_batch(settings, full=full, progress=steps(as_json))
    told = as_dict(report, take_status(settings, now=datetime.now(UTC)), settings.destinations)
    print_json(told) if as_json else tell(told, out)


@app.command()
@reports_errors
def serve(
    roles: Annotated[
        str, typer.Option(help="Comma-separated: gateway, fast-lane, dispatcher.")
    ] = "gateway,fast-lane,dispatcher",
    host: HostOption = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port of the gateway.")] = 8080,
) -> None:
    """Take webhooks and deliver what is due, until stopped."""
    import uvloop

    from orchestration import logs, service

    settings = load_settings()
    logs.to_stderr(settings)
    chosen = service.parse_roles(roles)
    serving = service.serve(settings, roles=chosen, host=host, port=port)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serving)


@app.command()
@reports_errors
def sandbox(
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8090,
    seed: Annotated[int, typer.Option(help="Makes faults and ids repeatable.")] = 0,
) -> None:
    """Simulated vendors with faults on request (POST /_faults); loopback only."""
    from reverse_etl.sandbox import create_app
    from reverse_etl.sandbox import serve as serve_app

    require_free("127.0.0.1", port)
    err.print(f"Sandbox: http://127.0.0.1:{port} (stop with Ctrl-C)")
    serve_app(create_app(seed), "127.0.0.1", port)


@app.command()
@reports_errors
def status(as_json: JsonOption = False) -> None:
    """Positions, lag, the accounting identities, what waits and what needs a person."""
    from orchestration.commands.status import tell
    from orchestration.status import take_status

    told = take_status(load_settings(), now=datetime.now(UTC))
    print_json(told) if as_json else tell(told, out)


@app.command()
@reports_errors
def why(
    who: Annotated[str, typer.Argument(help="An e-mail address, a person id or a correlation id.")],
    as_json: JsonOption = False,
) -> None:
    """The whole story of one lead: events, identity, score, consent, deliveries, answers."""
    from orchestration import why as story
    from orchestration.commands.why import tell

    told = story.why(load_settings(), who)
    print_json(told) if as_json else tell(told, out)


@app.command()
@reports_errors
def ui(
    host: HostOption = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port of the web UI.")] = 3000,
) -> None:
    """Open the Dagster web UI with its daemon (sensors, schedules)."""
    from orchestration import dagster_home
    from orchestration.dbt import ensure_manifest

    settings = load_settings()
    require_free(host, port)
    workspace = str(dagster_home.prepare(settings) / "workspace.yaml")
    ensure_manifest(settings)
    err.print(f"Dagster: http://{host}:{port} (stop with Ctrl-C)")
    # Scripts start background jobs with SIGINT ignored, and Dagster would then not stop at all.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    dagster = str(Path(sys.executable).with_name("dagster"))
    arguments = ["dev", "--workspace", workspace, "--host", host, "--port", str(port)]
    os.execv(dagster, [dagster, *arguments])  # noqa: S606  our own interpreter's Dagster


def main() -> None:
    """Entry point of the `millrace` command."""
    app()
