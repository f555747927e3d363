"""HTTP as all connectors use it: time-outs everywhere, and one meaning for each way to fail."""

from __future__ import annotations

import logging
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

import httpx
import orjson

from reverse_etl import catalogue
from reverse_etl.connectors.base import Work
from reverse_etl.connectors.tokens import TokenSource
from reverse_etl.errors import CallFailedError, ConfigurationError
from reverse_etl.model import Call, Kind, Outcome
from reverse_etl.retry import parse_retry_after

_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
_JSON: Final = "application/json"
_UNAUTHORISED: Final = 401
WHOLE_ADDRESS: Final = "(address)"
_PAGE: Final = (b"<!doctype html", b"<html")
_FORMS: Final[Mapping[str, type]] = {"object": dict, "list": list}

Form = Literal["object", "list", "anything"]
"""What a good answer holds: a JSON object, a JSON list, or whatever the vendor likes."""


def http_client(timeout: timedelta = timedelta(seconds=15)) -> httpx.AsyncClient:
    """The client for all connectors of a process: connections kept, HTTP/2 where the vendor has
    it, TLS 1.2 or newer and verified, no redirects followed."""
    logging.getLogger("httpx").setLevel(logging.WARNING)  # at INFO it tells whole addresses
    tls = ssl.create_default_context()
    tls.minimum_version = ssl.TLSVersion.TLSv1_2
    return httpx.AsyncClient(
        timeout=timeout.total_seconds(), follow_redirects=False, http2=True, verify=tls
    )


@dataclass(frozen=True, slots=True)
class Response:
    """An answer. `content`: its JSON; None where it is none, or is of another form than asked."""

    status: int
    content: Any
    retry_after: timedelta | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    text: str = ""

    @property
    def body(self) -> Mapping[str, Any]:
        """The JSON object; empty when the answer is none."""
        return self.content if isinstance(self.content, dict) else {}

    def list(self, name: str) -> tuple[Mapping[str, Any], ...]:
        """The objects under `name`; anything else there counts as absent."""
        return _objects(self.body.get(name))

    @property
    def items(self) -> tuple[Mapping[str, Any], ...]:
        """The objects of an answer that is a list."""
        return _objects(self.content)


def _objects(found: object) -> tuple[Mapping[str, Any], ...]:
    items = found if isinstance(found, list) else ()
    return tuple(item for item in items if isinstance(item, Mapping))


def bearer(token: str) -> dict[str, str]:
    """The header of a bearer token."""
    return {"authorization": f"Bearer {token}"}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A vendor's base address with what every request carries. With `token` it goes in the header
    that `carry` makes of it, as a bearer token unless told otherwise; one that is refused with 401
    is renewed once, where it can be. An address that is a secret itself is called whole, with an
    empty path: nothing of it is noted."""

    client: httpx.AsyncClient
    url: str = field(repr=False)
    timeout: timedelta
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    token: TokenSource | None = None
    carry: Callable[[str], Mapping[str, str]] = bearer

    async def call(
        self,
        work: Work,
        method: str,
        path: str,
        body: Any = None,
        *,
        items: int = 1,
        form: Form = "object",
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """One request within the quota; `body` is bytes, or becomes JSON; `items`: deliveries in
        it. Raises CallFailedError only when there is no usable answer at all; what a status means
        is the caller's business."""
        content = body if body is None or isinstance(body, bytes) else orjson.dumps(body)
        request = _Request(method, path, content, items, form, {**self.headers, **(headers or {})})
        if self.token is None:
            return await self._within_quota(work, request, None)
        token = _sendable(await self.token.token())
        answer = await self._within_quota(work, request, token)
        if answer.status == _UNAUTHORISED and (renewed := await self.token.renew(token)):
            return await self._within_quota(work, request, _sendable(renewed))
        return answer

    async def _within_quota(self, work: Work, request: _Request, token: str | None) -> Response:
        async with work.context.permit():
            return await self._send(work, request, token)

    async def _send(self, work: Work, request: _Request, token: str | None) -> Response:
        started = time.perf_counter()
        status: int | None = None
        code: str | None = None
        carried = self.carry(token) if token else {}
        try:
            answer = await self.client.request(
                request.method,
                self.url + request.path,
                content=request.content,
                headers={"content-type": _JSON, **carried, **request.headers},
                timeout=self.timeout.total_seconds(),
            )
            status = answer.status_code
            return read(answer, request.form)
        except httpx.RequestError as error:
            failure = CallFailedError(_lost(error))
            code = failure.code
            raise failure from error
        except CallFailedError as failure:
            code = failure.code
            raise
        finally:
            spent = round((time.perf_counter() - started) * 1000, 2)
            place = request.path.partition("?")[0] or WHOLE_ADDRESS
            work.calls.append(Call(request.method, place, status, spent, request.items, code))


def _sendable(token: str) -> str:
    """The token, if a header can carry it. Raises CallFailedError, which does not repeat it: no
    row is to blame for a quotation mark or a line break that was copied with it."""
    if token.isascii() and token.isprintable():
        return token
    text = "The token holds characters that no header can carry; copy it from the vendor again."
    raise CallFailedError(Outcome(Kind.AUTHENTICATION, ConfigurationError.code, text))


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    path: str
    content: bytes | None
    items: int
    form: Form
    headers: Mapping[str, str]


def _lost(error: httpx.RequestError) -> Outcome:
    name = type(error).__name__  # the text may hold an address with parameters
    if isinstance(error, httpx.DecodingError):
        text = "An answer came, but it is not compressed as it says it is."
        return Outcome(Kind.UNKNOWN, catalogue.MALFORMED_ANSWER, text)
    if isinstance(error, _NOT_SENT):
        return Outcome(
            Kind.UNREACHABLE, catalogue.DESTINATION_UNREACHABLE, f"No connection: {name}"
        )
    return Outcome(Kind.UNKNOWN, catalogue.NO_ANSWER, f"Sent, but no answer came: {name}")


def read(answer: httpx.Response, form: Form = "object") -> Response:
    """An answer as connectors see it. Raises CallFailedError for an acceptance that cannot be
    read."""
    wait = parse_retry_after(answer.headers.get("retry-after"), datetime.now(UTC))
    ok = answer.status_code < 300
    if ok and answer.content[:200].lstrip().lower().startswith(_PAGE):
        raise CallFailedError(_page(answer.status_code))
    content = _parse(answer.content, form if ok else "anything")  # errors have forms of their own
    if content is None and form != "anything" and ok:
        message = "The destination accepted the request, but its answer cannot be read."
        raise CallFailedError(
            Outcome(Kind.UNKNOWN, catalogue.MALFORMED_ANSWER, message, answer.status_code)
        )
    return Response(answer.status_code, content, wait, answer.headers, answer.text)


def _page(status: int) -> Outcome:
    """A sign-in or a parked domain, perhaps for a moment only: whether the vendor took the request
    before it is not known."""
    text = "A web page answered instead of the destination's interface."
    code = catalogue.ENDPOINT_WRONG
    return Outcome(Kind.UNKNOWN, code, text, status, costs_attempt=False)


def _parse(content: bytes, form: Form) -> Any:
    try:
        parsed = orjson.loads(content or b"{}")
    except orjson.JSONDecodeError:
        return None
    return parsed if form == "anything" or isinstance(parsed, _FORMS[form]) else None
