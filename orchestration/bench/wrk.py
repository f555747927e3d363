"""The same load by `wrk`, a tool that is not ours."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import orjson

from orchestration.errors import BenchError

_SCRIPT = """
local threads, requests, last = {}, nil, nil
exhausted = 0
function setup(thread)
  table.insert(threads, thread)
end
function init(arguments)
  requests = io.open(arguments[1], "rb")
end
function request()
  local length = requests:read(8)
  if length then
    last = requests:read(tonumber(length))
  else
    exhausted = 1
  end
  return last
end
function done(summary, latency)
  local line = '{"requests":%d,"microseconds":%d,"refused":%d,"broken":%d,' ..
    '"p50_us":%d,"p99_us":%d,"max_us":%d,"exhausted":%d}\\n'
  local e = summary.errors
  io.write(line:format(summary.requests, summary.duration, e.status,
    e.connect + e.read + e.write + e.timeout,
    latency:percentile(50), latency:percentile(99), latency.max,
    threads[1]:get("exhausted")))
end
"""


def drive(file: Path, port: int, connections: int, seconds: float) -> dict[str, Any]:
    """Send the requests of a file; the client's result, told in its words. Raises BenchError."""
    wrk = shutil.which("wrk")
    if wrk is None:
        raise BenchError(
            "wrk is not on PATH.", remedy="Install wrk, or leave out --tool: our own client."
        )
    script = file.with_suffix(".lua")
    script.write_text(_SCRIPT)
    options = ["-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "-s", str(script)]
    done = subprocess.run(  # noqa: S603  a fixed program, our own arguments
        [wrk, *options, f"http://127.0.0.1:{port}", "--", str(file)],
        capture_output=True,
        text=True,
        check=False,
    )
    return _result(done.stdout, done.stderr)


def _result(output: str, errors: str) -> dict[str, Any]:
    line = next((line for line in output.splitlines() if line.startswith("{")), None)
    if line is None:
        raise BenchError(f"wrk gave no result: {errors.strip() or output.strip()}.")
    told = orjson.loads(line)
    if told["exhausted"]:
        raise BenchError("wrk sent every prepared request before the time was over.")
    acknowledged = told["requests"] - told["refused"]
    return {
        "seconds": told["microseconds"] / 1e6,
        "acknowledged": acknowledged,
        "statuses": {
            "200": acknowledged,
            "other": told["refused"],
            "broken connection": told["broken"],
        },
        "p50_ms": told["p50_us"] / 1000,
        "p99_ms": told["p99_us"] / 1000,
        "max_ms": told["max_us"] / 1000,
    }
