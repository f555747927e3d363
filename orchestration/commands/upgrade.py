"""`millrace upgrade`: after a new release, before it is started."""

from __future__ import annotations

from dataclasses import asdict

from orchestration.commands.output import JsonOption, out, print_json, reports_errors, steps
from orchestration.settings import load_settings


@reports_errors
def upgrade(as_json: JsonOption = False) -> None:
    """Bring event log, ledger and Dagster's storage to this release; repeat it at will.

    Make a backup first: no release takes a database back to an older schema. A database that a
    newer release made is refused, and nothing is changed.
    """
    from orchestration.upgrade import upgrade as bring

    done = asdict(bring(load_settings(), progress=steps(as_json)))
    if as_json:
        print_json({name: str(value) for name, value in done.items()})
    else:
        out.print(f"Ready for Millrace {done['millrace']} (ledger {done['ledger']}).")
