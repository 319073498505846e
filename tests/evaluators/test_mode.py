"""What a mode may leave out, and what counts in its place."""

from types import SimpleNamespace

import pytest

from harness.evaluators import mode as modes

CELL = object()
BARE = SimpleNamespace(calls_per_item=lambda cell, strategy: (1, (cell, strategy)))
ASKED = [
    # what is asked, without the attribute, the attribute, with it
    (lambda mode: list(modes.faults_of(mode, 3)), [], {"faults": lambda wanted: [wanted]}, [3]),
    (lambda mode: modes.unfit_reason(mode, "s", {"k": 1}), None, {"unfit": lambda s, k: (s, k)}, ("s", {"k": 1})),
    (lambda mode: modes.unfit_cell_reason(mode, CELL), None, {"unfit_cell": lambda cell: (cell, "x")}, (CELL, "x")),
    (modes.has_own_orders, False, {"OWN_ORDERS": True}, True),
    (modes.has_own_orders, False, {"OWN_ORDERS": False}, False),
    (modes.has_own_orders, False, {"stages": lambda cell: []}, True),
    (modes.has_own_orders, False, {"stages": lambda cell: [], "OWN_ORDERS": False}, True),
    (modes.asks_of_many, (), {"ASKS_OF_MANY": ["rank", "each"]}, ("rank", "each")),
    (modes.ranks_only, False, {"RANKS_ONLY": True}, True),
    (modes.ranks_only, False, {"RANKS_ONLY": False}, False),
    (lambda mode: modes.asks_once(mode, "q", "m"), False, {"asks_once": lambda q, m: (q, m) == ("q", "m")}, True),
    (lambda mode: modes.asks_once(mode, "q", "m"), False, {"asks_once": lambda q, m: False}, False),
    (lambda mode: modes.asks_once(mode, "q", "m"), False, {"asks_once": lambda q, m: True, "OWN_ORDERS": True}, False),
    (lambda mode: modes.variant_of(mode, {"k": 1}), "", {"variant": lambda settings: settings["k"]}, "1"),
    (
        lambda mode: modes.calls_for_ranking(mode, CELL, "s", 4),
        (1, (CELL, "s")),
        {"calls_for_ranking": lambda cell, strategy, responses: (strategy, responses)},
        ("s", 4),
    ),
]


@pytest.mark.parametrize(("asked", "without", "more", "found"), ASKED)
def test_what_a_mode_leaves_out_has_a_default(asked, without, more, found):
    assert asked(BARE) == without
    assert asked(SimpleNamespace(**vars(BARE), **more)) == found


@pytest.mark.parametrize(("name", "takes"), [("jury", False), ("nothing", False)])
def test_a_mode_that_is_not_there_takes_no_personas(name, takes):
    assert modes.takes_personas(name) is takes
