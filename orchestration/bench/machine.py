"""What a measurement ran on: figures mean nothing without it."""

from __future__ import annotations

import os
import platform
import resource
import sqlite3
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, make_url, text

_LIBRARIES = ("uvicorn", "uvloop", "httptools", "sqlalchemy", "orjson", "dlt", "duckdb", "pyarrow")


def describe_machine() -> dict[str, Any]:
    """Processor, cores this process may use, and memory."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "cpu": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None,
        "memory_mb": memory // 2**20,
        "system": platform.platform(),
    }


def versions(database: str, *besides: str) -> dict[str, str | None]:
    """Versions of what takes part, and of the libraries ``besides``; ``postgres`` when
    ``database`` (a URL) is one."""
    found: dict[str, str | None] = {name: version(name) for name in (*_LIBRARIES, *besides)}
    server = _server_version(database) if database.startswith("postgresql") else None
    return {
        "python": platform.python_version(),
        **found,
        "sqlite": sqlite3.sqlite_version,
        "postgres": server,
    }


def peak_memory_mb(pid: int) -> int | None:
    """The most memory that a running process and each of those it started have held, added up;
    None where the system does not say."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        children = [
            int(child) for task in tasks for child in (task / "children").read_text().split()
        ]
    except OSError:
        return None
    peak = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(peak.split()[1]) // 1024 + sum(peak_memory_mb(child) or 0 for child in children)


def own_peak_memory_mb() -> int:
    """The most memory this process has held."""
    return _megabytes(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


def peak_memory_of_children_mb() -> int:
    """The most memory that any process held that this one started and waited for."""
    return _megabytes(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)


def _megabytes(peak: int) -> int:
    return peak // (2**20 if sys.platform == "darwin" else 2**10)


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor())


def _server_version(url: str) -> str:
    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"))
    try:
        with engine.connect() as connection:
            return str(connection.execute(text("show server_version")).scalar_one())
    finally:
        engine.dispose()
