"""Where a secret may live: in the setting itself, in a mounted file, or in a secrets manager.

A setting names a place by a prefix; anything else is the secret itself:

    file:/run/secrets/hubspot
    aws:millrace/hubspot#token       AWS Secrets Manager: secret id, key of its JSON
    vault:secret/millrace#token      Vault, key-value engine 2: mount and path, key
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from reverse_etl.errors import SecretUnavailableError


def reveal(setting: str) -> str:
    """The secret that a setting holds or names. Raises SecretUnavailableError, which names the
    place and never the secret."""
    scheme, _, place = setting.partition(":")
    read = SOURCES.get(scheme)
    return read(place) if read and place else setting


def source_of(setting: str) -> str:
    """`file`, `aws`, `vault`, or `setting`."""
    scheme, _, place = setting.partition(":")
    return scheme if scheme in SOURCES and place else "setting"


def _from_file(place: str) -> str:
    try:
        return Path(place).read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SecretUnavailableError(f"file:{place}", type(error).__name__) from None


def _from_aws(place: str) -> str:
    try:
        import boto3
        from botocore.exceptions import BotoCoreError, ClientError
    except ImportError:
        raise SecretUnavailableError(f"aws:{place}", "install the extra `aws`") from None
    name, _, key = place.partition("#")
    try:
        found = boto3.client("secretsmanager").get_secret_value(SecretId=name)
    except (BotoCoreError, ClientError) as error:
        raise SecretUnavailableError(f"aws:{place}", type(error).__name__) from None
    return _pick(found.get("SecretString") or "", key, f"aws:{place}")


def _from_vault(place: str) -> str:
    try:
        import hvac
        from hvac.exceptions import VaultError
        from requests import RequestException
    except ImportError:
        raise SecretUnavailableError(f"vault:{place}", "install the extra `vault`") from None
    path, _, key = place.partition("#")
    mount, _, path = path.partition("/")
    try:
        kv = hvac.Client().secrets.kv.v2  # address and token: VAULT_ADDR, VAULT_TOKEN
        answer = kv.read_secret_version(path=path, mount_point=mount, raise_on_deleted_version=True)
    except (VaultError, RequestException) as error:
        raise SecretUnavailableError(f"vault:{place}", type(error).__name__) from None
    return _pick(json.dumps(answer["data"]["data"]), key, f"vault:{place}")


def _pick(text: str, key: str, place: str) -> str:
    """One value of a JSON object, or the whole text when no key is given."""
    if not key:
        return text
    try:
        found = json.loads(text)
        return str(found[key])
    except (ValueError, KeyError, TypeError):
        raise SecretUnavailableError(place, "it has no such key") from None


SOURCES: Final[Mapping[str, Callable[[str], str]]] = {
    "aws": _from_aws,
    "file": _from_file,
    "vault": _from_vault,
}
