"""A vendor's REST API: dlt's client within the account's request budget, one error a failure."""

from __future__ import annotations

import logging
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache, partial
from typing import Any, Final
from urllib.parse import urlsplit

from dlt.sources.helpers.requests import Client
from dlt.sources.helpers.rest_client.client import RESTClient
from dlt.sources.helpers.rest_client.paginators import BasePaginator, SinglePagePaginator
from requests import PreparedRequest, RequestException, Response
from requests.adapters import HTTPAdapter

from ingestion.errors import (
    PullAnswerError,
    PullCredentialsError,
    PullError,
    PullLimitedError,
    PullRefusedError,
    PullUnreachableError,
    PullVendorError,
)
from ingestion.pulls.model import Object, Permit, Refusal, Token, bearer, usual_refusal

_UNAUTHORISED: Final = 401
_FORBIDDEN: Final = 403
_TOO_MANY: Final = 429


@dataclass(frozen=True, slots=True)
class Patience:
    """How a request is tried: ``timeout`` of each attempt, how many, the first pause in seconds
    (which doubles), and the longest. ``Retry-After`` wins, up to the longest pause."""

    timeout: timedelta = timedelta(seconds=30)
    attempts: int = 5
    pause: float = 1.0
    longest_pause: float = 60.0


class VendorApi:
    """One account. ``requests`` counts what went out, attempts included. Every call raises
    PullError, whose text holds no address, no token and nothing of the answer."""

    def __init__(
        self,
        vendor: str,
        url: str,
        token: Token,
        permit: Permit,
        *,
        patience: Patience | None = None,
        carry: Callable[[str], Mapping[str, str]] = bearer,
        refusal: Refusal = usual_refusal,
    ) -> None:
        logging.getLogger("urllib3").setLevel(logging.INFO)  # at DEBUG it tells whole addresses
        patience = patience or Patience()
        self._vendor, self._refusal = vendor, refusal
        self._acting: list[VendorApi] = []
        self._other = partial(
            VendorApi, vendor, url, permit=permit, patience=patience, carry=carry, refusal=refusal
        )
        self._adapter = _Adapter(token, permit, carry, refusal)
        session = Client(
            request_timeout=patience.timeout,
            raise_for_status=False,
            request_max_attempts=patience.attempts,
            request_backoff_factor=patience.pause,
            request_max_retry_delay=patience.longest_pause,
        ).session
        session.mount(url, self._adapter)  # nothing else is called with our token
        session.trust_env = False  # a .netrc must not replace the token
        self._client = RESTClient(url, session=session)

    @property
    def requests(self) -> int:
        """How many requests went out, those with other tokens included."""
        return self._adapter.sent + sum(each.requests for each in self._acting)

    def token(self) -> str:
        """The token that goes with each request."""
        return self._adapter.token()

    def acting(self, token: str) -> VendorApi:
        """The same vendor, asked with a token that it gave us for a part of the account."""
        other = self._other(_Given(token))
        self._acting.append(other)
        return other

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> Object:
        """The JSON object that a path answers with."""
        return next(self.pages(path, params=params)).body

    def post(self, path: str, json: Mapping[str, Any]) -> Object:
        """The JSON object of the answer to this one."""
        return next(self.pages(path, method="POST", json=json)).body

    def pages(
        self,
        path: str,
        *,
        method: Any = "GET",
        params: Mapping[str, Any] | None = None,
        json: Mapping[str, Any] | None = None,
        paginator: BasePaginator | None = None,
    ) -> Iterator[Answer]:
        """The answers to a request and to those for its next pages."""
        with self._told():
            for page in self._client.paginate(
                path,
                method=method,
                params=dict(params or {}),
                json=dict(json) if json is not None else None,
                paginator=paginator or SinglePagePaginator(),
                data_selector="$",
            ):
                body = page.response.json()
                if not isinstance(body, dict):
                    raise PullAnswerError(f"{self._vendor} answered with something else.")
                yield Answer(self._vendor, body)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Turn what the libraries raise into our errors: theirs name whole addresses."""
        try:
            yield
        except RequestException as error:
            raise self._failure(error) from None
        except ValueError:  # no JSON, or none that a page can be found in
            raise PullAnswerError(f"{self._vendor}'s answer cannot be read.") from None

    def _failure(self, error: RequestException) -> PullError:
        if error.response is None:
            if isinstance(error, ValueError):  # requests' own JSONDecodeError
                return PullAnswerError(f"{self._vendor}'s answer is no JSON.")
            name = type(error).__name__
            return PullUnreachableError(f"{self._vendor} gave no answer: {name}.")
        status = error.response.status_code
        text = f"{self._vendor} answered with status {status}."
        meant = self._refusal(status, error.response.text)
        if status == _TOO_MANY or meant == "limit":
            return PullLimitedError(text)
        if status in (_UNAUTHORISED, _FORBIDDEN) or meant == "credentials":
            return PullCredentialsError(text)
        return PullVendorError(text) if status >= 500 else PullRefusedError(text)


@dataclass(frozen=True, slots=True)
class _Given:
    """A token for which there is no other one."""

    value: str = field(repr=False)

    def token(self) -> str:
        return self.value

    def renew(self, _refused: str) -> None:
        return None


@dataclass(frozen=True, slots=True)
class Answer:
    """The JSON object of one answer."""

    vendor: str
    body: Object

    def objects(self, name: str) -> list[Object]:
        """The objects in the list under ``name``. Raises PullAnswerError when there is no such
        list: an answer of another form must not look like one without objects."""
        found = self.body.get(name)
        if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
            raise PullAnswerError(f"{self.vendor}'s answer has no list of objects in `{name}`.")
        return found


@cache
def _tls() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


class _Adapter(HTTPAdapter):
    """Every attempt takes a permit and carries the token; one that is refused is renewed once."""

    def __init__(
        self,
        token: Token,
        permit: Permit,
        carry: Callable[[str], Mapping[str, str]],
        refusal: Refusal,
    ) -> None:
        self._token, self._permit, self._carry, self._refusal = token, permit, carry, refusal
        self.sent = 0
        super().__init__()

    def token(self) -> str:
        """What is sent now."""
        return self._token.token()

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        """TLS 1.2 or newer, verified."""
        super().init_poolmanager(*arguments, ssl_context=_tls(), **options)

    def send(self, request: PreparedRequest, **options: Any) -> Response:  # type: ignore[override]
        """See HTTPAdapter."""
        token = self._token.token()
        answer = self._once(request, token, options)
        if self._is_refused(answer) and (renewed := self._token.renew(token)):
            return self._once(request, renewed, options)
        return answer

    def _is_refused(self, answer: Response) -> bool:
        status = answer.status_code
        if status == _UNAUTHORISED:
            return True
        return 400 <= status < 500 and self._refusal(status, answer.text) == "credentials"

    def _once(self, request: PreparedRequest, token: str, options: Mapping[str, Any]) -> Response:
        request.headers.update(self._carry(token))
        with self._permit(urlsplit(request.url or "").path):
            self.sent += 1
            answer = super().send(request, **options)
            answer.content  # noqa: B018  read while the permit lasts: only now the answer is there
        return answer
