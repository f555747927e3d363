"""Stands in for dbt's ``adapter`` when sqlfluff renders the models.

An engine macro renders as a plain function call, so that the linter checks the analyst's SQL and
not what one engine makes of it.
"""

from collections.abc import Callable


def dispatch(macro_name: str, _package: str = "") -> Callable[..., str]:
    """A callable that renders ``macro_name(arguments)``."""

    def render(*arguments: object, **named: object) -> str:
        rendered = (_literal(argument) for argument in (*arguments, *named.values()))
        return f"{macro_name}({', '.join(rendered)})"

    return render


def _literal(argument: object) -> str:
    if isinstance(argument, list | tuple):
        return ", ".join(map(_literal, argument))
    text = str(argument)
    return f"'{text}'" if not text or text.startswith("$") else text
