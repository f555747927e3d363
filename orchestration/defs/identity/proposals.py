"""Links that rules cannot see, for review; not part of a batch."""

from datetime import UTC, datetime
from importlib.util import find_spec

import dagster as dg

from orchestration import automation
from orchestration.identity import review
from orchestration.settings import load_settings


@dg.asset(
    key=["identity", "proposals"],
    deps=[dg.AssetKey(["warehouse", "published"])],
    group_name="activation",  # it reads the published copy
    kinds={"python", "splink"},
    automation_condition=automation.after(automation.NIGHT) if find_spec("splink") else None,
    description="People that may be one, with the evidence; `millrace identity review` lists them.",
)
def proposals() -> dg.MaterializeResult[None]:
    found = review.renew(load_settings(), now=datetime.now(UTC))
    return dg.MaterializeResult(
        metadata={
            "open": sum(row.status == "open" for row in found),
            "accepted": sum(row.status == "accepted" for row in found),
        }
    )
