"""What all sensors share: a store that cannot be used ends a look, not the sensor."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

import dagster as dg

Look = Callable[[dg.SensorEvaluationContext], dg.SensorResult | dg.SkipReason]


def patient(look: Look) -> Look:
    """A look that fails with a code is told as the reason why nothing was done; the next one comes
    anyway. What has no code is a bug and fails."""

    @wraps(look)
    def tick(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        try:
            return look(context)
        except Exception as error:  # noqa: BLE001  # told() raises what has no code
            return dg.SkipReason(told(error))

    return tick


def told(error: Exception) -> str:
    """Code, what happened, what to do. Raises the error itself where it has none of these."""
    if not hasattr(error, "code") or not hasattr(error, "remedy"):
        raise error
    return f"{error.code}: {error} {error.remedy}"
