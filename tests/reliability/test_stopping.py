"""Runs that are told to stop: by a person, or by what they may cost."""

from __future__ import annotations

import json
import re
import shlex
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cli import main
from harness.providers.simulation.dataset import make_pairs
from harness.providers.simulation.world import Service
from harness.runner.find_run import newest_run
from harness.runner.run_folder import DETERMINISTIC
from reliability.lives import Nursery
from reliability.served import Served, served

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="forks")

SPEC = """\
schema: 1
name: stopped
datasets:
  letters: {{path: letters.jsonl}}
models:
  small: {{provider: openai, model: "simulated?skill=0.6", base_url: "{url}", identity: served,
    limits: {{concurrency: 4}}{price}}}
matrix:
  dataset: [letters]
  strategy: [direct]
  evaluator: [{{judge: [small]}}]
score: {{resamples: 200}}
"""
PRICE = ", price: {input: 1000, output: 2000}, params: {max_tokens: 200}"


def laid_out(folder: Path, url: str, price: str = "", items: int = 40) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "letters.jsonl").write_text("".join(json.dumps(row) + "\n" for row in make_pairs(3, items)))
    (folder / "spec.yaml").write_text(SPEC.format(url=url, price=price))
    return folder


def stored(folder: Path) -> int:
    return len((folder / "stored").read_text().split()) if (folder / "stored").exists() else 0


def until(holds, seconds=20.0):
    """Wait until something holds, and fail where it never does."""
    ends = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < ends, "it never happened"
        time.sleep(0.005)


@pytest.fixture(scope="module")
def nursery():
    with Nursery() as process:
        yield process


@pytest.mark.parametrize("one", [signal.SIGINT, signal.SIGTERM])
def test_calls_in_flight_are_awaited_and_stored(tmp_path, nursery, one):
    with served(Service(latency_ms=400)) as server:
        folder = laid_out(tmp_path / "world", server.url)
        nursery.start(folder)
        until(lambda: len(server.asked) >= 6)
        code, said = nursery.end(one)
        assert code == 130
        assert "interrupted; stored replies are kept" in said
        assert stored(folder) == server.asked.total() < 40, "every call that was sent is stored"
        assert not list((folder / "results").rglob("*")), "a run folder is whole or not there"
        nursery.start(folder)
        assert nursery.end() == (0, "")
        assert set(server.asked.values()) == {1}, "nothing is asked twice"


def test_asked_twice_to_stop_it_does_not_wait(tmp_path, nursery):
    with served(Service(latency_ms=60_000)) as server:
        folder = laid_out(tmp_path / "world", server.url)
        nursery.start(folder)
        until(lambda: len(server.asked) >= 4)
        started = time.monotonic()
        nursery.signal(signal.SIGINT)
        until((folder / "stopping").exists)  # two signals that come together are one
        code, _ = nursery.end(signal.SIGINT)
        assert code == 130
        assert time.monotonic() - started < 15


def test_interrupted_command_prints_spend_rest_and_how_to_resume(tmp_path):
    with served(Service(latency_ms=300)) as server:
        folder = laid_out(tmp_path / "a world", server.url, PRICE)
        places = ["--cache", str(folder / "cache"), "--results", str(folder / "results")]
        command = ["run", str(folder / "spec.yaml"), *places, "--max-cost", "900"]
        process = subprocess.Popen(
            [sys.executable, "-m", "harness", *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        until(lambda: len(server.asked) >= 9)  # two rounds of four are stored
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
        assert process.returncode == 130
        waiting = re.search(r"stopping: waiting for (\d+) calls? in flight; interrupt again to stop now", said)
        assert waiting, said
        assert 1 <= int(waiting[1]) < 40, "four on their way, and those whose replies are being stored"
        told = re.search(r"(\d+) of 40 conversations done, at most (\d+) left", said)
        assert told, said
        assert 9 <= int(told[1]) == 40 - int(told[2]) < 40
        assert f"small: {told[1]} calls made, " in said
        (again,) = (line.removeprefix("to resume: ") for line in said.splitlines() if line.startswith("to resume: "))
        assert shlex.split(again) == ["harness", "run", command[1], *reordered(command[2:])]
        done = CliRunner().invoke(main, shlex.split(again)[1:])
        assert done.exit_code == 0, done.output
        assert set(server.asked.values()) == {1}


@pytest.mark.parametrize("one", [signal.SIGINT, signal.SIGTERM])
def test_a_storm_of_signals_does_not_cut_off_what_was_spent(tmp_path, one):
    with served(Service(latency_ms=300)) as server:
        folder = laid_out(tmp_path / "world", server.url, PRICE)
        places = ["--cache", str(folder / "cache"), "--results", str(folder / "results")]
        command = [sys.executable, "-m", "harness", "run", str(folder / "spec.yaml"), *places]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        until(lambda: len(server.asked) >= 9, 60)
        while process.poll() is None:
            process.send_signal(one)
            time.sleep(0.001)
        _, said = process.communicate(timeout=30)
        assert process.returncode == 130, said
        assert "small: " in said
        assert "calls made, " in said
        assert "interrupted; stored replies are kept" in said
        assert "to resume: " in said


def reordered(options: list[str]) -> list[str]:
    """Options in the order in which the verb declares them."""
    order = ["--results", "--cache", "--max-cost"]
    pairs = sorted(zip(options[::2], options[1::2], strict=True), key=lambda pair: order.index(pair[0]))
    return [word for name, value in pairs for word in (name, value if name != "--max-cost" else str(float(value)))]


def test_handlers_of_signals_are_as_before_when_a_run_has_ended(tmp_path):
    def mine(*_: object) -> None:
        raise AssertionError

    before = {one: signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, mine)
        folder = laid_out(tmp_path / "world", "x")
        text = (folder / "spec.yaml").read_text()
        simulated = text.replace(
            'openai, model: "simulated?skill=0.6", base_url: "x", identity: served', "simulated, skill: 0.6"
        )
        (folder / "spec.yaml").write_text(simulated)
        assert run(folder).exit_code == 0
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
        assert signal.getsignal(signal.SIGTERM) is mine
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


def run(folder: Path, *options: str):
    places = ["--cache", str(folder / "cache"), "--results", str(folder / "results")]
    return CliRunner().invoke(main, ["run", str(folder / "spec.yaml"), *places, *options])


def billed(server: Served) -> float:
    """What the server would charge: by its own count of tokens."""
    prompt, completion = server.billed_tokens
    return (prompt * 1000 + completion * 2000) / 1e6


def test_a_run_never_spends_more_than_it_may_and_goes_on_from_there(tmp_path):
    with served(Service()) as server:
        folder = laid_out(tmp_path / "world", server.url, PRICE)
        whole = laid_out(tmp_path / "whole", server.url, PRICE)
        assert run(whole).exit_code == 0
        expected = files(whole)
        limit, rounds = 4.0, 0
        server.asked.clear()
        while True:
            before = billed(server)
            done = run(folder, "--max-cost", str(limit))
            assert billed(server) - before <= limit
            if done.exit_code == 0:
                break
            rounds += 1
            assert done.exit_code == 1, done.output
            assert "stopped before --max-cost 4 could be passed: $" in done.stderr
            assert "of 40 conversations, and " in done.stderr
            assert "calls are left, for $" in done.stderr
            assert "small: " in done.stderr, "the spend by model is shown"
            assert rounds < 20
        assert rounds >= 2
        assert set(server.asked.values()) == {1}
        assert files(folder) == expected


def files(folder: Path) -> dict[str, bytes]:
    found = newest_run("stopped", folder / "results")
    assert found is not None
    return {name: (found / name).read_bytes() for name in DETERMINISTIC}


def test_a_model_without_a_price_is_refused_before_any_call(tmp_path):
    with served(Service()) as server:
        folder = laid_out(tmp_path / "world", server.url)
        done = run(folder, "--max-cost", "5")
        assert done.exit_code == 2
        assert "models.small: has no price" in done.stderr
        assert server.asked == Counter()


@pytest.mark.parametrize("limit", ["0", "-1", "nan", "inf", "much"])
def test_a_limit_that_is_none_is_refused(tmp_path, limit):
    folder = laid_out(tmp_path / "world", "http://127.0.0.1:9/v1", PRICE)
    done = run(folder, "--max-cost", limit)
    assert done.exit_code == 2
    assert "Traceback" not in done.output


def test_free_models_need_no_budget(tmp_path):
    folder = laid_out(tmp_path / "world", "x")
    text = (folder / "spec.yaml").read_text()
    simulated = text.replace(
        'openai, model: "simulated?skill=0.6", base_url: "x", identity: served', "simulated, skill: 0.6"
    )
    (folder / "spec.yaml").write_text(simulated)
    assert run(folder, "--max-cost", "0.000001").exit_code == 0
