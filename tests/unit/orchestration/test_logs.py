from __future__ import annotations

from pathlib import Path

import structlog

from orchestration import logs
from orchestration.settings import Settings


def test_a_log_file_is_left_as_it_was_found(tmp_path: Path, capsys) -> None:
    """Lines go to the file while a command runs, and afterwards to where they went before: not to
    the closed file, where the next line would raise and stop whoever says it."""
    with logs.to_file(Settings(home=tmp_path)):
        structlog.get_logger().info("inside")

    structlog.get_logger().info("outside")

    written = (tmp_path / "logs" / "batch.log").read_text()
    assert "inside" in written
    assert "outside" not in written
    assert "outside" in capsys.readouterr().out
