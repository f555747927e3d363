"""What names in the environment say: which source a secret is of, and which setting was meant where
a name misses it by a letter or two, so that nothing reads it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Final

from pydantic import BaseModel

_ALIKE: Final = 0.94  # a slip of the pen; names of other programs differ by more


def by_source(prefix: str, environ: Mapping[str, str | None]) -> dict[str, tuple[str, ...]]:
    """`<prefix><SOURCE>` → {source: the words between commas}."""
    return {
        name.removeprefix(prefix).lower(): tuple(
            word.strip() for word in value.split(",") if word.strip()
        )
        for name, value in environ.items()
        if name.startswith(prefix) and value
    }


def misspelt(names: Iterable[str], model: type[BaseModel], prefix: str) -> dict[str, str]:
    """Name → the setting of `model` that was meant."""
    known = sorted(_names(model, prefix))
    found = {}
    for name in sorted(set(names) - set(known)):
        if name.startswith(prefix) and (meant := get_close_matches(name, known, 1, _ALIKE)):
            found[name] = meant[0]
    return found


def _names(model: type[BaseModel], prefix: str) -> Iterator[str]:
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from _names(kind, f"{prefix}{name.upper()}_")
        else:
            yield f"{prefix}{name.upper()}"
