"""Every signature scheme passes the same cases; a new one only adds its ``Scheme``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest

from ingestion.errors import (
    SecretMissingError,
    SignatureError,
    SignatureInvalidError,
    SignatureMalformedError,
    SignatureMissingError,
    TimestampFutureError,
    TimestampMalformedError,
    TimestampStaleError,
)
from ingestion.sandbox.webhooks import sign_body, standard_secret
from ingestion.signatures import (
    HubSpotVerifier,
    SignedRequest,
    StandardWebhooksVerifier,
    TypeformVerifier,
    Verifier,
)

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
HOST = "https://leads.example.com"


@dataclass(frozen=True, slots=True)
class Scheme:
    """A scheme under test; ``timestamp_header`` is None where nothing is dated."""

    name: str
    verifier: Verifier
    secret_of: Callable[[str], str]
    signature_header: str
    timestamp_header: str | None = None

    def sign(self, body: bytes, seed: str = "one", at: datetime = NOW) -> SignedRequest:
        """The request as the vendor would send it."""
        signed = sign_body(
            self.name,
            body,
            secret=self.secret_of(seed),
            sent_at=at,
            public_url=HOST,
            event_id="msg_1",
        )
        return SignedRequest("POST", HOST + signed.path, list(signed.headers.items()), body)

    def verify(self, request: SignedRequest, *seeds: str, now: datetime = NOW) -> None:
        """Verify with the secrets of these seeds."""
        secrets = [self.secret_of(seed) for seed in seeds or ("one",)]
        self.verifier.verify(request, secrets, now)


SCHEMES = [
    Scheme("typeform", TypeformVerifier(), str, "typeform-signature"),
    Scheme(
        "hubspot",
        HubSpotVerifier(),
        str,
        "x-hubspot-signature-v3",
        "x-hubspot-request-timestamp",
    ),
    Scheme(
        "standard",
        StandardWebhooksVerifier(),
        standard_secret,
        "webhook-signature",
        "webhook-timestamp",
    ),
]
DATED = [scheme for scheme in SCHEMES if scheme.timestamp_header]


def with_header(request: SignedRequest, name: str, value: str | None) -> SignedRequest:
    """The request with a header replaced, or removed by None."""
    kept = [pair for pair in request.headers if pair[0] != name]
    return replace(request, headers=kept if value is None else [*kept, (name, value)])


@pytest.fixture(params=SCHEMES, ids=lambda scheme: scheme.name)
def scheme(request: pytest.FixtureRequest) -> Scheme:
    return request.param


@pytest.fixture(params=DATED, ids=lambda scheme: scheme.name)
def dated(request: pytest.FixtureRequest) -> Scheme:
    return request.param


@pytest.mark.parametrize(
    "body",
    [b'{"a":1}', b"", "Zoë 🦊 — café".encode(), b"\xff\x00\xfe", b"x" * 5_000_000],
    ids=["json", "empty", "non-ascii", "binary", "large"],
)
def test_good(scheme: Scheme, body: bytes) -> None:
    """A request signed with the secret is taken, whatever bytes it carries."""
    scheme.verify(scheme.sign(body))


def test_bad_secret(scheme: Scheme) -> None:
    """A request signed with another secret is refused."""
    with pytest.raises(SignatureInvalidError):
        scheme.verify(scheme.sign(b"{}", seed="other"))


@pytest.mark.parametrize("changed", [b"{} ", b"", b'{"a":2}'])
def test_changed_body(scheme: Scheme, changed: bytes) -> None:
    """A body that is not the signed one is refused, even by a space."""
    with pytest.raises(SignatureInvalidError):
        scheme.verify(replace(scheme.sign(b"{}"), body=changed))


def test_rotation(scheme: Scheme) -> None:
    """While a secret is being replaced, the old and the new one are both good."""
    for seed in ("old", "new"):
        scheme.verify(scheme.sign(b"{}", seed), "old", "new")


@pytest.mark.parametrize("secrets", [[], [""], ["  "]])
def test_no_secret(scheme: Scheme, secrets: list[str]) -> None:
    """Without a secret nothing is proven: a blank one is not a key."""
    with pytest.raises(SecretMissingError):
        scheme.verifier.verify(scheme.sign(b"{}"), secrets, NOW)


@pytest.mark.parametrize("value", [None, "", "  "])
def test_missing_signature(scheme: Scheme, value: str | None) -> None:
    """Without its signature header a request is refused."""
    with pytest.raises(SignatureMissingError):
        scheme.verify(with_header(scheme.sign(b"{}"), scheme.signature_header, value))


@pytest.mark.parametrize("value", ["x", "sha256=", "v1", "v1,", "é", "=", "v1,é", "a b c", "%"])
def test_malformed_signature(scheme: Scheme, value: str) -> None:
    """A signature that cannot be read is refused, and never crashes."""
    with pytest.raises(SignatureError):
        scheme.verify(with_header(scheme.sign(b"{}"), scheme.signature_header, value))


def test_duplicate_signature(scheme: Scheme) -> None:
    """A signature header that came twice is refused, even when one of the two is good."""
    request = scheme.sign(b"{}")
    other = (scheme.signature_header, "sha256=AAAA")
    for headers in ([*request.headers, other], [other, *request.headers]):
        with pytest.raises(SignatureMalformedError):
            scheme.verify(replace(request, headers=headers))


def test_missing_timestamp(dated: Scheme) -> None:
    """Without its timestamp a dated request is refused."""
    with pytest.raises(SignatureMissingError):
        dated.verify(with_header(dated.sign(b"{}"), dated.timestamp_header or "", None))


@pytest.mark.parametrize("value", ["x", "-1", "1.5", "1e9", "0x10", "9" * 40, "+1", "1_000"])
def test_malformed_timestamp(dated: Scheme, value: str) -> None:
    """A timestamp that is not a plain whole number is refused by its own code."""
    with pytest.raises(TimestampMalformedError):
        dated.verify(with_header(dated.sign(b"{}"), dated.timestamp_header or "", value))


def test_changed_timestamp(dated: Scheme) -> None:
    """A timestamp moved within the tolerance breaks the signature."""
    later = dict(dated.sign(b"{}", at=NOW + timedelta(seconds=60)).headers)
    name = dated.timestamp_header or ""
    with pytest.raises(SignatureInvalidError):
        dated.verify(with_header(dated.sign(b"{}"), name, later[name]))


@pytest.mark.parametrize("seconds", [-300, -299, 0, 299, 300])
def test_within_tolerance(dated: Scheme, seconds: int) -> None:
    """Up to five minutes of difference between the clocks are taken, either way."""
    dated.verify(dated.sign(b"{}", at=NOW + timedelta(seconds=seconds)))


def test_stale(dated: Scheme) -> None:
    """A request signed more than five minutes ago is refused: it may be a replay."""
    with pytest.raises(TimestampStaleError):
        dated.verify(dated.sign(b"{}", at=NOW - timedelta(seconds=301)))


def test_future(dated: Scheme) -> None:
    """A request from more than five minutes ahead is refused: it would stay valid for longer."""
    with pytest.raises(TimestampFutureError):
        dated.verify(dated.sign(b"{}", at=NOW + timedelta(seconds=301)))


def test_other_tolerance(dated: Scheme) -> None:
    """The tolerance is a setting."""
    request = dated.sign(b"{}", at=NOW - timedelta(seconds=11))
    secrets = [dated.secret_of("one")]
    with pytest.raises(TimestampStaleError):
        dated.verifier.tolerating(timedelta(seconds=10)).verify(request, secrets, NOW)


def test_duplicate_timestamp(dated: Scheme) -> None:
    """A timestamp that came twice is refused."""
    request = dated.sign(b"{}")
    name = dated.timestamp_header or ""
    twice = [*request.headers, (name, dict(request.headers)[name])]
    with pytest.raises(SignatureMalformedError):
        dated.verify(replace(request, headers=twice))
