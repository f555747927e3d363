"""Whether a command line that stands in a file is one that the program takes."""

from __future__ import annotations

from typing import Any

from dagster._cli import create_dagster_cli
from dagster._daemon.cli import create_dagster_daemon_cli
from dagster_webserver.cli import dagster_webserver
from typer.main import get_command

from orchestration.cli import app

COMMANDS: dict[str, Any] = {
    "millrace": get_command(app),
    "dagster": create_dagster_cli(),
    "dagster-daemon": create_dagster_daemon_cli(),
    "dagster-webserver": dagster_webserver,
}


def parse(program: str, arguments: list[str]) -> None:
    """As the program itself would; raises a usage error for what it does not know."""
    command, name = COMMANDS[program], program
    while hasattr(command, "commands"):  # typer's groups are no click.Group
        with command.make_context(name, list(arguments), resilient_parsing=True) as context:
            found = command.get_command(context, arguments[0])
        assert found is not None, f"{program} has no command {arguments[0]}"
        command, name, arguments = found, arguments[0], arguments[1:]
    command.make_context(name, list(arguments)).close()
