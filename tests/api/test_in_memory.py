"""Data and functions that a program gives to a spec."""

from __future__ import annotations

import asyncio
import datetime
import signal
import threading
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given as hypothetically
from hypothesis import strategies as st

import harness
from harness.api.in_memory import json_lines
from harness.runner.progress import RunStats
from support.paths import ROOT

FRAME = pl.DataFrame(
    {
        "id": [f"{at}" for at in range(24)],
        "prompt": [f"question {at}" for at in range(24)],
        "response_a": ["x" * (1 + at % 5) for at in range(24)],
        "response_b": ["x" * (1 + at % 3) for at in range(24)],
        "winner": ["a", "b", None] * 8,
        "n": [at / 2 for at in range(24)],
    }
)


def longer(messages: Sequence[Mapping[str, str]]) -> str:
    return "A" if len(messages[-1]["content"]) % 2 else "B"


async def first(messages: Sequence[Mapping[str, str]], draw: int) -> str:
    return "A" if draw == 0 else "B"


def source(**changed: Any) -> dict[str, Any]:
    return {
        "schema": 1,
        "name": "mine",
        "datasets": {"pairs": {"path": FRAME, "columns": {"label": "winner"}}},
        "models": {"mine": {"provider": "longer", "digest": "v1"}},
        "matrix": {"dataset": ["pairs"], "strategy": ["direct"], "evaluator": [{"judge": "mine"}]},
        "score": {"resamples": 100},
        **changed,
    }


def places(folder: Path) -> dict[str, Any]:
    return {"cache": folder / "cache", "results": folder / "results"}


def test_a_frame_is_the_same_run_as_the_file_of_its_rows(tmp_path: Path) -> None:
    FRAME.write_ndjson(tmp_path / "pairs.jsonl")
    of_file = source(datasets={"pairs": {"path": "pairs.jsonl", "columns": {"label": "winner"}}})
    specs = [
        harness.load_spec(source(), providers={"longer": longer}),
        harness.load_spec(
            source(datasets={"pairs": {"path": FRAME.lazy(), "columns": {"label": "winner"}}}),
            providers={"longer": longer},
        ),
        harness.load_spec(of_file, folder=tmp_path, providers={"longer": longer}),
        harness.load_spec(of_file, folder="elsewhere", datasets={"pairs": FRAME}, providers={"longer": longer}),
        harness.load_spec(of_file, folder=tmp_path, datasets={"pairs": FRAME.to_dicts()}, providers={"longer": longer}),
    ]
    assert len({harness.make_plan(spec).digest for spec in specs}) == 1
    runs = [harness.run_spec(spec, **places(tmp_path / f"{at}")) for at, spec in enumerate(specs[:3])]
    assert len({run.id for run in runs}) == 1
    assert runs[0].judgments_frame()["failure"].null_count() == 24
    assert runs[0].spec["datasets"]["pairs"]["path"] == "frame:pairs"
    other = harness.load_spec(source(), datasets={"pairs": FRAME.head(23)}, providers={"longer": longer})
    assert harness.make_plan(other).digest != harness.make_plan(specs[0]).digest


def test_a_frame_takes_the_place_of_a_file_of_a_spec_from_a_file() -> None:
    path = ROOT / "specs/quickstart.yaml"
    rows = pl.read_ndjson(ROOT / "specs/data/quickstart.jsonl")
    spec = harness.load_spec(path, datasets={"village-notices": rows.head(7)})
    assert spec.datasets["village-notices"].content is not None
    assert set(harness.make_plan(spec).items_by_place.values()) == {7}


def test_prompts_of_a_generation_may_be_a_frame(tmp_path: Path) -> None:
    path = ROOT / "specs/feedback-loops.yaml"
    plain = harness.load_spec(path)
    (name,) = plain.prompts  # type: ignore[attr-defined]
    prompts = pl.DataFrame({"id": ["1", "2"], "prompt": ["one", "two"]})
    plan = harness.make_plan(harness.load_spec(path, datasets={name: prompts}))
    assert plan.conversation_count * 1 == 2 * len(plain.systems)  # type: ignore[attr-defined]


def test_problems_in_rows_of_a_frame_name_it() -> None:
    twice = FRAME.with_columns(id=pl.lit("same"))
    spec = harness.load_spec(source(), datasets={"pairs": twice}, providers={"longer": longer})
    with pytest.raises(harness.DatasetError, match="frame:pairs: row 2: `id` `same` occurs before"):
        harness.make_plan(spec)


def test_later_changes_of_the_rows_change_nothing() -> None:
    rows = FRAME.to_dicts()
    spec = harness.load_spec(source(), datasets={"pairs": rows}, providers={"longer": longer})
    digest = harness.make_plan(spec).digest
    rows[0]["prompt"] = "changed"
    assert harness.make_plan(spec).digest == digest


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"datasets": {"pairs": object()}}, r"datasets\.pairs: is of type object; give a polars or pandas frame"),
        ({"datasets": {"pairs": [{"id": Decimal(1)}]}}, r"datasets\.pairs: row 1 is not JSON: .*Decimal"),
        ({"datasets": {"pairs": [{"id": "\ud800"}]}}, r"datasets\.pairs: row 1 is not JSON: .*surrogates"),
        ({"providers": {"longer": 3}}, r"providers\.longer: is a int, not a function"),
        ({"providers": {"openai": longer}}, r"providers\.openai: there is a provider `openai` already"),
    ],
)
def test_what_is_no_data_or_no_function_is_an_error(given: dict[str, Any], message: str) -> None:
    with pytest.raises(harness.InputError, match=message):
        harness.load_spec(source(), **given)


def test_an_object_in_the_place_of_a_dataset_is_an_error() -> None:
    with pytest.raises(harness.InputError, match=r"datasets\.pairs: is of type object"):
        harness.load_spec(source(datasets={"pairs": object()}), providers={"longer": longer})
    with pytest.raises(harness.SpecError, match="datasets"):
        harness.load_spec(source(datasets={"pairs": "pairs.jsonl"}), providers={"longer": longer})


def test_text_of_a_spec_reaches_no_frame_and_no_function() -> None:
    named = source(datasets={"pairs": {"path": "frame:pairs", "format": "jsonl"}})
    with pytest.raises(harness.SpecError, match="there is no file `frame:pairs`"):
        harness.load_spec(named, providers={"longer": longer})


@hypothetically(
    st.lists(
        st.fixed_dictionaries(
            {
                "text": st.none() | st.text(st.characters(codec="utf-8")),
                "whole": st.none() | st.integers(-(2**63), 2**63 - 1),
                "truth": st.none() | st.booleans(),
                "list": st.lists(st.text(st.characters(codec="utf-8")), max_size=2),
            }
        ),
        min_size=1,
        max_size=5,
    )
)
def test_the_rows_of_a_frame_are_those_of_its_file(rows: list[dict[str, Any]]) -> None:
    schema = {"text": pl.String, "whole": pl.Int64, "truth": pl.Boolean, "list": pl.List(pl.String)}
    frame = pl.DataFrame(rows, schema=schema)
    assert json_lines(frame) == json_lines(frame.to_dicts())
    assert [*pl.read_ndjson(json_lines(frame), schema=schema).iter_rows()] == [*frame.iter_rows()]


def test_dates_and_missing_numbers_have_a_json() -> None:
    frame = pl.DataFrame({"day": [datetime.date(2026, 1, 2)], "share": [float("nan")]})
    assert json_lines(frame) == b'{"day":"2026-01-02","share":null}\n'


# --- functions --------------------------------------------------------------------------------------------


def test_functions_judge_and_their_replies_are_cached_under_their_digest(tmp_path: Path) -> None:
    models = {"mine": {"provider": "longer", "digest": "v1"}, "other": {"provider": "first", "digest": "v1"}}
    matrix = {
        "dataset": ["pairs"],
        "strategy": ["direct"],
        "evaluator": [{"judge": "mine"}, {"judge": "other"}],
        "repeats": [2],
    }
    functions = {"longer": longer, "first": first}
    spec = harness.load_spec(source(models=models, matrix=matrix), providers=functions)
    run = harness.run_spec(spec, **places(tmp_path))
    assert run.environment["calls_made"] == 2 * 2 * 24
    votes = run.judgments_frame().filter(pl.col("cell").str.contains("other"))["votes"].to_list()
    assert votes == [["a", "b"]] * 24, "the function takes the number of the draw"
    named = {name: {"provider": "python", "function": one["provider"], "digest": "v1"} for name, one in models.items()}
    again = harness.load_spec(source(models=named, matrix=matrix))  # as a program without the functions
    assert harness.run_spec(again, **places(tmp_path), offline=True).id == run.id
    models["mine"]["digest"] = "v2"
    changed = harness.load_spec(source(models=models, matrix=matrix), providers=functions)
    assert harness.run_spec(changed, **places(tmp_path)).environment["calls_made"] == 2 * 24


def test_a_model_without_its_function_stops(tmp_path: Path) -> None:
    models = {"mine": {"provider": "python", "function": "longer", "digest": "v1"}}
    run = harness.run_spec(harness.load_spec(source(models=models)), **places(tmp_path))
    assert "there is no function `longer` here; load the spec from Python" in run.environment["stopped_models"]["mine"]


def test_a_digest_must_be_declared() -> None:
    with pytest.raises(harness.SpecError, match=r"models\.mine: the key `digest` is missing"):
        harness.load_spec(source(models={"mine": {"provider": "longer"}}), providers={"longer": longer})


def test_cancelling_an_async_run_stops_it_in_order(tmp_path: Path) -> None:
    began = threading.Event()

    async def slow(messages: Any) -> str:
        began.set()
        await asyncio.sleep(0.02)
        return "A"

    spec = harness.load_spec(source(models={"mine": {"provider": "slow", "digest": "v1"}}), providers={"slow": slow})
    stats = RunStats(spec.models)

    async def cancelled() -> None:
        task = asyncio.ensure_future(harness.run_spec_async(spec, watch=stats, **places(tmp_path)))
        await asyncio.to_thread(began.wait, 60)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled())
    assert 1 <= stats.calls < 24
    run = asyncio.run(_run_async(spec, tmp_path))
    assert run.environment["calls_made"] + stats.calls == 24


async def _run_async(spec: Any, folder: Path) -> harness.FinishedRun:
    return await harness.run_spec_async(spec, **places(folder))


def test_an_interrupt_stops_a_run_in_a_running_loop(tmp_path: Path) -> None:
    calls: list[int] = []

    def interrupting(messages: Any) -> str:
        calls.append(1)
        if len(calls) == 3:
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        return "A"

    spec = harness.load_spec(
        source(models={"mine": {"provider": "slow", "digest": "v1"}}), providers={"slow": interrupting}
    )

    async def cell() -> None:
        harness.run_spec(spec, **places(tmp_path))

    loop = asyncio.new_event_loop()
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a background process may ignore it
    try:
        with pytest.raises(KeyboardInterrupt):
            loop.run_until_complete(cell())
    finally:
        signal.signal(signal.SIGINT, before)
        loop.close()
    assert 3 <= len(calls) < 24


class Column:
    def __init__(self, values: list[Any]) -> None:
        self.values = values

    def tolist(self) -> list[Any]:
        return self.values


class NAType:
    pass


def pandas_frame(columns: dict[Any, list[Any]], *more: str) -> Any:
    """What the package uses of a pandas frame, which is not installed for these tests; see `tests/trainers`."""

    class Positions:
        def __getitem__(self, at: tuple[slice, int]) -> Column:
            return Column([*columns.values()][at[1]])

    frame = type("DataFrame", (), {"columns": [*columns, *more], "iloc": Positions()})
    frame.__module__ = "pandas.core.frame"
    return frame()


def test_a_pandas_frame_is_read_without_pandas() -> None:
    frame = pandas_frame({"id": ["1", "2"], "share": [float("nan"), NAType()]})
    assert json_lines(frame) == b'{"id":"1","share":null}\n{"id":"2","share":null}\n'
    with pytest.raises(TypeError, match="a column is called 0, which is not text; rename it"):
        json_lines(pandas_frame({0: ["1"]}))
    with pytest.raises(TypeError, match="column `id` occurs twice"):
        json_lines(pandas_frame({"id": ["1"]}, "id"))


# --- votes, recordings and labels in frames -----------------------------------------------------------------

VOTES = pl.DataFrame(
    [
        {"item": f"{at}", "annotator": who, "label": "ab"[(at + len(who)) % 2]}
        for at in range(24)
        for who in ("ann", "ed")
    ]
)
VERDICTS = pl.DataFrame([{"pair": f"{at}", "says": "AB"[at % 2]} for at in range(24)])


def recorded(pairs: Any, votes: Any, recording: Any, **model: Any) -> dict[str, Any]:
    columns = {"item": "pair", "verdict": "says"}
    return source(
        datasets={"pairs": {"path": pairs, "votes": votes}},
        models={"gpt": {"provider": "recorded", "path": recording, "columns": columns, **model}},
        matrix={"dataset": ["pairs"], "strategy": ["recorded"], "evaluator": [{"judge": "gpt"}]},
    )


@pytest.mark.parametrize("library", ["polars", "pandas", "rows"])
def test_votes_and_recordings_in_frames_are_the_run_of_their_files(tmp_path: Path, library: str) -> None:
    pairs = FRAME.drop("winner")
    for name, frame in (("pairs", pairs), ("votes", VOTES), ("gpt", VERDICTS)):
        frame.write_ndjson(tmp_path / f"{name}.jsonl")
    of_files = recorded("pairs.jsonl", {"path": "votes.jsonl"}, "gpt.jsonl")
    votes: Any = {"polars": VOTES, "rows": VOTES.to_dicts(), "pandas": _in_pandas(VOTES)}[library]
    verdicts: Any = {"polars": VERDICTS, "rows": VERDICTS.to_dicts(), "pandas": _in_pandas(VERDICTS)}[library]
    one = harness.run_spec(harness.load_spec(of_files, folder=tmp_path), **places(tmp_path / "one"))
    in_frames = harness.load_spec(recorded(pairs, votes, verdicts))
    other = harness.run_spec(in_frames, **places(tmp_path / "two"))
    assert one.id == other.id
    assert other.manifest["datasets"]["pairs"]["annotators"] == ["ann", "ed"]
    assert other.spec["models"]["gpt"]["path"] == "frame:models.gpt"
    assert other.spec["datasets"]["pairs"]["votes"]["path"] == "frame:pairs.votes"
    assert "says" not in repr(in_frames)


def _in_pandas(frame: pl.DataFrame) -> Any:
    return pandas_frame({name: frame[name].to_list() for name in frame.columns})


def test_votes_of_a_frame_may_have_other_columns(tmp_path: Path) -> None:
    votes = {"path": VOTES.rename({"annotator": "who"}), "annotator": "who"}
    run = harness.run_spec(harness.load_spec(recorded(FRAME.drop("winner"), votes, VERDICTS)), **places(tmp_path))
    assert run.manifest["datasets"]["pairs"]["annotators"] == ["ann", "ed"]


def test_labels_in_a_frame_correct_a_run(tmp_path: Path) -> None:
    run = harness.run_spec(harness.load_spec(recorded(FRAME.drop("winner"), VOTES, VERDICTS)), **places(tmp_path))
    labels = VERDICTS.select(pl.col("pair").alias("id"), pl.col("says").str.to_lowercase().alias("label")).head(20)
    labels.write_csv(tmp_path / "labels.csv")
    in_frame = harness.correct(run, labels)
    assert in_frame.frame().equals(harness.correct(run, tmp_path / "labels.csv").frame())
    assert in_frame.frame().equals(harness.correct(run, _in_pandas(labels)).frame())
    with pytest.raises(harness.DatasetError, match="frame:labels: row 3: `id`"):
        harness.correct(run, labels.with_columns(id=pl.Series(["0", "1", "none", *"3456789"] * 2).head(20)))
    with pytest.raises(harness.InputError, match="labels: is of type int"):
        harness.correct(run, 5)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"votes": object()}, "datasets.pairs.votes: is of type object; give a polars or pandas frame"),
        ({"votes": 5}, "datasets.pairs.votes: wants a mapping"),
        ({"votes": VOTES.drop("label")}, "frame:pairs.votes: there is no column `label`; the file has"),
        ({"recording": object()}, "models.gpt: is of type object"),
        (
            {"recording": VERDICTS, "columns": {"item": "par", "verdict": "says"}},
            "no column `par`.*did you mean `pair`",
        ),
        ({"recording": VERDICTS.with_columns(says=pl.lit("huh"))}, "frame:models.gpt: row 1: `verdict` `huh`"),
    ],
)
def test_a_frame_that_is_none_or_lacks_something_is_one_message(changed, words) -> None:
    given = {"votes": VOTES, "recording": VERDICTS, **changed}
    with pytest.raises(harness.HarnessError, match=words):
        harness.make_plan(harness.load_spec(recorded(FRAME, **given)))


def test_a_recording_in_a_frame_needs_columns() -> None:
    spec = recorded(FRAME, VOTES, VERDICTS)
    del spec["models"]["gpt"]["columns"]
    with pytest.raises(harness.SpecError, match=r"models\.gpt\.path: a frame is read by `columns`"):
        harness.load_spec(spec)
