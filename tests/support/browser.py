"""A headless Chromium of Debian's, spoken to by the DevTools protocol."""

from __future__ import annotations

import itertools
import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from websockets.sync.client import ClientConnection, connect

EXECUTABLE = shutil.which("chromium")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--window-size=1600,3000",
    "--remote-debugging-port=0",
)


class Page:
    """The one tab of a browser."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)

    def open(self, url: str) -> None:
        """Go there; what it shows comes later."""
        self._call("Page.navigate", url=url)

    def text(self) -> str:
        """What a reader sees now."""
        found = self._call("Runtime.evaluate", expression="document.body?.innerText ?? ''")
        return str(found["result"].get("value", ""))

    def waits_for(self, *words: str, seconds: float = 60) -> str:
        """The text, once it has all of these words; fails with what was there instead."""
        deadline = time.monotonic() + seconds
        while True:
            text = self.text()
            missing = [word for word in words if word not in text]
            if not missing:
                return text
            assert time.monotonic() < deadline, f"no {missing} in:\n{text[:3000]}"
            time.sleep(0.2)

    def _call(self, method: str, **parameters: Any) -> dict[str, Any]:
        number = next(self._numbers)
        self._socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            told = json.loads(self._socket.recv(timeout=60))
            if told.get("id") == number:
                assert "error" not in told, told
                result: dict[str, Any] = told["result"]
                return result


@contextmanager
def browser(folder: Path) -> Iterator[Page]:
    """A browser with a profile of its own in this folder."""
    assert EXECUTABLE is not None
    process = subprocess.Popen(
        [EXECUTABLE, *FLAGS, f"--user-data-dir={folder}", "about:blank"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        with connect(_address(folder, process), max_size=None, open_timeout=30) as socket:
            yield Page(socket)
    finally:
        process.terminate()
        process.wait(timeout=30)


def _address(folder: Path, process: subprocess.Popen[bytes]) -> str:
    """Of the tab's socket: the browser writes its port into its profile."""
    told, deadline = folder / "DevToolsActivePort", time.monotonic() + 60
    while not (told.exists() and told.read_text().strip()):
        assert process.poll() is None, "chromium ended at once"
        assert time.monotonic() < deadline, "chromium told no port"
        time.sleep(0.1)
    port = told.read_text().splitlines()[0]
    while True:
        tabs = httpx.get(f"http://127.0.0.1:{port}/json/list", timeout=30).json()
        pages = [tab for tab in tabs if tab["type"] == "page"]
        if pages:
            return str(pages[0]["webSocketDebuggerUrl"])
        assert time.monotonic() < deadline, "chromium opened no tab"
        time.sleep(0.1)
