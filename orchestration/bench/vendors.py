"""Simulated vendors to measure with: the sandbox as a process of its own."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from time import monotonic, sleep
from typing import Any

import httpx

from orchestration.errors import BenchError
from reverse_etl.sandbox import create_app
from reverse_etl.sandbox.server import free_port, serve

_START_SECONDS = 30


@contextmanager
def running_vendors(*, limit: int | None) -> Iterator[str]:
    """The sandbox, its HubSpot with a limit of requests in 10 s or without; gives its base URL.
    Raises BenchError."""
    port = free_port()
    process = multiprocessing.get_context("spawn").Process(
        target=_serve, args=(port, limit), daemon=True
    )
    process.start()
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_for(url)
        yield url
    finally:
        process.terminate()
        process.join()


def slow_down(url: str, milliseconds: Mapping[str, int], *, path: str = "") -> None:
    """Let these vendors act at once and answer late; `path`: a part of the paths it is for."""
    rules = [
        {"vendor": vendor, "path": path, "fault": "slow", "ms": ms}
        for vendor, ms in milliseconds.items()
    ]
    httpx.post(f"{url}/_faults", json={"rules": rules}).raise_for_status()


def vendor_state(url: str, vendor: str = "hubspot") -> dict[str, Any]:
    """What a vendor holds, and every request it had."""
    found: dict[str, Any] = httpx.get(f"{url}/_state/{vendor}", timeout=60).json()
    return found


def _serve(port: int, limit: int | None) -> None:
    serve(create_app(hubspot_limit=limit), port=port)


def _wait_for(url: str) -> None:
    until = monotonic() + _START_SECONDS
    while monotonic() < until:
        try:
            httpx.get(f"{url}/_state/hubspot").raise_for_status()
        except httpx.TransportError:
            sleep(0.05)
        else:
            return
    raise BenchError("The sandbox does not answer.")
