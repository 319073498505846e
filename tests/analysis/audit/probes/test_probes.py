"""Each probe finds what was put there, and nothing where nothing was."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from harness import registry
from harness.analysis.audit.cards import audit, with_probes
from harness.analysis.audit.families import family_of, own_families
from harness.analysis.audit.probe import audited_cells, find_probe
from harness.errors import InputError
from harness.records.experiment import Cell
from harness.scoring.score import score_dataset
from support.judged_runs import SCORE, dataset, run
from support.labelled import judge, labels

N = 300
CODES = labels(N)
SCORES = np.array([1, 0, -1])
VERDICT_OF = {1: 0, 0: 1, -1: 2}


def with_facts(data, **columns):
    """The dataset with other facts about its items."""
    return replace(data, frame=data.frame.with_columns(pl.Series(name, values) for name, values in columns.items()))


def probe_result(name, data, at=0, models=None):
    audited = audited_cells(data, SCORE, 7, models or {})[at]
    probe = find_probe(name)
    figures = probe.figures(audited)
    sentence = probe.sentence(figures)
    assert "nan" not in sentence.lower()
    for figure in figures.values():
        assert figure.value is None or figure.value == figure.value
        assert figure.reason or figure.low is not None
    return figures, sentence


def swayed(rng, by):
    """Verdicts of a judge that follows the labels but is moved by something."""
    pull = SCORES[CODES] + by + rng.normal(0, 0.7, N)
    return np.where(pull > 0.5, 0, np.where(pull < -0.5, 2, 1)).astype(np.int8)


@pytest.fixture
def world():
    rng = np.random.default_rng(11)
    lengths = rng.integers(50, 800, (N, 2))
    kin = rng.choice(["gpt-4o", "llama-3"], (N, 2))
    doubling = np.log2(lengths[:, 0] + 1) - np.log2(lengths[:, 1] + 1)
    family = (kin[:, 0] == "gpt-4o").astype(float) - (kin[:, 1] == "gpt-4o")
    judges = {
        "gpt-4o-mini": swayed(rng, 0),
        "gpt-long": swayed(rng, 0.4 * doubling),
        "gpt-kin": swayed(rng, 0.8 * family),
    }
    facts = {"length_a": lengths[:, 0], "length_b": lengths[:, 1], "model_a": kin[:, 0], "model_b": kin[:, 1]}
    return with_facts(dataset(CODES, judges), **facts)


@pytest.mark.parametrize(("probe", "biased"), [("length", 1), ("family", 2)])
def test_a_bias_is_found_where_it_was_put_and_nowhere_else(world, probe, biased):
    """Here length and family have nothing to do with quality, so that the bound is narrow."""
    for at in range(3):
        figures, sentence = probe_result(probe, world, at)
        difference, beyond = figures[f"{probe}.difference"], figures[f"{probe}.beyond-quality"]
        assert (difference.low > 0) == (at == biased), sentence
        assert (beyond.low > 0) == (at == biased), sentence
        assert ("is more than quality can explain" in sentence) == (at == biased)
        assert abs(figures[f"{probe}.labels"].value) < 0.25  # people were not swayed
        assert figures[f"{probe}.instrumented"].reason == "fewer than two annotators"
        assert difference.n == N


def confounded(seed, n=300, people=1):
    """A judge without a length bias, and longer responses where they are better."""
    rng = np.random.default_rng(seed)
    quality = rng.normal(size=n)
    doubling = 0.6 * quality + 0.8 * rng.normal(size=n)
    lengths = np.column_stack([np.round(2000 * 2**doubling), np.full(n, 2000)]).astype(int)

    def said():
        sharp = quality + 0.5 * rng.normal(size=n)
        return np.where(np.abs(sharp) < 0.3, 1, np.where(sharp > 0, 0, 2)).astype(np.int8)

    codes = np.column_stack([said() for _ in range(people)])
    words = [[("a", "tie", "b")[code] for code in row] for row in codes]
    data = with_facts(dataset(codes[:, 0], {"m": said()}), length_a=lengths[:, 0], length_b=lengths[:, 1])
    return replace(with_facts(data, labels=words), annotators=tuple(f"p{k}" for k in range(people)))


def test_a_judge_without_a_bias_is_not_accused_where_longer_responses_are_better():
    """The first edition claimed a length bias in nearly all of these worlds."""
    claimed = differs = 0
    for seed in range(60):
        figures, sentence = probe_result("length", confounded(seed))
        assert figures["length.judge"].low > 0
        claimed += "more than quality can explain" in sentence
        differs += not figures["length.difference"].low <= 0 <= figures["length.difference"].high
    assert claimed == 0
    assert differs <= 8  # 5 % of 60 and two standard errors; quality is read equally sharply here


def test_several_annotators_give_an_estimate_beside_quality():
    figures, sentence = probe_result("length", confounded(1, people=3))
    assert figures["length.instrumented"].low <= 0 <= figures["length.instrumented"].high
    assert "instrumented" not in sentence


@pytest.mark.slow
def test_false_alarms_are_as_rare_as_the_level_says():
    alarms = 0
    for seed in range(200):
        lengths = np.random.default_rng(1000 + seed).integers(50, 800, (60, 2))  # a generator of their own
        codes = labels(60, seed)
        data = dataset(codes, {"m": judge(codes, 0.6, 5000 + seed)})
        data = with_facts(data, length_a=lengths[:, 0], length_b=lengths[:, 1])
        difference = probe_result("length", data)[0]["length.difference"]
        alarms += difference.low is not None and not difference.low <= 0 <= difference.high
    assert alarms <= 20  # 5 % of 200 and three standard errors


@pytest.mark.parametrize("wrong", [0, 1, 9])
def test_a_judge_that_is_nearly_always_right_has_no_slope_beside_the_labels(wrong):
    """The first edition gave such a judge slopes with errors of nearly 0, and biases in up to .70 of the worlds."""
    judged = CODES.copy()
    judged[:wrong] = (judged[:wrong] + 1) % 3
    rng = np.random.default_rng(4)
    data = with_facts(
        dataset(CODES, {"m": judged}), length_a=rng.integers(50, 800, N), length_b=rng.integers(50, 800, N)
    )
    figures, sentence = probe_result("length", data)
    assert figures["length.judge"].value is not None
    for name in ("difference", "beyond-quality", "instrumented"):
        assert figures[f"length.{name}"].value is None
    assert f"its verdict differs from the label on {wrong} items: too few to tell" in sentence
    assert "0.00 [0.00, 0.00]" not in sentence


def test_a_judge_that_hardly_varies_has_no_slope():
    rng = np.random.default_rng(4)
    lengths = {"length_a": rng.integers(50, 800, N), "length_b": rng.integers(50, 800, N)}
    figures, sentence = probe_result("length", with_facts(dataset(CODES, {"m": np.zeros(N)}), **lengths))
    assert figures["length.judge"].reason.startswith("verdicts differ from the most frequent one on 0 items")
    assert "goes with unknown (verdicts differ" in sentence
    rare = {"length_a": np.where(np.arange(N) < 9, 900, 100), "length_b": np.full(N, 100)}
    _, sentence = probe_result("length", with_facts(dataset(CODES, {"m": judge(CODES, 0.7)}), **rare))
    assert "its values differ from the most frequent one on 9 items" in sentence


def test_without_labels_the_slope_of_the_verdicts_is_shown_alone():
    rng = np.random.default_rng(4)
    data = with_facts(dataset(np.full(N, -1), {"m": CODES}), length_a=rng.integers(50, 800, N))
    figures, sentence = probe_result("length", data)
    assert figures["length.judge"].value is not None
    assert figures["length.difference"].reason == "no reference labels"
    assert sentence.endswith("is unknown (no reference labels)")


def test_where_nothing_varies_or_is_known_a_bias_cannot_be_told():
    figures, sentence = probe_result("length", dataset(CODES, {"m": judge(CODES, 0.7)}))
    assert figures["length.judge"].value is None
    assert "unknown (constant over the items" in sentence
    figures, sentence = probe_result("family", dataset(CODES, {"m": judge(CODES, 0.7)}))
    assert "unknown in the dataset" in sentence
    few = dataset(CODES[:10], {"m": judge(CODES[:10], 0.7)})
    assert "fewer than 20" in probe_result("length", few)[0]["length.judge"].reason
    clustered = dataset(CODES[:40], {"m": judge(CODES[:40], 0.7)}, clusters=np.arange(40) // 10)
    assert "clusters" in probe_result("length", clustered)[0]["length.judge"].reason


def voted(votes, **cell):
    data = dataset(CODES, {"m": votes[:, 0]})
    return replace(data, cells=(Cell("fair", "direct", "judge", ("m",), **cell),), votes=(votes.astype(np.int8),))


def test_position_reports_flips_of_orders_and_of_repeats():
    rng = np.random.default_rng(2)
    first = np.where(rng.random(N) < 0.4, 0, CODES)
    second = np.where(rng.random(N) < 0.4, 2, CODES)
    figures, sentence = probe_result("position", voted(np.column_stack([first, second]), order="both"))
    assert figures["position.flip-rate"].value == pytest.approx((first != second).mean())
    assert figures["position.slot-preference"].value == 1
    assert "without repeats, bias and noise cannot be separated" in sentence
    assert "the first does on 1.00" in sentence
    votes = np.column_stack([first, first, second, second])
    _, sentence = probe_result("position", voted(votes, order="both", repeats=2))
    assert "of repeats in one order 0.00" in sentence
    steady = np.column_stack([CODES, CODES])
    assert "flip rate 0.00" in probe_result("position", voted(steady, order="both"))[1]
    figures, sentence = probe_result("position", dataset(CODES, {"m": CODES}))
    assert "one order only" in sentence


def test_self_agreement_is_that_of_repeats():
    votes = np.column_stack([CODES, np.where(np.arange(N) < 30, (CODES + 1) % 3, CODES)])
    figures, sentence = probe_result("self-agreement", voted(votes, repeats=2))
    assert figures["self-agreement.repeats"].value == pytest.approx(0.9)
    assert "0.90" in sentence
    assert "no repeats" in probe_result("self-agreement", dataset(CODES, {"m": CODES}))[1]


def test_failures_are_counted_by_kind_most_frequent_first():
    failing = np.where(np.arange(N) < 30, 3, np.where(np.arange(N) < 36, 6, CODES))
    figures, sentence = probe_result("failures", dataset(CODES, {"m": failing}))
    assert figures["failures.all"].value == pytest.approx(0.12)
    assert sentence.index("unparsed") < sentence.index("unavailable")
    assert probe_result("failures", dataset(CODES, {"m": CODES}))[1] == f"every item has a verdict (n = {N})"


def test_marginals_compare_verdicts_with_labels():
    figures, _ = probe_result("marginals", dataset(CODES, {"m": np.ones(N)}))
    assert figures["marginals.tie.judge"].value == 1
    assert figures["marginals.tie.labels"].value == pytest.approx((CODES == 1).mean())
    assert figures["marginals.tie.excess"].low > 0
    assert "not distinguishable from 0" in probe_result("marginals", dataset(CODES, {"m": CODES}))[1]
    assert "share of ties: unknown" in probe_result("marginals", dataset(np.full(N, -1), {"m": CODES}))[1]


def test_constant_baseline_is_the_most_frequent_label():
    figures, sentence = probe_result("constant", dataset(CODES, {"m": judge(CODES, 0.9)}))
    most = np.bincount(CODES).max() / N
    assert figures["constant.accuracy"].value == pytest.approx(most)
    assert figures["constant.gain"].low > 0
    constant = np.full(N, np.bincount(CODES).argmax())
    figures, sentence = probe_result("constant", dataset(CODES, {"m": constant}))
    assert figures["constant.gain"].value == 0
    assert "not distinguishable from 0" in sentence
    assert "unknown" in probe_result("constant", dataset(np.full(N, -1), {"m": CODES}))[1]


def many_people(skill=0.8, people=3):
    rng = np.random.default_rng(6)
    said = [judge(CODES, skill, int(rng.integers(1000))) for _ in range(people)]
    words = [[("a", "tie", "b")[column[k]] for column in said] for k in range(N)]
    data = with_facts(dataset(CODES, {"good": judge(CODES, 0.95, 5), "poor": judge(CODES, 0.2, 6)}), labels=words)
    return replace(data, annotators=tuple(f"p{k}" for k in range(people)))


def test_ceiling_compares_the_evaluator_with_a_person_like_for_like():
    data = many_people()
    figures, sentence = probe_result("ceiling", data)
    assert figures["ceiling.people"].low < figures["ceiling.people"].value < figures["ceiling.people"].high
    assert figures["ceiling.difference"].low > 0
    assert "agreement with the other annotators:" in sentence
    assert probe_result("ceiling", data, 1)[0]["ceiling.difference"].high < 0
    assert "fewer than two annotators" in probe_result("ceiling", dataset(CODES, {"m": CODES}))[1]


def test_ceiling_of_an_evaluator_that_answers_as_people_do():
    """The first edition compared a judge with single people and people with a majority: .490 beside .618."""
    data = many_people(skill=0.6)
    person = replace(data, outcomes=np.column_stack([judge(CODES, 0.6, 77), CODES]).astype(np.int8))
    figures, sentence = probe_result("ceiling", person)
    assert figures["ceiling.difference"].low < 0 < figures["ceiling.difference"].high
    assert sentence.endswith("not distinguishable from 0")


def test_ceiling_without_items_that_two_people_labelled():
    data = many_people(people=2)
    words = [["a", None] if k % 2 else [None, "b"] for k in range(N)]
    figures, _ = probe_result("ceiling", with_facts(data, labels=words))
    assert figures["ceiling.people"].reason == "no item has two labels"
    same = with_facts(data, labels=[["a", "a"]] * N)
    assert "all reference labels are the same" in probe_result("ceiling", same)[1]


def test_the_interval_of_the_ceiling_shrinks_with_the_items():
    data = many_people()
    half = data.part(np.arange(N) < N // 4, [0])
    width = [
        one.high - one.low for one in (probe_result("ceiling", part)[0]["ceiling.people"] for part in (data, half))
    ]
    assert width[1] / width[0] == pytest.approx(2, rel=0.35)


def test_alternative_annotator_test():
    data = many_people()
    assert probe_result("alternative-annotator", data)[1].startswith("passed: ")
    assert "not passed: " in probe_result("alternative-annotator", data, 1)[1]
    assert "fewer than three annotators" in probe_result("alternative-annotator", many_people(people=2))[1]
    few = data.part(np.arange(N) < 25, [0])
    assert "no annotator has 30 items" in probe_result("alternative-annotator", few)[1]


def test_win_rates_by_every_convention_and_bounds_for_failures():
    judged = np.array([2] * 100 + [1] * 100 + [0] * 90 + [3] * 10)
    figures, _ = probe_result("win-rate", dataset(CODES, {"m": judged}))
    assert figures["win-rate.half"].value == pytest.approx(150 / 290)
    assert figures["win-rate.ties-lose"].value == pytest.approx(100 / 290)
    assert figures["win-rate.ties-dropped"].value == pytest.approx(100 / 190)
    assert figures["win-rate.failures-lose"].value == pytest.approx(0.5)
    assert figures["win-rate.failures-win"].value == pytest.approx(160 / 300)
    assert probe_result("win-rate", dataset(CODES, {"m": np.ones(N)}))[0]["win-rate.ties-dropped"].value is None
    assert "unknown (no item has a verdict)" in probe_result("win-rate", dataset(CODES, {"m": np.full(N, 3)}))[1]


def ranked(codes, judged, clusters=None):
    """Responses by four systems, the better the later its name, and what people and a judge say."""
    rng = np.random.default_rng(3)
    first, second = (rng.integers(0, 4, N), rng.integers(0, 4, N))
    better = np.where(first == second, 1, np.where(first > second, 0, 2))
    data = dataset(better if codes is None else codes, {"m": judged(better)}, clusters=clusters)
    return with_facts(data, model_a=[f"s{k}" for k in first], model_b=[f"s{k}" for k in second])


def test_a_judge_that_ranks_systems_in_reverse_has_minus_one():
    figures, sentence = probe_result("rankings", ranked(None, lambda better: 2 - better))
    for way in ("win-rate", "bradley-terry"):
        for name in ("kendall", "spearman"):
            figure = figures[f"rankings.{way}.{name}"]
            assert (figure.value is None and way == "bradley-terry") or figure.value == pytest.approx(-1)
    assert figures["rankings.systems"].value == 4
    assert sentence.startswith("ranking of 4 systems by win rate, against people's on the same items: Kendall −1.00")


def test_rankings_rest_on_items_with_a_label_a_verdict_and_two_writers():
    def noisy(better):
        return np.where(np.arange(N) % 7 == 0, 3, np.where(np.arange(N) % 4 == 0, 2 - better, better))

    data = ranked(None, noisy, clusters=[k // 3 for k in range(N)])
    labels_of = np.where(np.arange(N) % 5 == 0, None, data.frame["reference"].to_numpy())
    data = with_facts(data, reference=list(labels_of))
    figures, sentence = probe_result("rankings", data)
    differs = np.array(data.models_a) != np.array(data.models_b)
    tau = figures["rankings.win-rate.kendall"]
    assert tau.n == (differs & (np.arange(N) % 7 > 0) & (np.arange(N) % 5 > 0)).sum()
    assert (tau.unit, tau.method, tau.units <= 100) == ("cluster", "percentile", True)
    assert tau.low <= tau.value <= tau.high
    assert "; by Bradley-Terry strength Kendall unknown (no finite" in sentence  # people never prefer a worse system
    few = data.part(np.arange(N) < 30, [0])
    assert probe_result("rankings", few)[0]["rankings.win-rate.kendall"].reason


def test_rankings_without_writers_labels_or_verdicts_are_unknown():
    for data, reason in (
        (dataset(CODES, {"m": CODES}), "the data do not name the writers"),
        (ranked(np.full(N, -1), lambda better: better), "no reference labels"),
        (ranked(None, lambda better: np.full(N, 3)), "no labelled item has a verdict"),
    ):
        figures, sentence = probe_result("rankings", data)
        assert reason in figures["rankings.systems"].reason
        assert sentence.startswith(f"ranking of systems: unknown ({reason}")


@pytest.mark.parametrize(
    ("codes", "judged", "clusters"),
    [
        (CODES[:1], CODES[:1], None),
        (np.full(N, -1), CODES, None),
        (np.ones(N, int), np.ones(N), None),
        (CODES, np.full(N, 3), None),
        (CODES, CODES, np.zeros(N, int)),
    ],
    ids=["one item", "no labels", "all ties", "all failed", "one cluster"],
)
@pytest.mark.parametrize("name", registry.names("probes"))
def test_undefined_figures_have_a_reason(name, codes, judged, clusters):
    probe_result(name, dataset(codes, {"m": judged}, clusters=clusters))


def test_audit_has_a_card_for_every_cell_and_agreement_among_cells(world):
    (found,) = audit(run("one", world))
    assert [card.cell.id for card in found.cards] == [cell.id for cell in world.cells]
    assert set(found.cards[0].results) == set(registry.names("probes"))
    assert 0 < found.among["fleiss-kappa"].value < 1
    assert found.among["krippendorff-alpha"].n == N
    (alone,) = audit(run("one", dataset(CODES, {"m": CODES})))
    assert "only one cell" in alone.among["fleiss-kappa"].reason
    (still,) = audit(run("one", dataset(CODES, {"m": CODES * 0, "n": CODES * 0})))
    assert "all verdicts are the same" in still.among["krippendorff-alpha"].reason


def test_ties_by_scale_and_failures_by_model():
    failing = np.where(np.arange(N) < 30, 3, CODES)
    data = dataset(CODES, {"m": np.ones(N), "n": failing})
    strategies = {"direct": {"answer": {"kind": "verdict"}}}
    (found,) = audit(run("one", data, strategies=strategies))
    assert found.failures["n"].value == pytest.approx(0.1)
    assert found.failures["m"].value == 0
    assert set(found.ties) == {"no scale"}
    strategies["direct"]["answer"]["scale"] = {"min": 1, "max": 5}
    (found,) = audit(run("one", data, strategies=strategies))
    assert found.ties["1 to 5"].low < found.ties["1 to 5"].value < found.ties["1 to 5"].high
    (failed,) = audit(run("one", dataset(CODES, {"m": np.full(N, 3)})))
    assert failed.ties["no scale"].value is None


def test_cell_is_found_with_or_without_its_dataset(world):
    for name in ("fair/direct/judge:gpt-kin", "direct/judge:gpt-kin"):
        (found,) = audit(run("one", world), cell=name)
        assert [card.cell.models for card in found.cards] == [("gpt-kin",)]
    with pytest.raises(InputError, match="did you mean"):
        audit(run("one", world), cell="direct/judge:gpt-kim")
    with pytest.raises(InputError, match="known: "):
        audit(run("one", world), cell="?")


def test_probes_of_a_spec_are_companions_of_its_scores(world):
    scored = score_dataset(world.cells, world, world.outcomes, SCORE, 7, world.usage, world.votes)
    (found,) = with_probes([(scored, world)], replace(SCORE, probes=("length", "win-rate")), 7, {})
    assert {"length.difference", "win-rate.half"} <= set(found.scores[0].figures)
    assert found.scores[0].figures["kappa"] == scored.scores[0].figures["kappa"]


NAMES = {
    "gpt-4o-mini": "gpt",
    "meta-llama/Meta-Llama-3.1-8B": "llama",
    "google/gemma-2-9b-it": "gemma",
    "7b": "b",
    "4": "",
}


@pytest.mark.parametrize(("name", "family"), NAMES.items())
def test_family_is_the_first_word_of_a_model_name(name, family):
    assert family_of(name) == family


def test_family_of_a_simulated_model_is_set_by_the_spec():
    models = {"x": {"provider": "simulated", "family": "ada"}, "y": {"provider": "simulated"}, "z": {"model": "gpt-4o"}}
    assert own_families(models, ("x", "y", "z")) == {"ada", "gpt"}


@pytest.mark.parametrize(
    ("mode", "reason"), [("jury", "counted from the judgments of other cells"), ("judge", "no judgment has votes")]
)
def test_cells_without_votes_have_a_reason(mode, reason):
    settings = {"of": ["m", "n"], "vote": "majority", "quorum": 0, "weights": None} if mode == "jury" else {}
    cell = Cell("fair", "direct", mode, ("m",), order="both", repeats=2, settings=settings)
    data = replace(dataset(CODES, {"m": CODES}), cells=(cell,), votes=(None,))
    for name, figure in (("position", "position.flip-rate"), ("self-agreement", "self-agreement.repeats")):
        figures, sentence = probe_result(name, data)
        assert (figures[figure].value, figures[figure].reason) == (None, reason)
        assert reason in sentence
