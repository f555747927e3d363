"""Alerts on their way to a chat: Slack's incoming webhooks, and workflows of Microsoft Teams.

Whoever knows such an address may post there, so it is a secret: nothing of it is told. A message
whose answer was lost is sent again: better twice than never.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import httpx
from pydantic import SecretStr

from orchestration.alerts.alert import Alert, Memory, News, news
from orchestration.errors import AlertNotSentError
from orchestration.secret_sources import reveal
from orchestration.settings import Settings
from reverse_etl.connectors.settings import address
from reverse_etl.errors import SecretUnavailableError

MOST: Final = 10  # alerts of one message; `millrace status` and the UI have all
_TIMEOUT: Final = httpx.Timeout(10)
_CARD: Final = "application/vnd.microsoft.card.adaptive"
_ENTITIES: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})

Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Target:
    """A chat. `setting`: what holds its address, or names the place that does."""

    name: str
    setting: SecretStr = field(repr=False)
    body: Callable[[News], Body]

    @property
    def variable(self) -> str:
        """The variable that sets it."""
        return f"MILLRACE_ALERT_{self.name}_URL".upper()


@dataclass(frozen=True, slots=True)
class Told:
    """What all targets know now, and what went wrong with those that were not reached."""

    memories: Mapping[str, Memory]
    messages: int
    failures: Sequence[AlertNotSentError]


def targets(settings: Settings) -> list[Target]:
    """The chats that the settings name."""
    every = (("slack", settings.alert_slack_url, slack), ("teams", settings.alert_teams_url, teams))
    return [Target(name, setting, body) for name, setting, body in every if setting is not None]


def tell(
    chosen: Sequence[Target],
    alerts: Sequence[Alert],
    memories: Mapping[str, Memory],
    *,
    now: datetime,
    client: httpx.Client,
) -> Told:
    """Tell each target what it does not know; one that cannot be reached keeps its memory, so that
    it is told next time."""
    after = dict(memories)
    messages, failures = 0, []
    for target in chosen:
        told = news(alerts, memories.get(target.name, {}), now=now)
        try:
            if told:
                send(target, told, client)
                messages += 1
        except AlertNotSentError as error:
            failures.append(error)
        else:
            after[target.name] = told.memory
    return Told(after, messages, failures)


def send(target: Target, told: News, client: httpx.Client) -> None:
    """One message. Raises AlertNotSentError, which does not repeat the address."""
    try:
        url = address(reveal(target.setting.get_secret_value()))
        answer = client.post(url, json=target.body(told), timeout=_TIMEOUT)
    except (SecretUnavailableError, ValueError, httpx.InvalidURL) as error:
        raise _not_sent(target, f"{target.variable} gives no address to post to") from error
    except httpx.HTTPError as error:
        raise _not_sent(target, f"no answer ({type(error).__name__})") from None
    if not answer.is_success:
        raise _not_sent(target, f"status {answer.status_code}")


def slack(told: News) -> Body:
    """A message for Slack."""
    lines = [
        f"*{alert.code}*: {alert.what.translate(_ENTITIES)}\n{alert.remedy.translate(_ENTITIES)}"
        + (f"\n<{alert.link}|Look at it>" if alert.link else "")
        for alert in told.begun[:MOST]
    ]
    return {"text": "\n\n".join([*lines, *(line.translate(_ENTITIES) for line in _rest(told))])}


def teams(told: News) -> Body:
    """An adaptive card for a workflow of Teams."""
    lines = [
        f"**{alert.code}**: {alert.what}\n\n{alert.remedy}"
        + (f"\n\n[Look at it]({alert.link})" if alert.link else "")
        for alert in told.begun[:MOST]
    ]
    blocks = [{"type": "TextBlock", "text": text, "wrap": True} for text in [*lines, *_rest(told)]]
    card = {"type": "AdaptiveCard", "version": "1.4", "body": blocks}
    return {"type": "message", "attachments": [{"contentType": _CARD, "content": card}]}


def _rest(told: News) -> Iterator[str]:
    if len(told.begun) > MOST:
        yield f"And {len(told.begun) - MOST:,} more."
    for what in told.ended[:MOST]:
        yield f"Over: {what}"
    if len(told.ended) > MOST:
        yield f"And {len(told.ended) - MOST:,} more are over."


def _not_sent(target: Target, why: str) -> AlertNotSentError:
    return AlertNotSentError(f"The alert did not reach {target.name}: {why}.")
