"""Effects of interventional probes from their votes."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import false_discovery_control

from harness.analysis.audit.cards import audit
from harness.analysis.audit.interventions import with_q_values
from harness.analysis.audit.probe import audited_cells, find_probe
from harness.records.figures import Figure
from harness.statistics.multiplicity import benjamini_hochberg
from support.judged_runs import SCORE, dataset, run
from support.labelled import labels

N = 120
CODES = labels(N)


def probed(name, votes, clusters=None, models=("m",)):
    """A dataset whose first cell was asked for a probe."""
    data = dataset(CODES[: len(votes)], {model: CODES[: len(votes)] for model in models}, clusters=clusters)
    return replace(data, probed={f"fair/direct/judge:m/probe:{name}": np.asarray(votes, np.int8)})


def result(name, data):
    probe = find_probe(name)
    figures = probe.figures(audited_cells(data, SCORE, 7, {})[0])
    return figures, probe.sentence(figures)


@pytest.mark.parametrize("name", ["padding", "injection"])
def test_an_effect_is_the_net_share_of_items_that_move(name):
    votes = np.repeat(CODES[:, None], 4, axis=1)  # arms a and b, each in both orders
    votes[:30] = [0, 0, 2, 2]  # whichever response is changed wins
    votes[30:36] = [2, 2, 0, 0]
    figures, sentence = result(name, probed(name, votes))
    effect, p_value = figures[f"{name}.effect"], figures[f"{name}.p-value"]
    assert effect.value == pytest.approx(24 / N)
    assert (effect.method, effect.n, effect.units) == ("exact", N, N)
    assert 0 < effect.low < effect.value < effect.high
    assert p_value.value < 0.001
    assert 0 < figures[f"{name}.detectable"].value < 0.2
    assert "not distinguishable" not in sentence
    still, sentence = result(name, probed(name, np.repeat(CODES[:, None], 4, axis=1)))
    assert still[f"{name}.effect"].low < 0 < still[f"{name}.effect"].high
    assert "not distinguishable from 0" in sentence


def test_position_alone_is_no_effect_of_padding():
    """A judge that always prefers the first position: a in the given order, b in the swapped one."""
    figures, _ = result("padding", probed("padding", np.tile([0, 2, 0, 2], (N, 1))))
    assert figures["padding.effect"].value == 0
    figures, sentence = result("identical", probed("identical", np.tile([0, 2], (N, 1))))
    assert figures["identical.effect"].value == 1
    assert figures["identical.ties"].value == 0
    assert sentence.startswith("a tie in 0.00")


def test_clusters_count_once_and_failures_are_left_out():
    votes = np.tile([0, 0, 2, 2], (40, 1))
    votes[0] = [3, 0, 2, 2]
    figures, _ = result("padding", probed("padding", votes, clusters=np.arange(40) // 4))
    assert (figures["padding.effect"].n, figures["padding.effect"].units) == (39, 10)
    assert figures["padding.p-value"].value == pytest.approx(2 / 2**10)
    assert figures["padding.p-value"].unit == "cluster"
    failed, sentence = result("padding", probed("padding", np.full((40, 4), 5)))
    assert failed["padding.effect"].reason == "no item has a verdict for every change and order"
    assert sentence.startswith("unknown (")
    few, _ = result("padding", probed("padding", votes[:19]))
    assert few["padding.effect"].reason.startswith("fewer than 20 items")


def test_effects_that_were_not_asked_say_how_to_ask():
    for name in ("padding", "identical", "injection", "paraphrase"):
        figures, sentence = result(name, dataset(CODES, {"m": CODES}))
        assert all(figure.value is None for figure in figures.values())
        assert f"score: {{probes: [{name}]}}" in sentence


def test_q_values_cover_all_effects_of_a_run_and_count_a_shared_one_once():
    p_values = [0.01, 0.04, 0.03, 0.5]
    families = [(f"cell {k}", {"x.q-value": Figure(p), "x.effect": Figure(0.1)}) for k, p in enumerate(p_values)]
    found = with_q_values([*families, families[0], ("cell 9", {"x.q-value": Figure(None, reason="none")})])
    expected = false_discovery_control(p_values)
    assert [one["x.q-value"].value for one in found[:4]] == pytest.approx(expected.tolist())
    assert found[4] == found[0]
    assert found[0]["x.q-value"].reason == "Benjamini and Hochberg over 4 effects"
    assert found[5]["x.q-value"].value is None
    assert benjamini_hochberg(np.array([])).tolist() == []


def test_audit_shows_the_effects_of_the_cells_that_were_asked():
    data = probed("padding", np.tile([0, 0, 2, 2], (N, 1)), models=("m", "n"))
    (found,) = audit(run("one", data))
    asked, other = (card.results["padding"] for card in found.cards)
    assert asked.figures["padding.q-value"].reason == "Benjamini and Hochberg over 1 effects"
    assert "not asked" in other.sentence
    half = data.part(np.arange(N) < 60, [0])
    assert half.probed["fair/direct/judge:m/probe:padding"].shape == (60, 4)


def test_other_wording_has_an_effect_where_it_changes_more_than_asking_again_does():
    votes = np.repeat(CODES[:, None], 6, axis=1)  # as it is, once more, in other words; each in both orders
    votes[:, 4:] = np.where(np.arange(N)[:, None] < 30, (CODES[:, None] + 1) % 3, votes[:, 4:])
    votes[30:36, 2:4] = (votes[30:36, :1] + 1) % 3  # noise: a repeat differs
    figures, sentence = result("paraphrase", probed("paraphrase", votes))
    assert figures["paraphrase.effect"].value == pytest.approx(24 / N)
    assert figures["paraphrase.changed"].value == pytest.approx(30 / N)
    assert figures["paraphrase.repeat-changed"].value == pytest.approx(6 / N)
    assert figures["paraphrase.p-value"].value < 0.001
    assert sentence.startswith("0.25 [")
    assert find_probe("paraphrase").finding(figures).is_claimed


def test_verdicts_that_change_less_with_other_wording_are_no_finding():
    votes = np.repeat(CODES[:, None], 6, axis=1)
    votes[:40, 2:4] = (votes[:40, :1] + 1) % 3
    figures, sentence = result("paraphrase", probed("paraphrase", votes))
    assert figures["paraphrase.effect"].high < 0
    assert figures["paraphrase.q-value"].value < 0.001
    assert find_probe("paraphrase").finding(figures).kind == "nothing"
    assert "not distinguishable from 0" not in sentence


def test_noise_alone_is_no_effect_of_wording():
    claimed = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        votes = np.where(rng.random((N, 6)) < 0.3, rng.integers(0, 3, (N, 6)), CODES[:, None])
        figures, _ = result("paraphrase", probed("paraphrase", votes))
        claimed += find_probe("paraphrase").finding(figures).is_claimed
    assert claimed <= 4


def test_an_item_without_all_verdicts_does_not_count_for_wording():
    votes = np.repeat(CODES[:, None], 6, axis=1)
    votes[0, 5] = 4
    figures, _ = result("paraphrase", probed("paraphrase", votes))
    assert {figures[f"paraphrase.{one}"].n for one in ("effect", "changed", "repeat-changed")} == {N - 1}
