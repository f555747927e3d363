"""Typeform responses, as Typeform's webhook sends them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

FORM_ID = "mR9vQ2xk"

# The question's field type, by the type of its answer.
_FIELD_TYPES: Mapping[str, str] = {
    "email": "email",
    "phone_number": "phone_number",
    "boolean": "yes_no",
    "choice": "multiple_choice",
    "number": "number",
    "text": "short_text",
}

# The type of the answer to each question of the sandbox's form; text where nothing is said.
_ANSWER_TYPES: Mapping[str, str] = {
    "email": "email",
    "phone": "phone_number",
    "employees": "choice",
    "budget": "choice",
    "consent_advertising": "boolean",
    "consent_email": "boolean",
}


def typeform_answer(ref: str, value: Any, *, answer_type: str | None = None) -> dict[str, Any]:
    """One answer to the question ``ref``; ``answer_type`` as Typeform names it, else by ``ref``."""
    kind = answer_type or _ANSWER_TYPES.get(ref, "text")
    field = {"id": _field_id(ref), "type": _FIELD_TYPES.get(kind, kind), "ref": ref}
    return {"type": kind, kind: {"label": value} if kind == "choice" else value, "field": field}


def typeform_answers(**values: Any) -> list[dict[str, Any]]:
    """An answer for each question; None is a question left out."""
    return [typeform_answer(ref, value) for ref, value in values.items() if value is not None]


def typeform_body(
    answers: Iterable[Mapping[str, Any]],
    submitted_at: datetime,
    *,
    event_id: str,
    hidden: Mapping[str, str] | None = None,
    landed_at: datetime | None = None,
    token: str | None = None,
    form_id: str = FORM_ID,
) -> dict[str, Any]:
    """The document of one response. Times are UTC; Typeform sends whole seconds."""
    listed = [dict(answer) for answer in answers]
    return {
        "event_id": event_id,
        "event_type": "form_response",
        "form_response": {
            "form_id": form_id,
            "token": token or hashlib.sha256(event_id.encode()).hexdigest()[:32],
            "landed_at": _instant(landed_at or submitted_at),
            "submitted_at": _instant(submitted_at),
            "hidden": dict(hidden or {}),
            "definition": _definition(form_id, listed),
            "answers": listed,
        },
    }


def _definition(form_id: str, answers: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    fields = [{**answer["field"], "title": answer["field"]["ref"]} for answer in answers]
    return {"id": form_id, "title": "Talk to us", "fields": fields}


def _field_id(ref: str) -> str:
    return hashlib.sha256(ref.encode()).hexdigest()[:12]


def _instant(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
