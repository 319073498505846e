from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from harness.providers.endpoint import identity_of, key_parts, normalised, proxy_in, variables_of
from harness.records.calls import Model


@pytest.mark.parametrize(
    ("address", "identity"),
    [
        ("http://localhost:8000/v1", "http://localhost:8000/v1"),
        ("HTTP://LocalHost:8000/v1/", "http://localhost:8000/v1"),
        ("https://host:443/v1", "https://host/v1"),
        ("http://host:80", "http://host"),
        ("http://host:8080//v1//", "http://host:8080/v1"),
        ("http://user:secret@host/v1#part", "http://host/v1"),
        ("http://host./v1", "http://host/v1"),
        ("http://[::1]:9/v1", "http://[::1]:9/v1"),
        ("https://host/V1", "https://host/V1"),
        ("https://host/v1?b=2&a=1", "https://host/v1?a=1&b=2"),
    ],
)
def test_an_address_is_written_in_one_way(address: str, identity: str):
    assert normalised(address) == identity
    assert normalised(identity) == identity


@given(st.text(max_size=30))
@example("\x85#")
@example("v1 /#")
def test_any_text_is_normalised_once(text: str):
    once = normalised(f"http://host/{text}")
    assert normalised(once) == once or "?" in once


@pytest.mark.parametrize(
    ("entry", "parts"),
    [
        pytest.param({}, {}, id="openai"),
        pytest.param({"base_url": None}, {}, id="openai-by-null"),
        pytest.param({"base_url": "https://API.openai.com:443/v1/"}, {}, id="openai-by-address"),
        pytest.param({"base_url": "https://eu.x.com/v1"}, {"endpoint": "https://eu.x.com/v1"}, id="https"),
        pytest.param({"base_url": "http://a/v1"}, {"endpoint": "http://a/v1"}, id="address"),
        pytest.param({"base_url": "http://a/v1", "identity": "lab"}, {"endpoint": "lab"}, id="name"),
        pytest.param({"base_url": "http://b", "identity": "HTTP://a/"}, {"endpoint": "http://a"}, id="another-address"),
        pytest.param({"base_url": "http://a/v1", "identity": ""}, {}, id="as-before"),
        pytest.param({"base_url": "http://a", "query": {"v": "${V}"}}, {"endpoint": "http://a?v=${V}"}, id="variable"),
        pytest.param({"system": "user"}, {"system": "user"}, id="system-role"),
        pytest.param({"system": "system"}, {}, id="system-role-of-all"),
    ],
)
def test_the_key_holds_the_endpoint_and_what_becomes_of_system_messages(entry: dict[str, Any], parts: dict[str, str]):
    assert key_parts(entry) == parts


def test_a_provider_with_an_endpoint_of_its_own_is_known_by_its_name():
    assert identity_of({}, "https://api.vendor.invalid", "vendor") == "vendor"


@pytest.mark.parametrize(
    ("environment", "proxy"),
    [
        ({}, None),
        ({"HTTPS_PROXY": "http://p:1"}, "http://p:1"),
        ({"https_proxy": "p:1"}, "http://p:1"),
        ({"HTTP_PROXY": "http://p:1"}, None),
        ({"ALL_PROXY": "http://p:1"}, "http://p:1"),
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "other,.host.invalid"}, None),
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "*"}, None),
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "other"}, "http://p:1"),
    ],
)
def test_a_proxy_is_found_in_the_environment(environment: dict[str, str], proxy: str | None):
    assert proxy_in(environment, "https://a.host.invalid/v1") == proxy


def test_variables_are_named_with_the_setting_that_names_them():
    settings = {"headers": {"a": "Bearer ${ONE}"}, "query": {"k": "${TWO}"}, "proxy": "http://u:${THREE}@p"}
    model = Model("m", "openai", "m", settings=settings)
    assert list(variables_of(model)) == [("ONE", "headers.a"), ("TWO", "query.k"), ("THREE", "proxy")]
