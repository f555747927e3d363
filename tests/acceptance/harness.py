"""Real processes on loopback: the service, the sandbox and the command line, each test its home."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

SECRETS = {
    "MILLRACE_WEBHOOK_SECRET_TYPEFORM": "typeform-test-secret",
    "MILLRACE_WEBHOOK_SECRET_HUBSPOT": "hubspot-test-secret",
    "MILLRACE_WEBHOOK_SECRET_STANDARD": "whsec_" + "bWlsbHJhY2UtdGVzdC1zZWNyZXQtMDAwMDAwMDA=",
}
COMMAND = str(Path(sys.executable).with_name("millrace"))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(
    condition: Callable[[], bool], *, seconds: float, what: str, every: float = 0.05
) -> None:
    """Wait for a condition, not for a time; fail with a sentence when it never holds. `every`: how
    often to look, in seconds, where a look costs others something."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds} s for: {what}"
        time.sleep(every)


def answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5).is_success
    except httpx.HTTPError:
        return False


@dataclass(frozen=True, slots=True)
class Parsed:
    """The dbt project as dbt parsed it: the same for every home, so only the first one waits."""

    folder: Path

    def give(self, home: Path) -> None:
        self._copy(self._kept, home / "dbt" / "target")

    def keep(self, home: Path) -> None:
        if not self._kept.exists():
            self._copy(home / "dbt" / "target", self._kept)

    @property
    def _kept(self) -> Path:
        return self.folder / "parsed"

    def _copy(self, there: Path, here: Path) -> None:
        for name in ("manifest.json", "manifest.fingerprint", "partial_parse.msgpack"):
            if (there / name).exists():
                here.mkdir(parents=True, exist_ok=True)
                shutil.copy(there / name, here / name)


@dataclass
class Installation:
    """One MILLRACE_HOME with its processes; everything a user would type goes through here."""

    home: Path
    parsed: Parsed | None = None
    environment: dict[str, str] = field(default_factory=dict)
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.home.mkdir(exist_ok=True)
        if self.parsed:
            self.parsed.give(self.home)
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("MILLRACE_")}
        self.environment = {**inherited, **SECRETS, "MILLRACE_HOME": str(self.home)}

    def start(
        self, *arguments: str, ready: str, seconds: float = 90, in_background: bool = False
    ) -> None:
        """Start a command and wait until it answers; ``in_background``: as a script's `&` does."""
        with (self.home / f"{arguments[0]}.log").open("ab") as log:
            process = subprocess.Popen(
                [COMMAND, *arguments],
                env=self.environment,
                cwd=self.home,
                stdout=log,
                stderr=subprocess.STDOUT,
                preexec_fn=_ignore_interrupt if in_background else None,
            )
        self.processes.append(process)
        wait_until(
            lambda: answers(ready), seconds=seconds, what=f"millrace {arguments[0]} to answer"
        )

    def start_sandbox(self) -> str:
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        self.start("sandbox", "--port", str(port), ready=f"{url}/_state/hubspot")
        self.environment |= {"MILLRACE_HUBSPOT_URL": url, "MILLRACE_META_URL": url}
        return url

    def start_service(self, *, roles: str = "gateway") -> str:
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        self.start("serve", "--roles", roles, "--port", str(port), ready=f"{url}/health/ready")
        return url

    def millrace(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [COMMAND, *arguments],
            env=self.environment,
            cwd=self.home,
            capture_output=True,
            text=True,
            timeout=400,
        )
        if check:
            assert done.returncode == 0, f"millrace {arguments}: {done.stdout}\n{done.stderr}"
        return done

    def json(self, *arguments: str) -> Any:
        return json.loads(self.millrace(*arguments, "--json").stdout)

    def kill(self) -> None:
        """Kill what was started last, as a machine does that goes down."""
        process = self.processes.pop()
        process.kill()
        process.wait()

    def stop(self) -> None:
        for process in self.processes:
            process.send_signal(signal.SIGTERM)
        left = [process for process in self.processes if not _ends(process)]
        for process in left:
            process.kill()
            process.wait()
        self.processes.clear()
        assert not left, f"did not stop when told to: {[process.args for process in left]}"


def _ends(process: subprocess.Popen[bytes]) -> bool:
    try:
        process.wait(timeout=60)
    except subprocess.TimeoutExpired:
        return False
    return True


def _ignore_interrupt() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def sandbox_state(url: str, vendor: str) -> Mapping[str, Any]:
    state: Mapping[str, Any] = httpx.get(f"{url}/_state/{vendor}", timeout=30).json()
    return state


def graphql(url: str, query: str, **variables: Any) -> dict[str, Any]:
    """Ask Dagster's web server at `url`, as its own pages do."""
    asked = {"query": query, "variables": variables}
    answer = httpx.post(f"{url}/graphql", json=asked, timeout=60).json()
    assert "errors" not in answer, answer
    data: dict[str, Any] = answer["data"]
    return data
