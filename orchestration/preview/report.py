"""A preview told to programs and to people: the same sections, as tables or as markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from orchestration.preview.limits import Passed, figures
from orchestration.preview.outcome import SAMPLE, Report

NOTHING: Final = "Nothing changes: no row of any model, nobody's score, no delivery."
_CELLS: Final = 5


@dataclass(frozen=True, slots=True)
class Section:
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[object, ...], ...]


def as_dict(report: Report, above: Sequence[Passed]) -> dict[str, Any]:
    """For programs: the figures that can be limited, which of them are above, and all else."""
    told = asdict(report)
    return {"figures": figures(report), "above": [asdict(each) for each in above], **told}


def summary(report: Report) -> str:
    """One or two sentences: what matters most, in figures."""
    if is_empty(report):
        return NOTHING
    told = figures(report)
    parts = [
        f"{told[name]:,.0f} {words}"
        for name, words in (
            ("people_merged", "people merged"),
            ("people_split", "people split off"),
            ("scores_changed", "scores changed"),
            ("rules_broken", "rules broken by rows"),
            ("mqls_gained", "MQLs gained"),
            ("mqls_lost", "MQLs lost"),
            ("owners_changed", "owners changed"),
            ("consents_gained", "consents gained"),
            ("consents_lost", "consents lost"),
            ("deliveries", "deliveries would follow"),
            ("cancelled", "deliveries cancelled"),
        )
        if told[name]
    ]
    rows = f"{told['rows_changed']:,.0f} rows of {told['models_changed']:,.0f} models change"
    return f"{'; '.join([*parts, rows])}."


def is_empty(report: Report) -> bool:
    return not any(figures(report).values())


def scope(report: Report) -> str:
    """What was compared with what."""
    built = report.built
    how = f"all {built.of} were built: {built.reason}" if built.reason else (
        f"{len(built.models)} of {built.of} were built"
    )  # fmt: skip
    number = report.newer_decisions
    newer = f" and {number:,} decisions made since" if number else ""
    return (
        f"Compared with what was published on {report.published_at:%Y-%m-%d %H:%M} UTC (events up"
        f" to position {report.log_position:,}{newer}). Of the models and seeds {how}."
    )


def sections(report: Report) -> list[Section]:
    """Those that have something to tell."""
    made = (
        Section("Rules that rows break", ("test",), tuple((each,) for each in report.built.warned)),
        Section("Identity", ("what", "person", "others"), tuple(_identity(report))),
        Section("Scores", ("what", "people", "sample"), tuple(_scores(report))),
        Section("MQLs", ("what", "people", "sample"), tuple(_mqls(report))),
        Section("Owners", ("from", "to", "people"), tuple(_owners(report))),
        Section("Consent", ("purpose", "what", "people", "sample"), tuple(_consents(report))),
        Section(
            "Attribution",
            ("model", "channel", "currency", "credit", "credit after", "value", "value after"),
            tuple(_attribution(report)),
        ),
        Section(
            "Deliveries that would follow",
            ("effect", "new", "superseding", "cancelled", "kept back", "requests", "minutes"),
            tuple(_deliveries(report)),
        ),
        Section(
            "Models whose rows change",
            ("model", "added", "removed", "changed", "columns (rows in which they differ)"),
            tuple(_models(report)),
        ),
    )
    return [section for section in made if section.rows]


def markdown(report: Report, above: Sequence[Passed]) -> str:
    """Fit for a comment on a pull request: the summary first, all else folded."""
    verdict = [f"**Above the limit:** {each}." for each in above]
    head = ["### Preview of this change", *verdict, summary(report), scope(report)]
    return "\n\n".join([*head, *map(_folded, sections(report))]) + "\n"


def _folded(section: Section) -> str:
    lines = [section.columns, ("---",) * len(section.columns), *section.rows]
    table = "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)
    return f"<details><summary>{section.title}</summary>\n\n{table}\n\n</details>"


def _cell(value: object) -> str:
    return "" if value is None else str(value).replace("|", "\\|")


def _identity(report: Report) -> Iterator[tuple[object, ...]]:
    told = report.identity
    if told.people_before != told.people_after:
        yield "people", f"{told.people_before:,} → {told.people_after:,}", ""
    for what, joined in (("merged", told.merged_sample), ("split", told.split_sample)):
        yield from ((what, each.person_id, _some(each.others)) for each in joined)


def _scores(report: Report) -> Iterator[tuple[object, ...]]:
    told = report.scores
    if told.changed:
        least, tenth, median, ninetieth, most = told.spread
        if told.up:
            yield "up", told.up, f"most {most:+}"
        if told.down:
            yield "down", told.down, f"most {least:+}"
        spread = f"median {median:+}, 10 % at most {tenth:+}, 90 % at most {ninetieth:+}"
        yield "up or down", told.changed, spread
        yield from ((name, number, "") for name, number in told.buckets.items() if number)
    if told.above:
        yield "now above the threshold", told.above, _some(told.above_sample)
    if told.below:
        yield "now below the threshold", told.below, _some(told.below_sample)


def _mqls(report: Report) -> Iterator[tuple[object, ...]]:
    told = report.mqls
    for what, mqls in (("gained", told.gained), ("lost", told.lost)):
        if mqls:
            yield what, len(mqls), _some([mql.person_id for mql in mqls])


def _owners(report: Report) -> Iterator[tuple[object, ...]]:
    for owner in report.owners:
        yield owner.before or "nobody", owner.after or "nobody", owner.people


def _consents(report: Report) -> Iterator[tuple[object, ...]]:
    for told in report.consents:
        if told.gained:
            yield told.purpose, "may be contacted now", told.gained, _some(told.gained_sample)
        if told.lost:
            yield told.purpose, "may not any more", told.lost, _some(told.lost_sample)


def _attribution(report: Report) -> Iterator[tuple[object, ...]]:
    for told in report.attribution:
        yield (
            told.model, told.channel, told.currency, round(told.credit_before, 4),
            round(told.credit_after, 4), told.value_before, told.value_after,
        )  # fmt: skip


def _deliveries(report: Report) -> Iterator[tuple[object, ...]]:
    for told in report.deliveries:
        yield (
            f"{told.destination} {told.action}", told.new, told.superseding, told.cancelled,
            told.kept_back, "no credentials" if told.requests is None else told.requests,
            told.minutes,
        )  # fmt: skip


def _models(report: Report) -> Iterator[tuple[object, ...]]:
    for told in sorted(report.models, key=lambda model: (-model.rows, model.model)):
        cells = sorted(told.cells.items(), key=lambda cell: (-cell[1], cell[0]))
        columns = [f"{name} ({number:,})" for name, number in cells[:_CELLS]]
        columns += [f"… {len(cells) - _CELLS} more"] if len(cells) > _CELLS else []
        columns += [f"+{name}" for name in told.columns_added]
        columns += [f"-{name}" for name in told.columns_removed]
        yield told.model, told.added, told.removed, told.changed, ", ".join(columns)


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:SAMPLE])
