"""The bytes in which entries are kept, and what every store promises."""

import hashlib

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.cache.cache import Cache
from harness.cache.entry import Entry, check_entry, read_entry, read_reply, reply_line, value_of
from harness.hashing import canonical_json
from harness.records.calls import UNAVAILABLE, Reply
from support.kept import entry
from support.worlds import MemoryStore

texts = st.text(st.characters(exclude_categories=["Cs"]))
counts = st.integers(0, 2**53)
finishes = st.sampled_from(["stop", "length", "refusal", "judged"])
places = st.lists(st.tuples(texts, st.floats(-9999, 0)), min_size=1, max_size=2).map(tuple)
logprobs = st.lists(places, max_size=2).map(tuple)
preferences = st.none() | st.floats(0, 1)
costs = st.none() | st.floats(0, 1e6)
optional = {"logprobs": logprobs, "preference": preferences, "cost_usd": costs, "is_exchanged": st.booleans()}
replies = st.builds(Reply, texts, finishes, counts, counts, texts, texts, counts, counts, **optional)


@given(replies, st.binary())
def test_what_is_kept_comes_back(reply, call):
    assert read_entry("k", value_of("k", call, reply)) == Entry("k", call, reply)
    assert b"\n" not in reply_line(reply)


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(2**63), 2**64 - 1)
        | st.floats(allow_nan=False, allow_infinity=False)
        | texts,
        lambda inner: st.lists(inner) | st.dictionaries(texts, inner),
    )
)
def test_the_json_of_a_call_is_the_same_after_it_was_read(params):
    call = canonical_json({"draw": 0, "key": 1, "messages": [], "model": "m", "params": {"x": params}})
    check_entry(Entry(hashlib.sha256(call).hexdigest(), call, Reply("")))


def test_what_stands_for_no_reply_is_not_kept():
    with pytest.raises(ValueError, match="unavailable is not kept"):
        reply_line(UNAVAILABLE)


GOOD = Reply("t", "stop", 1, 2, "m")._asdict()


@pytest.mark.parametrize(
    "value",
    [
        b"[]",
        b"7",
        b"null",
        *(
            orjson.dumps({**GOOD, **change})
            for change in (
                {"text": None},
                {"text": 1},
                {"finish": "unavailable"},
                {"finish": "tool_calls"},
                {"finish": None},
                {"finish": ["stop"]},
                {"prompt_tokens": -1},
                {"prompt_tokens": True},
                {"prompt_tokens": 1.0},
                {"completion_tokens": "2"},
                {"completion_tokens": -2},
                {"served_model": None},
                {"more": 1},
            )
        ),
        orjson.dumps({key: value for key, value in GOOD.items() if key != "served_model"}),
    ],
)
def test_a_reply_of_another_form_is_refused(value):
    with pytest.raises(ValueError, match=r"^the reply has (not the fields of a reply|fields that are not of a reply)"):
        read_reply(value)


@pytest.mark.parametrize("line", [b"", b"{", b"\xff"])
def test_a_reply_that_is_no_json_is_refused(line):
    with pytest.raises(ValueError, match=r"column 1|column 2"):
        read_reply(line)


def test_an_entry_without_a_call_is_refused():
    with pytest.raises(ValueError, match="the call is missing"):
        read_entry("k", reply_line(Reply("x")))


def keyed(call):
    return Entry(hashlib.sha256(call).hexdigest(), call, Reply("x"))


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (entry(1)._replace(key="0" * 64), "not the digest"),
        (entry(1)._replace(call=entry(2).call), "not the digest"),
        (keyed(b"not json"), "unexpected|expected|invalid literal"),
        (keyed(b"[]"), "not the fields"),
        (keyed(canonical_json({"model": "m"})), "not the fields"),
        (keyed(canonical_json({"draw": 0, "key": 1, "messages": [], "model": 5, "params": {}})), "not the fields"),
        (keyed(entry(1).call + b" "), "not canonical"),
    ],
)
def test_an_entry_that_is_not_what_it_claims_is_refused(bad, reason):
    with pytest.raises(ValueError, match=reason):
        check_entry(bad)


@pytest.fixture(params=["cache", "memory"])
def store(request, tmp_path):
    if request.param == "memory":
        yield MemoryStore()
    else:
        with Cache(tmp_path / "cache") as cache:
            yield cache


def test_a_store_gives_back_what_it_was_given(store):
    one, two, three = (entry(number) for number in range(3))
    assert store.get_many([one.key]) == {}
    assert list(store.entries([one.key])) == []
    store.put(*one).result()
    store.put_many([two, three])
    assert store.get_many(iter([one.key, two.key, "f" * 64, one.key])) == {one.key: one.reply, two.key: two.reply}
    found = list(store.entries([three.key, one.key, "f" * 64, two.key, one.key]))
    assert found == sorted([one, two, three])


def test_in_a_store_the_first_reply_stays(store):
    store.put(*entry(1)).result()
    store.put(*entry(1, "another")).result()
    store.put_many([entry(1, "a third"), entry(2), entry(2, "another")])
    assert store.get_many([entry(1).key, entry(2).key]) == {entry(1).key: entry(1).reply, entry(2).key: entry(2).reply}


def test_a_store_refuses_what_stands_for_no_reply(tmp_path):
    with Cache(tmp_path / "cache") as cache, pytest.raises(ValueError, match="not kept"):
        cache.put("0" * 64, b"{}", UNAVAILABLE).result()


def test_optional_fields_are_written_only_where_they_say_something():
    assert reply_line(Reply("x", "stop", 1, 2, "m")) == (
        b'{"completion_tokens":2,"finish":"stop","prompt_tokens":1,"served_model":"m","text":"x"}'
    )
    full = Reply("x", "stop", 1, 2, "m", "because", 1, 2, ((("A", -0.5), ("B", -1.0)),), 0.0, 0.0, True)
    assert set(orjson.loads(reply_line(full))) == set(Reply._fields)
    assert read_reply(reply_line(full)) == full


@pytest.mark.parametrize(
    "change",
    [
        {"reasoning": 7},
        {"cached_tokens": -1},
        {"reasoning_tokens": True},
        {"more": ""},
        {"preference": 1},
        {"preference": 1.5},
        {"preference": -0.5},
        {"cost_usd": -0.5},
        {"cost_usd": 1},
        {"is_exchanged": 1},
        {"logprobs": "A"},
        {"logprobs": [3]},
        {"logprobs": [[["A"]]]},
        {"logprobs": [[["A", -1, 2]]]},
        {"logprobs": [[["A", "B"]]]},
        {"logprobs": [[[7, -1.0]]]},
    ],
)
def test_an_optional_field_of_another_type_is_refused(change):
    fields = {**orjson.loads(reply_line(Reply("x"))), **change}
    with pytest.raises(ValueError, match="fields"):
        read_reply(orjson.dumps(fields))
