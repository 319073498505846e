"""What the fault injection itself promises."""

from __future__ import annotations

import asyncio
import json

import pytest
from click.testing import CliRunner

from harness.providers.simulation.__main__ import main
from harness.providers.simulation.app import App
from harness.providers.simulation.faults import FAULTS, Faulty, again

BODY = json.dumps({"model": "simulated", "messages": [{"role": "user", "content": "Hi."}]}).encode()
SCOPE = {"type": "http", "method": "POST", "path": "/v1/chat/completions"}


def answered(app, scope=SCOPE, body=BODY):
    events = []

    async def send(event):
        events.append(event)

    asyncio.run(app(dict(scope), again(body), send))
    return events[0]["status"], b"".join(event.get("body", b"") for event in events[1:])


def test_a_fault_heals_and_is_counted():
    app = Faulty(App(), {"500": 1.0}, heals_after=2)
    assert [answered(app)[0] for _ in range(3)] == [500, 500, 200]
    assert app.hits == {"500": 2}


def test_a_request_meets_the_same_fault_in_every_run():
    bodies = [BODY.replace(b"Hi.", f"Hi {n}.".encode()) for n in range(200)]
    runs = [[answered(Faulty(App(), {"500": 0.3}), body=body)[0] for body in bodies] for _ in range(2)]
    assert runs[0] == runs[1]
    assert 35 < runs[0].count(500) < 85


@pytest.mark.parametrize("kind", sorted(set(FAULTS) - {"hang", "drip", "huge"}))
def test_every_fault_is_what_it_says(kind):
    right = json.loads(answered(App())[1])
    code, body = answered(Faulty(App(), {kind: 1.0}))
    if kind[0] in "45":
        assert code == int(kind[:3])
        return
    assert code == 200
    if kind in ("cut", "malformed"):
        with pytest.raises(ValueError, match=r".+"):
            json.loads(body)
        return
    told = json.loads(body)
    if kind == "empty":
        assert told["choices"] == []
    elif kind == "null":
        assert told["choices"][0]["message"]["content"] is None
    else:
        assert told["choices"] == right["choices"]
        assert told["usage"] != right["usage"]


def test_other_requests_are_left_alone():
    app = Faulty(App(), {"500": 1.0})
    assert answered(app, {**SCOPE, "method": "GET", "path": "/v1/models"})[0] == 200


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--fault", "501=0.1"], "there is no fault `501`"),
        (["--fault", "500"], "must be KIND=RATE"),
        (["--fault", "500=2"], "must be between 0 and 1"),
    ],
)
def test_faults_that_cannot_be_are_told(words, told):
    shown = CliRunner().invoke(main, words)
    assert shown.exit_code == 2
    assert told in shown.output
