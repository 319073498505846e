"""Where an endpoint is, what is sent to it beside a call, and what its replies are stored under. Pure.

Values of headers, of the query and of a proxy may name environment variables as `${NAME}`; the values themselves never
stand in a spec.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit

from harness.errors import ModelStopped
from harness.providers.redaction import Secrets
from harness.records.calls import Model

OPENAI = "https://api.openai.com/v1"
"""OpenAI's own endpoint. Its identity is the empty one, which calls had before endpoints were part of the key."""

NO_KEY = "none"
"""What is sent to an endpoint that asks for no key: clients insist on one, and some endpoints reject a call without."""
CONNECT_TIMEOUT_S = 15.0
"""An endpoint that cannot be reached by then is tried again rather than waited for."""
VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]{0,127})\}")
SETTINGS: Mapping[str, Any] = {"system": None, "headers": None, "query": None, "proxy": None}
"""The settings that every provider with an endpoint has."""
DEFAULT_PORTS = {"http": 80, "https": 443}


class Extras(NamedTuple):
    """What is sent to an endpoint beside a call, with the values of the environment.

    Attributes:
        headers: by name.
        query: by name.
        proxy: address of the proxy, None for none.
        secrets: all values that came from the environment, the API key included.
    """

    headers: Mapping[str, str]
    query: Mapping[str, str]
    proxy: str | None
    secrets: Secrets


def identity_of(entry: Mapping[str, Any], own: str = OPENAI, name: str = "") -> str:
    """What the cache key calls the endpoint of a model.

    The scheme and the host are in lower case, a default port and a slash at the end are left out, and parameters of
    the query are in order. A value that comes from the environment counts by the name of its variable.

    Args:
        entry: the model's entry in a spec.
        own: the address of the provider's own endpoint.
        name: what the provider's own endpoint is called.
    """
    identity = entry.get("identity")
    if identity is not None:
        return normalised(str(identity)) if "://" in str(identity) else str(identity)
    address = normalised(entry.get("base_url") or own, entry.get("query") or {})
    return name if address == normalised(own) else address


def key_parts(entry: Mapping[str, Any], own: str = OPENAI, name: str = "") -> dict[str, str]:
    """What the cache key holds of an endpoint: its identity, and how system messages are sent where not as such."""
    parts = {"endpoint": identity_of(entry, own, name), "system": entry.get("system") or "system"}
    return {key: text for key, text in parts.items() if text not in ("", "system")}


def normalised(address: str, query: Mapping[str, str] | None = None) -> str:
    """An address in the one way of writing it, without user, password and fragment; with the query in order."""
    try:
        parts = urlsplit(address.strip())
        port = parts.port
    except ValueError:
        return address
    scheme, host = parts.scheme.lower(), (parts.hostname or "").rstrip(".")
    host = f"[{host}]" if ":" in host else host
    place = host if port is None or port == DEFAULT_PORTS.get(scheme) else f"{host}:{port}"
    # Space before a fragment ends the path once the fragment is gone.
    path = re.sub(r"[\s/]+$", "", re.sub(r"/+", "/", parts.path))
    pairs = sorted({**dict(parse_qsl(parts.query, keep_blank_values=True)), **(query or {})}.items())
    return f"{scheme}://{place}{path}" + (f"?{urlencode(pairs, safe='${}')}" if pairs else "")


def without_query(address: str) -> tuple[str, dict[str, str]]:
    """An address and its query; an address that cannot be parsed as it is."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return address, {}
    return parts._replace(query="", fragment="").geturl().rstrip("?"), dict(parse_qsl(parts.query))


def variables_of(model: Model) -> Iterator[tuple[str, str]]:
    """The environment variables that a model's settings name, each with the setting that names it."""
    for key in ("headers", "query"):
        for name, text in dict(model.settings.get(key) or {}).items():
            for variable in VARIABLE.findall(str(text)):
                yield variable, f"{key}.{name}"
    for variable in VARIABLE.findall(str(model.settings.get("proxy") or "")):
        yield variable, "proxy"


def extras_of(model: Model, environment: Mapping[str, str], api_key: str, base_url: str) -> Extras:
    """What is sent to a model's endpoint beside a call.

    Raises:
        ModelStopped: where a variable is not set, or its value cannot be sent.
    """
    found: dict[str, str] = {}
    for variable, setting in variables_of(model):
        value = environment.get(variable, "").strip()
        if not value or not (value.isascii() and value.isprintable()):
            problem = "is not set" if not value else "holds characters that cannot be sent"
            message = f"model {model.name}: the environment variable {variable} {problem}"
            raise ModelStopped(message, kind="key", hint=f"`{setting}` needs it")
        found[variable] = value

    def filled(text: Any) -> str:
        return VARIABLE.sub(lambda match: found[match[1]], str(text))

    proxy = model.settings.get("proxy")
    address = proxy_in(environment, base_url) if proxy == "env" else filled(proxy) if proxy else None
    password = urlsplit(address).password if address else None
    return Extras(
        {name: filled(text) for name, text in dict(model.settings.get("headers") or {}).items()},
        {name: filled(text) for name, text in dict(model.settings.get("query") or {}).items()},
        address,
        Secrets([api_key, *found.values(), *([password] if password else [])]),
    )


def proxy_in(environment: Mapping[str, str], base_url: str) -> str | None:
    """The proxy that HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY name for an address, None for none."""
    from urllib import request

    parts = urlsplit(base_url)

    def named(name: str) -> str:
        return (environment.get(name.lower()) or environment.get(name.upper()) or "").strip()

    address = named(f"{parts.scheme.lower()}_proxy") or named("all_proxy")
    bypass: Any = getattr(request, "proxy_bypass_environment")  # noqa: B009 - type checkers do not know it
    if not address or (named("no_proxy") and bypass(parts.netloc.rpartition("@")[2], {"no": named("no_proxy")})):
        return None
    return address if "://" in address else f"http://{address}"


def api_key_of(model: Model, environment: Mapping[str, str]) -> str:
    """The key that the environment holds for the model, "" where the spec asks for none."""
    if model.api_key_env is None:
        return ""
    variable = model.api_key_env
    key = environment.get(variable, "").strip()
    if not key:
        raise ModelStopped(
            f"model {model.name} has no API key: the environment variable {variable} is not set",
            kind="key",
            hint=f"set {variable}, or name another variable as `api_key_env`",
        )
    if not (key.isascii() and key.isprintable()):
        raise ModelStopped(
            f"model {model.name} has no usable API key: {variable} holds letters that no key has",
            kind="key",
            hint=f"set {variable} to the key alone",
        )
    return key
