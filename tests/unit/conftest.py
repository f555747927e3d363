"""Unit tests see no settings but their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True, scope="module")
def own_warehouse() -> Iterator[None]:
    """Tests of the models, which may run in the same process, keep theirs in the environment."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MILLRACE_WAREHOUSE", raising=False)
        yield
