"""The files to deploy by agree with the command line, the settings and each other."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from sqlalchemy.engine import make_url
from support.commandline import parse

import orchestration
from ingestion.api.database import make_tables
from ingestion.errors import LogUnavailableError
from ingestion.event_log import EventLog, NewEvent
from orchestration.settings import SECRET_PREFIX, Settings
from reverse_etl.testing import NOON

TOP = Path(next(iter(orchestration.__path__))).parent
DEPLOY = TOP / "orchestration" / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
CONTAINERFILE = (DEPLOY / "Containerfile").read_text()
HARDENING = {"NoNewPrivileges": "yes", "ProtectSystem": "strict", "ProtectHome": "yes",
             "CapabilityBoundingSet": "", "User": "millrace", "UMask": "0077"}  # fmt: skip


def unit(path: Path) -> dict[str, str]:
    """The last value of each key; the units repeat none that matters here but Environment."""
    lines = [line for line in path.read_text().splitlines() if "=" in line and line[0] != "#"]
    return dict(line.split("=", 1) for line in lines)


def of_compose() -> Iterator[tuple[str, list[str]]]:
    for name, service in COMPOSE["services"].items():
        if name != "postgres":
            [program] = service.get("entrypoint", ["millrace"])
            yield program, service["command"]
    check = COMPOSE["services"]["code"]["healthcheck"]["test"]
    yield check[1], check[2:]
    check = COMPOSE["services"]["daemon"]["healthcheck"]["test"]
    yield check[1], check[2:]


def of_units() -> Iterator[tuple[str, list[str]]]:
    for path in UNITS:
        program, *arguments = shlex.split(unit(path)["ExecStart"])
        yield Path(program).name, arguments


def of_containerfile() -> Iterator[tuple[str, list[str]]]:
    entry, command = (
        yaml.safe_load(re.search(rf"^{word} (\[.*\])$", CONTAINERFILE, re.MULTILINE)[1])  # type: ignore[index]
        for word in ("ENTRYPOINT", "CMD")
    )
    yield entry[0], command


@pytest.mark.parametrize(
    ("program", "arguments"), [*of_units(), *of_compose(), *of_containerfile()]
)
def test_every_command_line_is_understood(program: str, arguments: list[str]) -> None:
    """Each program takes the arguments that a unit or a container gives it."""
    files = [word for word in arguments if word.startswith("/opt/millrace/")]
    assert all((TOP / Path(word).relative_to("/opt/millrace")).exists() for word in files)
    here = [word.replace("/opt/millrace", str(TOP)) for word in arguments]
    parse(program, here)


def test_a_wrong_command_line_is_seen() -> None:
    """The check above can fail."""
    with pytest.raises(Exception, match="No such option"):
        parse("millrace", ["serve", "--prot", "8080"])


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_units_may_do_little(path: Path) -> None:
    """They run as a user of their own that can write its state only."""
    told = unit(path)
    assert HARDENING.items() <= told.items()
    assert "EnvironmentFile" in told
    if told["Type"] != "oneshot":
        assert {"Restart": "on-failure", "KillSignal": "SIGTERM"}.items() <= told.items()
        assert "TimeoutStopSec" in told


def test_units_name_each_other() -> None:
    """What a unit requires is there."""
    names = {path.name for path in UNITS}
    required = re.findall(r"\bmillrace[\w-]*\.service", "".join(map(Path.read_text, UNITS)))
    assert set(required) <= names


def test_systemd_understands_the_units() -> None:
    """It complains of nothing but that the programs are not installed here."""
    tool = shutil.which("systemd-analyze")
    if tool is None:
        pytest.skip("systemd-analyze is not installed")
    units = map(str, (DEPLOY / "systemd").iterdir())
    done = subprocess.run([tool, "verify", "--man=no", *units], capture_output=True, text=True)
    told = [line for line in done.stderr.splitlines() if "is not executable" not in line]
    assert [] == [line for line in told if "millrace" in line]


def test_ports_agree() -> None:
    """Proxies ask where the service listens, Dagster's processes where the code server does."""
    serve, code = (
        (DEPLOY / "systemd" / name).read_text()
        for name in ("millrace.service", "millrace-dagster-code.service")
    )
    assert "--host 127.0.0.1 --port 8080" in serve
    assert "reverse_proxy 127.0.0.1:8080" in (DEPLOY / "Caddyfile").read_text()
    assert "proxy_pass http://127.0.0.1:8080;" in (DEPLOY / "nginx.conf").read_text()
    for name, host in (("workspace.yaml", "127.0.0.1"), ("compose.workspace.yaml", "code")):
        [server] = yaml.safe_load((DEPLOY / name).read_text())["load_from"]
        assert (host, 4000) == (server["grpc_server"]["host"], server["grpc_server"]["port"])
    assert "--host 127.0.0.1 --port 4000" in code
    assert "4000" in COMPOSE["services"]["code"]["command"]


def test_nothing_is_published_but_on_loopback() -> None:
    """Whoever wants it outside puts TLS in front."""
    ports = [port for s in COMPOSE["services"].values() for port in s.get("ports", [])]
    assert 2 == len(ports)
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_compose_names_what_it_defines(monkeypatch: pytest.MonkeyPatch) -> None:
    """Services, volumes and secrets that are used are defined, and variables are settings."""
    services = COMPOSE["services"]
    for name, service in services.items():
        assert set(service.get("depends_on", {})) <= services.keys(), name
        assert set(service.get("secrets", [])) <= COMPOSE["secrets"].keys(), name
        named = {volume.partition(":")[0] for volume in service["volumes"]}
        assert {volume for volume in named if volume[0] != "."} <= COMPOSE["volumes"].keys(), name
        assert "healthcheck" in service or name == "service"  # which has the image's
    variables = COMPOSE["services"]["service"]["environment"]
    for variable, value in variables.items():
        secret = any(word in variable for word in ("SECRET", "TOKEN"))
        assert value.startswith("file:/run/secrets/") is secret, variable
        monkeypatch.setenv(variable, value)
    made = Settings(_env_file=None)  # type: ignore[call-arg]
    for name in (name for name in variables if not name.startswith(SECRET_PREFIX)):
        field, _, part = name.removeprefix("MILLRACE_").lower().partition("_")
        assert f"{field}_{part}".strip("_") in Settings.model_fields or part in vars(
            getattr(made, field)
        ), name
    assert "passfile=/run/secrets/pgpass" in made.log_url
    assert make_url(made.log_url).password is None


def test_compose_itself_reads_the_file() -> None:
    """By its own schema, where the program is installed; no engine is needed for that."""
    tool = shutil.which("docker")
    if tool is None or subprocess.run([tool, "compose", "version"], capture_output=True).returncode:
        pytest.skip("docker compose is not installed")
    command = [tool, "compose", "--file", str(DEPLOY / "compose.yaml"), "config", "--quiet"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (0, "") == (done.returncode, done.stderr)


def test_the_image_is_locked_and_without_root() -> None:
    """A base by its tag, dependencies by their hashes, a user, and only files that are there."""
    bases = re.findall(r"^FROM (\S+)", CONTAINERFILE, re.MULTILINE)
    assert 1 == len(set(bases))
    assert re.search(r":\d+\.\d+\.\d+-", bases[0])
    assert "--no-deps --require-hashes -r requirements.lock" in CONTAINERFILE
    assert CONTAINERFILE.index("\nUSER millrace") < CONTAINERFILE.index("\nENTRYPOINT")
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", CONTAINERFILE, re.MULTILINE)
    ignored = (DEPLOY / "Containerfile.dockerignore").read_text().split()
    for name in " ".join(copied).split():
        assert (TOP / name).exists(), name
        assert f"!{name}" in ignored


def test_secrets_beside_the_compose_file_stay_out_of_the_image() -> None:
    """The folder that compose takes them from is below one that is copied."""
    folders = {str(Path(told["file"]).parent) for told in COMPOSE["secrets"].values()}
    ignored = (DEPLOY / "Containerfile.dockerignore").read_text().split()
    last = {line.lstrip("!"): not line.startswith("!") for line in ignored}
    for folder in folders:
        assert last[str((DEPLOY / folder).relative_to(TOP))]


def test_the_database_is_healthy_only_when_it_serves() -> None:
    """The image's first start, in which it makes the databases, answers on its socket alone."""
    [_, command] = COMPOSE["services"]["postgres"]["healthcheck"]["test"]
    assert "--host 127.0.0.1" in command


def test_a_gateways_role_can_only_append(postgres: Any) -> None:
    """It stores events and counts; it can neither change nor remove an event, nor make a key."""
    url = postgres.new_database()
    with closing(EventLog.open(url)) as log:
        make_tables(log.engines[1])
        log.append([event("a")])
    with psycopg.connect(url, autocommit=True) as owner:
        for statement in statements("gateway_role.sql"):
            owner.execute(statement)
        owner.execute("alter role millrace_gateway password 'made-up'")
    as_gateway = make_url(url).set(username="millrace_gateway", password="made-up")
    address = as_gateway.render_as_string(hide_password=False)
    try:
        with closing(EventLog.open(address)) as log:
            assert 2 == log.append([event("b")])[0].position
            assert log.append([event("b")])[0].duplicate
            assert ["a", "b"] == sorted(stored.event_key for stored in log.read())
        for forbidden in (
            "update events set body = ''",
            "delete from events",
            "truncate events",
            "insert into api_keys select * from api_keys",
            "create table mine (id int)",
        ):
            with (
                psycopg.connect(address) as gateway,
                pytest.raises(psycopg.errors.InsufficientPrivilege),
            ):
                gateway.execute(forbidden)
    finally:
        with psycopg.connect(url, autocommit=True) as owner:
            owner.execute("drop owned by millrace_gateway")
            owner.execute("drop role millrace_gateway")
    with pytest.raises(LogUnavailableError):
        EventLog.open(address)


def test_a_password_file_will_do(postgres: Any, tmp_path: Path) -> None:
    """As compose.yaml has it: no password stands in an address."""
    url = make_url(postgres.new_database())
    file = tmp_path / "pgpass"
    file.write_text(f"*:*:*:{url.username}:{url.password}\n")
    file.chmod(0o600)
    without = url._replace(password=None).update_query_dict({"passfile": str(file)})
    with closing(EventLog.open(without.render_as_string())) as log:
        assert 1 == log.append([event("a")])[0].position


def statements(name: str) -> list[str]:
    text = (DEPLOY / "postgres" / name).read_text()
    return [part for part in re.sub(r"--.*", "", text).split(";") if part.strip()]


def event(key: str) -> NewEvent:
    return NewEvent("standard", key, "webhook", NOON, b"{}", {}, f"c-{key}")
