"""When Dagster makes an asset by itself: conditions that its UI explains, evaluation by evaluation.

They are for assets that follow the clock. What drives the batch are sensors with a watermark: a
condition such as `eager` does not see a materialization that is reported while the run that it
would ask for is still going. Nor are they for pulls, which are one job with one schedule that can
be stopped as a whole, or for the scorecard: what the next batch scores with is somebody's choice.
"""

from __future__ import annotations

from typing import Any, Final

import dagster as dg

SENSOR: Final = "automation"
NIGHT: Final = "30 2 * * *"
MORNING: Final = "0 6 * * *"


def at(cron: str) -> dg.AutomationCondition[Any]:
    """Once after each tick (UTC), whether or not what it reads was made since."""
    passed: dg.AutomationCondition[Any] = dg.AutomationCondition.cron_tick_passed(cron)
    return passed.since_last_handled().with_label(f"at {cron}, UTC")


def after(cron: str) -> dg.AutomationCondition[Any]:
    """Once after each tick (UTC), as soon as all that it reads was made since."""
    return dg.AutomationCondition.on_cron(cron)
