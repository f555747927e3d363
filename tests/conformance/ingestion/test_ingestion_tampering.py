"""Whatever is changed about a signed request, and whatever else comes: nothing unproven passes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from signature_schemes import NOW, SCHEMES, WITH_BODY, WITH_SIGNATURE, Scheme

from ingestion.errors import SignatureError, UnavailableError
from ingestion.signatures import SignedRequest

NAMES = sorted({name for scheme in SCHEMES for name, _ in scheme.sign(b"{}").headers})
VALUES = st.one_of(
    st.text(),
    st.from_regex(r"\A(sha256=|sha1=|sha512=|v0=|v1,|v1a,|t=1,v1=)?[A-Za-z0-9+/=, ]{0,90}\Z"),
    st.from_regex(r"\At=[0-9]{1,12}(,v1=[0-9a-f]{0,64}){0,3}\Z"),
    st.sampled_from(["v1", "v2", "v3", "SUCCESS"]),
    st.just(str(int(NOW.timestamp()))),
    st.just(str(int(NOW.timestamp() * 1000))),
)
MESSAGES = st.builds(
    lambda scheme, body, seed: scheme.body_of(body, seed),
    st.sampled_from(SCHEMES),
    st.binary(max_size=50),
    st.text(max_size=3),
)
BODIES = st.one_of(
    st.binary(), st.text().map(lambda text: text.encode("utf-8", "replace")), MESSAGES
)

schemes = pytest.mark.parametrize("scheme", SCHEMES, ids=lambda scheme: scheme.name)
covering = pytest.mark.parametrize("scheme", WITH_BODY, ids=lambda scheme: scheme.name)
with_signature = pytest.mark.parametrize("scheme", WITH_SIGNATURE, ids=lambda scheme: scheme.name)


@schemes
@given(
    method=st.text(max_size=5),
    url=st.text(),
    headers=st.lists(st.tuples(st.sampled_from(NAMES), VALUES)),
    body=BODIES,
    secrets=st.lists(st.text(), max_size=3),
)
@settings(max_examples=60, deadline=None)
def test_strangers(
    scheme: Scheme,
    method: str,
    url: str,
    headers: list[tuple[str, str]],
    body: bytes,
    secrets: list[str],
) -> None:
    """Nothing that nobody signed is taken, and nothing undocumented is raised about it."""
    request = SignedRequest(method, url, headers, body)
    for known in (secrets, [*secrets, scheme.secret_of("never used to sign")]):
        with pytest.raises((SignatureError, UnavailableError)):
            scheme.verifier.verify(request, known, NOW)


@covering
@given(body=st.binary(min_size=1, max_size=200), data=st.data())
@settings(max_examples=40, deadline=None)
def test_one_byte(scheme: Scheme, body: bytes, data: st.DataObject) -> None:
    """One changed byte of the body breaks the signature."""
    place = data.draw(st.integers(0, len(body) - 1))
    changed = bytearray(body)
    changed[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(SignatureError):
        scheme.verify(replace(scheme.sign(body), body=bytes(changed)))


@with_signature
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_one_header(scheme: Scheme, data: st.DataObject) -> None:
    """No other value of the signature's header is taken; only its spelling may differ."""
    request = scheme.sign(b"{}")
    name = scheme.signature_header or ""
    good = dict(request.headers)[name]
    place = data.draw(st.integers(0, len(good) - 1))
    other = data.draw(st.characters(min_codepoint=33, max_codepoint=126))
    changed = good[:place] + other + good[place + 1 :]
    headers = [(key, changed if key == name else value) for key, value in request.headers]
    if _same_signature(good, changed):
        return
    with pytest.raises(SignatureError):
        scheme.verify(replace(request, headers=headers))


def _same_signature(good: str, changed: str) -> bool:
    """Whether hexadecimal digits changed their case only, or bits that base64 does not use."""
    return good.lower() == changed.lower() or good.rstrip("=")[:-1] == changed.rstrip("=")[:-1]
