"""Every signature scheme passes the same cases; a new one only adds its ``Scheme``."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from signature_schemes import (
    DATED,
    NOW,
    SCHEMES,
    WITH_BODY,
    WITH_SIGNATURE,
    Scheme,
    with_header,
)

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
from ingestion.webhooks import SOURCES

BODIES = {
    "json": b'{"a":1}',
    "empty": b"",
    "non-ascii": "Zoë 🦊 — café".encode(),
    "binary": b"\xff\x00\xfe",
    "huge": b"x" * 1024 * 1024,
}


@pytest.fixture(params=SCHEMES, ids=lambda scheme: scheme.name)
def scheme(request: pytest.FixtureRequest) -> Scheme:
    return request.param


@pytest.fixture(params=WITH_SIGNATURE, ids=lambda scheme: scheme.name)
def signed(request: pytest.FixtureRequest) -> Scheme:
    return request.param


@pytest.fixture(params=WITH_BODY, ids=lambda scheme: scheme.name)
def covering(request: pytest.FixtureRequest) -> Scheme:
    return request.param


@pytest.fixture(params=DATED, ids=lambda scheme: scheme.name)
def dated(request: pytest.FixtureRequest) -> Scheme:
    return request.param


def test_every_source_is_here() -> None:
    """No source is without a scheme under test."""
    assert set(SOURCES) <= {scheme.source for scheme in SCHEMES}


def test_sources_verify(scheme: Scheme) -> None:
    """A source's verifier is one of those under test, and names the header it reads."""
    source = SOURCES.get(scheme.source)
    if source is None:  # by configuration only
        return
    assert source.verifier in [each.verifier for each in SCHEMES]
    assert scheme.signature_header is None or scheme.signature_header in source.signed_by


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_good(scheme: Scheme, body: bytes) -> None:
    """A request signed with the secret is taken, whatever bytes it carries."""
    scheme.verify(scheme.sign(body))


def test_bad_secret(scheme: Scheme) -> None:
    """A request signed with another secret is refused."""
    with pytest.raises(SignatureInvalidError):
        scheme.verify(scheme.sign(b"{}", seed="other"))


@pytest.mark.parametrize("changed", [b"{} ", b"", b'{"a":2}', b"[{}]"])
def test_changed_body(covering: Scheme, changed: bytes) -> None:
    """A body that is not the signed one is refused, even by a space."""
    with pytest.raises(SignatureInvalidError):
        covering.verify(replace(covering.sign(b'{"a":1}'), body=changed))


def test_rotation(scheme: Scheme) -> None:
    """While a secret is being replaced, the old and the new one are both good, others are not."""
    for seed in ("old", "new"):
        scheme.verify(scheme.sign(b"{}", seed), "old", "new")
    with pytest.raises(SignatureInvalidError):
        scheme.verify(scheme.sign(b"{}", "older"), "old", "new")


@pytest.mark.parametrize("secrets", [[], [""], ["  "]])
def test_no_secret(scheme: Scheme, secrets: list[str]) -> None:
    """Without a secret nothing is proven: a blank one is not a key."""
    with pytest.raises(SecretMissingError):
        scheme.verifier.verify(scheme.sign(b"{}"), secrets, NOW)


def test_blank_secret_beside_a_good_one(scheme: Scheme) -> None:
    """A blank secret beside a good one neither helps nor hurts; spaces around one do not count."""
    secrets = ["", f" {scheme.secret_of('one')}\n"]
    scheme.verifier.verify(scheme.sign(b"{}"), secrets, NOW)
    with pytest.raises(SignatureInvalidError):
        scheme.verifier.verify(scheme.sign(b"{}", seed="other"), secrets, NOW)


@pytest.mark.parametrize("value", [None, "", "  "])
def test_missing_signature(signed: Scheme, value: str | None) -> None:
    """Without its signature header a request is refused."""
    with pytest.raises(SignatureMissingError):
        signed.verify(with_header(signed.sign(b"{}"), signed.signature_header or "", value))


MALFORMED = [
    "x",
    "sha256=",
    "v1",
    "v1,",
    "é",
    "=",
    "v1,é",
    "a b c",
    "%",
    "t=1",
    "v1=00",
    "0" * 9999,
]


@pytest.mark.parametrize("value", MALFORMED)
def test_malformed_signature(signed: Scheme, value: str) -> None:
    """A signature that cannot be read is refused, and never crashes."""
    with pytest.raises(SignatureError):
        signed.verify(with_header(signed.sign(b"{}"), signed.signature_header or "", value))


def test_cut_signature(signed: Scheme) -> None:
    """The beginning of the right signature is not the right signature."""
    request = signed.sign(b"{}")
    name = signed.signature_header or ""
    whole = dict(request.headers)[name]
    for cut in (4, 8, 16):
        with pytest.raises(SignatureError):
            signed.verify(with_header(request, name, whole[:-cut]))


def test_other_start(signed: Scheme) -> None:
    """What stands before a signature is part of the scheme: another start is refused."""
    request = signed.sign(b"{}")
    name = signed.signature_header or ""
    with pytest.raises(SignatureError):
        signed.verify(with_header(request, name, "z" + dict(request.headers)[name][1:]))


def test_duplicate_signature(signed: Scheme) -> None:
    """A signature header that came twice is refused, even when one of the two is good."""
    request = signed.sign(b"{}")
    name = signed.signature_header or ""
    for value in ("sha256=AAAA", dict(request.headers)[name]):
        for headers in ([*request.headers, (name, value)], [(name, value), *request.headers]):
            with pytest.raises(SignatureMalformedError):
                signed.verify(replace(request, headers=headers))


def test_missing_timestamp(dated: Scheme) -> None:
    """Without its timestamp a dated request is refused."""
    assert dated.time
    with pytest.raises((SignatureMissingError, SignatureMalformedError)):
        dated.verify(dated.time.write(dated.sign(b"{}"), None))


@pytest.mark.parametrize("value", ["x", "-1", "1.5", "1e9", "0x10", "9" * 40, "+1", "1_000"])
def test_malformed_timestamp(dated: Scheme, value: str) -> None:
    """A timestamp that is not a plain whole number is refused by its own code."""
    assert dated.time
    with pytest.raises(TimestampMalformedError):
        dated.verify(dated.time.write(dated.sign(b"{}"), value))


def test_changed_timestamp(dated: Scheme) -> None:
    """A timestamp moved within the tolerance breaks the signature."""
    assert dated.time
    later = dated.time.read(dated.sign(b"{}", at=NOW + timedelta(seconds=60)))
    with pytest.raises(SignatureInvalidError):
        dated.verify(dated.time.write(dated.sign(b"{}"), later))


@pytest.mark.parametrize("share", [-1, -0.9, 0, 0.9, 1])
def test_within_tolerance(dated: Scheme, share: float) -> None:
    """The clocks may differ by the whole tolerance, either way."""
    dated.verify(dated.sign(b"{}", at=NOW + share * dated.tolerance))


def test_stale(dated: Scheme) -> None:
    """A request signed longer ago than the tolerance is refused: it may be a replay."""
    with pytest.raises(TimestampStaleError):
        dated.verify(dated.sign(b"{}", at=NOW - dated.tolerance - timedelta(seconds=1)))


def test_future(dated: Scheme) -> None:
    """A request from further ahead than the tolerance is refused: it would stay valid longer."""
    with pytest.raises(TimestampFutureError):
        dated.verify(dated.sign(b"{}", at=NOW + dated.tolerance + timedelta(seconds=1)))


def test_other_tolerance(dated: Scheme) -> None:
    """The tolerance is a setting, and changes nothing else."""
    request = dated.sign(b"{}", at=NOW - timedelta(seconds=11))
    secrets = [dated.secret_of("one")]
    dated.verifier.tolerating(timedelta(seconds=11)).verify(request, secrets, NOW)
    with pytest.raises(TimestampStaleError):
        dated.verifier.tolerating(timedelta(seconds=10)).verify(request, secrets, NOW)


def test_duplicate_timestamp(dated: Scheme) -> None:
    """A timestamp that came twice is refused."""
    assert dated.time
    with pytest.raises(SignatureMalformedError):
        dated.verify(dated.time.repeat(dated.sign(b"{}")))
