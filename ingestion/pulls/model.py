"""What a pull source offers, and what a pull tells."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

if TYPE_CHECKING:
    from ingestion.pulls.client import VendorApi

Object = Mapping[str, Any]
"""An object as a vendor's API gives it."""

Days = tuple[date, date]
"""The first and the last day, both included."""

Refusal = Callable[[int, str], Literal["limit", "credentials"] | None]
"""What a refusal (status and body) means, where its status does not say it."""

Permit = Callable[[str], AbstractContextManager[None]]
"""Takes a request's path; what it gives is entered before the request goes out and left when its
answer is there. It waits until the vendor's account may be asked again."""


def bearer(token: str) -> Mapping[str, str]:
    """The header of a bearer token."""
    return {"authorization": f"Bearer {token}"}


def usual_refusal(_status: int, _body: str) -> None:
    """The vendor's statuses say what they mean."""


class Token(Protocol):
    """Gives access tokens. Both methods may raise an error that has a code."""

    def token(self) -> str:
        """The token to send."""

    def renew(self, refused: str) -> str | None:
        """Another one than that which the vendor refused; None when there is none."""


@dataclass(frozen=True, slots=True)
class Window:
    """Which changes are asked for: since when (None: all there are), and what time it is.
    ``days``: instead, what is told of the days from the first to the second one."""

    since: datetime | None
    until: datetime
    days: Days | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """An object, its id, and when it changed last; None where it does not say. ``version``: tells
    several events of one object apart, where they are stored as told."""

    id: str
    changed_at: datetime | None
    content: Object
    version: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """Some objects. ``reached``: all that changed before this moment has been read by now; None
    where objects come in another order."""

    found: Sequence[Found]
    reached: datetime | None = None


class Heard(NamedTuple):
    """What a webhook told: which object changed, and when."""

    id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Stream:
    """One kind of object, by its name at the vendor (contact, Lead, ad_insight).

    ``read`` asks an account and raises PullError. ``overlap``: how long before its cursor a pull
    begins, because vendors show changes late. ``heard``: the objects of this kind that one of the
    vendor's webhooks tells of, given its document and when it was received; None where the vendor
    has no webhook for it. ``is_dated``: whether an object says when it changed; if not, each
    content of it is a version of its own. ``as_told``: objects are events in the words of the
    vendor's webhooks; they are stored where no webhook brought them, and not before it had its
    time. ``words``: how an object that does not say when it changed is told instead of in an
    envelope, given when its content was seen first. ``by_day``: its objects are of days, and
    ``read`` can ask for those that are wanted. ``accounts``: whose objects these are, where they
    belong to others than the source's accounts (pages beside ad accounts).
    """

    kind: str
    read: Callable[[VendorApi, str, Window], Iterator[Page]]
    overlap: timedelta = timedelta(minutes=15)
    heard: Callable[[Object, datetime], Iterable[Heard]] | None = None
    is_dated: bool = True
    as_told: bool = False
    words: Callable[[Object, datetime], Object] | None = None
    by_day: bool = False
    accounts: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class PullSource:
    """A vendor. ``accounts`` asks which accounts the credentials are for: a portal, an
    organization, ad accounts; raises PullError. ``carry``: the headers of a token. ``refusal``:
    what an answer means, where its status does not say it. ``token_ends``: asks the vendor until
    when our token is good (None: for ever), where it can be asked that; raises PullError."""

    name: str
    accounts: Callable[[VendorApi], Sequence[str]]
    streams: tuple[Stream, ...]
    carry: Callable[[str], Mapping[str, str]] = bearer
    refusal: Refusal = usual_refusal
    token_ends: Callable[[VendorApi], datetime | None] | None = None


@dataclass(frozen=True, slots=True)
class StreamReport:
    """What a pull of one kind of object did. ``new``: versions that the log did not hold;
    ``dropped``: changes of which a webhook should have told, and none did within the grace period;
    ``judged``: changes that this was asked of; ``suppressed``: objects that were not stored,
    because somebody whom they are about was erased. ``code``, ``message``: what went wrong, if
    anything; nothing of an answer, an address or a token is in it."""

    source: str
    kind: str
    account: str
    started_at: datetime
    seconds: float = 0.0
    requests: int = 0
    read: int = 0
    new: int = 0
    judged: int = 0
    dropped: int = 0
    suppressed: int = 0
    code: str | None = None
    message: str | None = None
