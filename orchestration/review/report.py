"""A review as a page, and for programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from orchestration.review.findings import PARTS, Finding

_HEAD = ("| code | what | what to do |", "|---|---|---|")


def as_dict(findings: Sequence[Finding], *, now: datetime) -> dict[str, Any]:
    """What `millrace review --json` prints."""
    return {
        "reviewed_at": now,
        "clean": not findings,
        "codes": dict(Counter(finding.code for finding in findings)),
        "findings": [asdict(finding) for finding in findings],
    }


def markdown(findings: Sequence[Finding], *, now: datetime) -> str:
    """The page that the Dagster UI shows."""
    lines = [f"Review of {now:%Y-%m-%d %H:%M} UTC: {told(findings)}"]
    for part in dict.fromkeys(finding.part for finding in findings):
        lines += ["", f"**{part.capitalize()}**", "", *_HEAD]
        lines += [
            f"| {_cell(each.code)} | {_cell(each.what)} | {_cell(each.remedy)} |"
            for each in findings
            if each.part == part
        ]
    return "\n".join(lines)


def told(findings: Sequence[Finding]) -> str:
    """One sentence."""
    if not findings:
        return f"nothing to do, in {len(PARTS)} parts."
    return f"{len(findings)} things to look at."


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
