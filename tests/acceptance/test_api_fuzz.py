"""Whatever the OpenAPI document allows, and much that it forbids, sent to the whole gateway."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from support.api import ApiGateway

from ingestion.api.openapi import document
from ingestion.webhooks import SOURCES

Send = Callable[[Case], None]

PATHS = document()["paths"]
OPERATIONS = [(path, method) for path, operations in PATHS.items() for method in operations]
# Whatever stands in a path is a text: alone it cannot be wrong.
WITH_INPUT = [
    (path, method) for path, method in OPERATIONS if path.startswith(("/v1/events", "/webhooks"))
]

CHECKS = [
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]

# The same requests in every run.
BOUNDED = settings(
    max_examples=200,
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@dataclass(frozen=True, slots=True)
class Fuzzed:
    """A gateway, and a key for everything."""

    gateway: ApiGateway
    key: str


@pytest.fixture
def fuzzed(tmp_path: Path) -> Iterator[Fuzzed]:
    gateway = ApiGateway(
        f"sqlite:///{tmp_path}/events.db",
        secrets=dict.fromkeys(SOURCES, ("whsec_c2VjcmV0IG9mIGEgdGVzdA==",)),
        verify_tokens=dict.fromkeys(SOURCES, ("token",)),
    )
    yield Fuzzed(gateway, gateway.key("*:write", "*:read", rate=10_000_000))
    gateway.close()


@pytest.fixture
def described(fuzzed: Fuzzed) -> Any:
    return schemathesis.openapi.from_asgi("/openapi.json", fuzzed.gateway.app)


def fuzz(described: Any, operation: tuple[str, str], mode: GenerationMode, send: Send) -> None:
    """Send what fits an operation, or what does not."""
    path, method = operation
    cases = described[path][method].as_strategy(generation_mode=mode)

    @BOUNDED
    @given(case=cases, source=st.sampled_from([None, *SOURCES]))
    def sent(case: Case, source: str | None) -> None:
        if source is not None and "source" in case.path_parameters:
            case.path_parameters["source"] = source  # chance would hardly find one
        send(case)

    sent()


def check(case: Case, response: Any) -> None:
    """The answer is one that the document describes; it is no defect, and no loss of the log."""
    case.validate_response(response, checks=CHECKS)
    if response.status_code >= 500:
        assert response.json()["code"] == "SOURCE_NOT_CONFIGURED"


@pytest.mark.parametrize("operation", OPERATIONS, ids=" ".join)
def test_with_a_key(described, fuzzed, operation):
    """With a valid key, every answer is one that the document describes, and none is a defect."""

    def send(case: Case) -> None:
        check(case, case.call(headers={"Authorization": f"Bearer {fuzzed.key}"}))

    before = fuzzed.gateway.log.head()
    fuzz(described, operation, GenerationMode.POSITIVE, send)
    assert (fuzzed.gateway.log.head() > before) is (operation == ("/v1/events", "post"))


@pytest.mark.parametrize("operation", WITH_INPUT, ids=" ".join)
def test_bad_input(described, fuzzed, operation):
    """What the document does not allow is answered in the same way."""

    def send(case: Case) -> None:
        check(case, case.call(headers={"Authorization": f"Bearer {fuzzed.key}"}))

    fuzz(described, operation, GenerationMode.NEGATIVE, send)


@pytest.mark.parametrize("operation", OPERATIONS, ids=" ".join)
def test_without_a_key(described, fuzzed, operation):
    """Without a valid key or signature nothing is stored, and the API tells nothing."""
    before = fuzzed.gateway.log.head()

    def send(case: Case) -> None:
        response = case.call()
        check(case, response)
        if case.path.startswith("/v1/events"):
            assert response.status_code == 401

    fuzz(described, operation, GenerationMode.POSITIVE, send)
    assert fuzzed.gateway.log.head() == before
