"""`millrace log` before there is anything to tell."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from orchestration.commands.log import app


def test_before_the_first_batch_nothing_is_quarantined(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An empty list is an answer, no failure; to replay from it is one, which says what to run."""
    monkeypatch.setenv("MILLRACE_HOME", str(tmp_path))
    listed = CliRunner().invoke(app, ["quarantined", "--json"])
    assert (0, []) == (listed.exit_code, json.loads(listed.stdout))
    assert 0 == CliRunner().invoke(app, ["quarantined"]).exit_code
    refused = CliRunner().invoke(app, ["replay", "--quarantined"])
    assert 1 == refused.exit_code
    assert "millrace run" in refused.output
