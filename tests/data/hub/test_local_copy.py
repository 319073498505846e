"""Datasets on a Hub on the loopback interface: what is downloaded, what is refused, and what stays here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.data.dataset import read_dataset
from harness.data.hub import client, local_copy
from harness.data.hub.client import HubAccess
from harness.data.hub.local_copy import LocalCopy, TooLargeToCheckError, fetched
from harness.errors import DatasetError
from harness.records.datasets import DatasetSpec, VotesSpec
from support.hub import TOKEN, Hub, Repository, commit_of, hub_server


def rows(count: int) -> bytes:
    made = [
        {"id": f"p{at}", "prompt": f"Why {at}?", "response_a": "So.", "response_b": "No.", "label": "ab"[at % 2]}
        for at in range(count)
    ]
    return b"".join(json.dumps(row).encode() + b"\n" for row in made)


CARD = b"---\nconfigs:\n- config_name: easy\n  data_files: [{split: test, path: 'x/*.jsonl'}]\n---\n"


@pytest.fixture
def access(tmp_path: Path):
    def with_variables(hub: Hub, *, offline: bool = False, **variables: str) -> HubAccess:
        return HubAccess(offline, {"HF_ENDPOINT": hub.url, "HF_HOME": str(tmp_path / "hf"), **variables})

    yield with_variables
    pytest.importorskip("huggingface_hub").close_session()


def copied(place: str, access: HubAccess, **more: Any) -> LocalCopy:
    return local_copy.local_copy(f"hf://datasets/org/{place}", access, **more)


def refused(place: str, access: HubAccess) -> str:
    with pytest.raises(DatasetError, match=r"\S") as error:
        copied(place, access)
    return str(error.value)


def test_a_split_is_downloaded_once_and_its_commit_is_known(access):
    pairs = Repository([{"README.md": CARD, "x/1.jsonl": rows(2), "x/2.jsonl": rows(3), "y.bin": b"no"}])
    with hub_server(pairs=pairs) as hub:
        found = copied("pairs/test", access(hub))
        assert found.address == f"hf://datasets/org/pairs@{commit_of(1)}/test"
        assert [file.name for file in found.files] == ["1.jsonl", "2.jsonl"]
        assert found.format == "jsonl"
        assert "2 files" in found.note
        assert commit_of(1)[:12] in found.note
        assert {path.rpartition("/")[2] for path in hub.downloads} == {"README.md", "1.jsonl", "2.jsonl"}
        hub.requests.clear()
        assert copied(f"pairs@{commit_of(1)}/test", access(hub)) == found
        assert hub.requests == []  # a commit that is here needs no request


def test_a_branch_moves_and_a_commit_does_not(access):
    moving = Repository([{"train.jsonl": rows(2)}, {"train.jsonl": rows(4)}], {"v1": 1})
    with hub_server(moving=moving) as hub:
        old, new = copied("moving@v1/train", access(hub)), copied("moving/train", access(hub))
        assert (old.address[-46:-6], new.address[-46:-6]) == (commit_of(1), commit_of(2))
        assert old.files[0].read_bytes() == rows(2)
        assert new.files[0].read_bytes() == rows(4)


def test_offline_reads_the_commit_that_was_looked_up_last(access):
    moving = Repository([{"train.jsonl": rows(2)}])
    with hub_server(moving=moving) as hub:
        found = copied("moving/train", access(hub))
        moving.commits.append({"train.jsonl": rows(4)})
        hub.requests.clear()
        assert copied("moving/train", access(hub, offline=True)) == found
        assert "no local copy of org/moving@v9; run it once without" in refused(
            "moving@v9/train", access(hub, offline=True)
        )
        missing = refused(f"moving@{commit_of(2)}/train", access(hub, offline=True))
        assert "no local copy" in missing
        assert hub.requests == []


def test_a_hub_that_cannot_be_reached_is_an_error_and_not_the_old_copy(access):
    with hub_server(pairs=Repository([{"train.jsonl": rows(2)}])) as hub:
        granted = access(hub)
        copied("pairs/train", granted)
    pytest.importorskip("huggingface_hub").close_session()  # a connection that is open still has its thread there
    assert "org/pairs cannot be downloaded (ConnectError)" in refused("pairs/train", granted)
    assert copied(f"pairs@{commit_of(1)}/train", granted).files


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("none/train", "there is no dataset org/none; check the name; for a private one, set HF_TOKEN"),
        ("pairs@v9/train", "org/pairs has no revision `v9`"),
        ("gated/train", "access to org/gated is restricted; accept the conditions"),
        ("private/train", "there is no dataset org/private"),
        ("pairs/dev", "there is no split `dev`; it has `train`"),
        ("evil/train", "there is no split `train`; the repository has no data file"),
    ],
)
def test_what_the_hub_refuses_is_one_line(access, place, words):
    pairs = Repository([{"train.jsonl": rows(2)}])
    evil = Repository([{"../../train.jsonl": rows(2), "/etc/train.jsonl": rows(2), "a/../train.jsonl": rows(1)}])
    gated, private = (Repository([{"train.jsonl": rows(2)}], access=kind) for kind in ("gated", "private"))
    with hub_server(pairs=pairs, evil=evil, gated=gated, private=private) as hub:
        shown = refused(place, access(hub))
        assert words in shown
        assert "\n" not in shown
        assert hub.authorised == []


@pytest.mark.parametrize("status", [401, 403, 429, 500, 503])
def test_a_status_of_the_hub_is_one_line(access, status, monkeypatch):
    with hub_server(pairs=Repository([{"train.jsonl": rows(2)}])) as hub:
        hub.status = status
        shown = refused("pairs/train", access(hub))
        assert f"the Hub answers {status} for org/pairs" in shown or (status == 401 and "no dataset" in shown)
        assert "Traceback" not in shown


def test_the_token_goes_to_the_endpoint_alone_and_stays_nowhere(access, tmp_path):
    gated = Repository([{"train.jsonl": rows(2)}], access="gated", is_large=True)
    with hub_server(gated=gated) as hub:
        granted = access(hub, HF_TOKEN=TOKEN)
        found = copied("gated/train", granted)
        assert hub.authorised
        assert not any("localhost" in request for request in hub.authorised)  # the host of large files
        assert any("localhost" in request for request in hub.requests)
        assert "restricted; check that HF_TOKEN may read it" in refused("gated@v2/train", access(hub, HF_TOKEN="hf_no"))
    assert TOKEN not in repr((granted, found))
    assert not any(TOKEN.encode() in file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())


@pytest.mark.parametrize("is_large", [False, True])
@pytest.mark.parametrize("fault", ["cut", "other", "500"])
def test_a_file_that_arrives_damaged_is_refused(access, fault, is_large, monkeypatch):
    from huggingface_hub import file_download

    monkeypatch.setattr(file_download.time, "sleep", lambda _: None)
    bad = Repository([{"train.jsonl": rows(50)}], is_large=is_large, faults={"train.jsonl": fault})
    with hub_server(bad=bad) as hub:
        shown = refused("bad/train", access(hub))
    assert "train.jsonl" in shown
    assert "cannot be downloaded" in shown or "is not what the commit holds; delete" in shown or "answers 500" in shown


def test_a_local_copy_that_was_changed_is_refused(access):
    with hub_server(pairs=Repository([{"train.jsonl": rows(2)}])) as hub:
        found = copied("pairs/train", access(hub))
        found.files[0].resolve().write_bytes(rows(1))
        assert "the local copy is not what the commit holds; delete" in refused("pairs/train", access(hub))


def test_a_server_that_does_not_answer_is_given_up(access, monkeypatch):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_DOWNLOAD_TIMEOUT", 0.05)
    monkeypatch.setattr("huggingface_hub.file_download.time.sleep", lambda _: None)
    slow = Repository([{"train.jsonl": rows(2)}], faults={"train.jsonl": "slow"})
    with hub_server(slow=slow) as hub:
        assert "cannot be downloaded (ReadTimeout)" in refused("slow/train", access(hub))


def test_what_is_downloaded_is_bounded(access, monkeypatch):
    repository = Repository([{"train.jsonl": rows(200)}])
    with hub_server(pairs=repository, other=repository) as hub:
        with pytest.raises(TooLargeToCheckError, match=r"1 file, .* not downloaded yet"):
            copied("pairs/train", access(hub), most=1_000)
        assert not any("train.jsonl" in path for path in hub.downloads)
        monkeypatch.setattr(local_copy, "MAX_DOWNLOAD", 1_000)
        assert "to download, at most 1,000 bytes are downloaded" in refused("pairs/train", access(hub))
        monkeypatch.setattr(client, "MAX_LISTED", 0)
        assert "has 1 file, at most 0 are listed" in refused("other/train", access(hub))


def test_a_card_that_is_large_or_broken_says_nothing(access, monkeypatch):
    files = {"README.md": b"---\nconfigs: [\n---\n", "train.jsonl": rows(2)}
    with hub_server(pairs=Repository([files])) as hub:
        assert len(copied("pairs/train", access(hub)).files) == 1
        monkeypatch.setattr(local_copy, "MAX_CARD", 3)
        assert len(copied("pairs/train", access(hub)).files) == 1


def test_without_the_extra_one_line_says_what_to_install(access, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "huggingface_hub", None)
    shown = refused("pairs/train", HubAccess(environment={}))
    assert shown == "reading from the Hub needs huggingface_hub; pip install 'fellowship-harness[hub]'"


def test_a_dataset_and_its_votes_are_read_from_the_hub(access):
    votes = b"item,annotator,label\np0,ann,a\np0,bob,b\np1,ann,b\n"
    pairs = Repository([{"train.jsonl": rows(3), "votes.csv": votes}])
    with hub_server(pairs=pairs) as hub:
        address = "hf://datasets/org/pairs"
        of_votes = VotesSpec(Path(), f"{address}/votes.csv", "", hub=f"{address}/votes.csv")
        spec = DatasetSpec("pairs", Path(), f"{address}/train", "", hub=f"{address}/train", votes=of_votes)
        found = fetched(spec, access(hub))
        assert found.votes is not None
        assert found.votes.hub == f"{address}@{commit_of(1)}/votes.csv"
        dataset = read_dataset(found, seed=1)
        assert dataset.annotators == ("ann", "bob")
        assert len(dataset) == 3
        assert dataset.notes[0].startswith("from the Hub, org/pairs at commit")
        local = DatasetSpec("pairs", found.files[0], "train.jsonl", "jsonl")
        assert read_dataset(
            fetched(spec.__class__("pairs", Path(), "", "", hub=f"{address}/train"), access(hub)), seed=1
        ).digest == (read_dataset(local, seed=1).digest)


@pytest.mark.parametrize(
    ("variables", "folder"),
    [
        ({"HF_HUB_CACHE": "/c"}, "/c"),
        ({"HUGGINGFACE_HUB_CACHE": "/d"}, "/d"),
        ({"HF_HOME": "/h"}, "/h/hub"),
        ({"XDG_CACHE_HOME": "/x"}, "/x/huggingface/hub"),
        ({}, str(Path.home() / ".cache" / "huggingface" / "hub")),
    ],
)
def test_the_local_copy_is_where_the_library_keeps_it(variables, folder):
    assert client._cache_folder(HubAccess(environment=variables)) == folder
