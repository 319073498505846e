"""What an experiment judges, pairs, single responses or several, and whether the parts of its spec agree on it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from harness import registry
from harness.data.column_names import COLUMNS, COLUMNS_OF_MANY, COLUMNS_OF_SINGLE
from harness.errors import Problem
from harness.prompting.single import labels_of, single_faults
from harness.records.experiment import Strategy
from harness.records.frozen import freeze
from harness.records.judgments import FAILURES
from harness.records.label_set import NUMBER, RANKED, VERDICT_LABELS, LabelSet
from harness.records.metric_names import fits, names_of, needs_of, probe_needs_of, soft_needs_of
from harness.records.rankings import RECORDED
from harness.spec.checks import CheckedDocument
from harness.spec.rankings import ASKS, MANY, ranking_problems
from harness.text import listed, quoted, suggestion

SINGLE = "single"
ASK = {SINGLE: ("single",), "pair": ("pair", "each"), MANY: ASKS}
"""What a strategy asks for, by what the experiment judges."""
COLUMNS_OF = {SINGLE: COLUMNS_OF_SINGLE, "pair": COLUMNS, MANY: COLUMNS_OF_MANY}
WORDS = {SINGLE: "single responses", "pair": "pairs", MANY: "several responses"}


def for_responses(strategies: Mapping[str, Strategy], responses: str | None, labels: str | None) -> dict[str, Strategy]:
    """The strategies as an experiment uses them.

    One that shows each response alone also serves single ones, and its scores stay numbers where labels are numbers.

    Args:
        strategies: by name.
        responses: what an item holds, as the spec says it.
        labels: `number` where labels are numbers.
    """
    if responses != SINGLE:
        return dict(strategies)
    single = {
        name: replace(one, ask="single", tie_margin=0) if one.ask == "each" else one for name, one in strategies.items()
    }
    return {name: _of_numbers(one) for name, one in single.items()} if labels == NUMBER else single


def _of_numbers(strategy: Strategy) -> Strategy:
    """The strategy with its scores kept as numbers; as it is where it gives no scores or turns them into labels."""
    rule = strategy.answer
    if strategy.ask != "single" or "scale" not in rule or {"as", "thresholds", "tokens"} & set(rule):
        return strategy
    return replace(strategy, answer=freeze({**rule, "as": NUMBER}))


def label_set_of(strategies: Mapping[str, Strategy], names: list[str], responses: str | None) -> LabelSet:
    """The labels of an experiment whose parts agree.

    Args:
        strategies: by name.
        names: of those that cells use.
        responses: `single` or `many`; `pair` or None for pairs.
    """
    if responses == MANY:
        return RANKED
    if responses != SINGLE:
        return VERDICT_LABELS
    return next((labels_of(strategies[name]) for name in names if name in strategies), VERDICT_LABELS)


def response_problems(checked: CheckedDocument, strategies: Mapping[str, Strategy]) -> Iterator[Problem]:
    """Parts of a spec that do not fit what it judges.

    Args:
        checked: the spec.
        strategies: by name; the faults of those of the spec itself are reported elsewhere.
    """
    kind = checked.part("responses") or "pair"
    named = [
        (index, strategies[name])
        for index, name in enumerate(checked.part("matrix", "strategy") or ())
        if isinstance(name, str) and name in strategies and not _is_reported(checked, strategies[name])
    ]
    wrong = list(_strategy_problems(checked, kind, named))
    yield from wrong
    yield from _column_problems(checked, kind)
    if kind == SINGLE:
        yield from _pair_options(checked)
    elif checked.part("labels") is not None:
        hint = "write `responses: single`, or leave it out"
        yield checked.document.problem(("labels",), "`labels` is for single responses", hint=hint, key=True)
    if kind == MANY:
        yield from ranking_problems(checked)
    yield from _recording_problems(checked, kind)
    fitting = [
        strategy.name
        for _, strategy in named
        if strategy.ask in ASK[kind] and (kind != SINGLE or not _scale_faults(strategy))
    ]
    if kind == SINGLE and (not fitting or (wrong and checked.part("labels") != NUMBER)):
        return
    labels = label_set_of(strategies, fitting, kind)
    if not labels.is_ranking:
        yield from _label_problems(checked, labels)
    yield from _metric_problems(checked, labels)


def _strategy_problems(checked: CheckedDocument, kind: str, named: list[tuple[int, Strategy]]) -> Iterator[Problem]:
    """Strategies that ask about something else, or that give other labels than the first one."""
    first: Strategy | None = None
    for index, strategy in named:
        place = ("matrix", "strategy", index)
        if strategy.ask not in ASK[kind]:
            yield _wrong_strategy(checked, kind, strategy, place)
        elif kind == SINGLE and (faults := _scale_faults(strategy)):
            yield from (checked.document.problem(place, message, hint=hint) for message, hint in faults)
        elif kind == SINGLE and checked.part("labels") == NUMBER and not labels_of(strategy).is_number:
            message = f"the strategy {quoted(strategy.name)} gives {listed(labels_of(strategy).names)}, and no numbers"
            hint = "this spec has `labels: number`: take one whose answer is a score without `thresholds`"
            yield checked.document.problem(place, message, hint=hint)
        elif kind == SINGLE and first is None:
            first = strategy
        elif kind == SINGLE and first is not None and labels_of(strategy) != labels_of(first):
            one, other = (_given(labels_of(each)) for each in (strategy, first))
            message = f"the strategy {quoted(strategy.name)} gives {one}, and {quoted(first.name)} gives {other}"
            hint = "give both the same labels in the same order; a score becomes labels by `answer: {thresholds: …}`"
            if labels_of(strategy).is_number or labels_of(first).is_number:
                hint = "give both the same scale; `labels: number` in the spec keeps all scores as numbers"
            yield checked.document.problem(place, message, hint=hint)


def _given(labels: LabelSet) -> str:
    """The labels of a strategy in words."""
    return listed(labels.names) if labels.scale is None else labels.described


def _wrong_strategy(checked: CheckedDocument, kind: str, strategy: Strategy, place: tuple[str | int, ...]) -> Problem:
    """A strategy that asks about something else than what the experiment judges."""
    other = {"single": SINGLE, "rank": MANY, "best": MANY}.get(strategy.ask, "pair")
    what = {SINGLE: "a single response", "pair": "a pair of responses", MANY: "several responses"}[other]
    hint = {
        "pair": f"write `responses: {other}` at the top of the spec, or take another strategy",
        SINGLE: "this spec has `responses: single`: take one with `ask: single` or `each`, such as `pass-fail`",
        MANY: "this spec has `responses: many`: take one with `ask: rank`, `best`, `each` or `pair`",
    }[kind]
    return checked.document.problem(place, f"the strategy {quoted(strategy.name)} asks about {what}", hint=hint)


def _is_reported(checked: CheckedDocument, strategy: Strategy) -> bool:
    """Whether a strategy of the spec for single responses gives no labels, which its own check reports."""
    own = (checked.part("strategies", strategy.name) or {}).get("ask") == "single"
    return own and any(True for _ in single_faults(strategy.answer))


def _scale_faults(strategy: Strategy) -> list[tuple[str, str]]:
    """Why a strategy that shows each response alone gives no labels."""
    return [(f"the strategy {quoted(strategy.name)}: {what}", hint) for _, what, hint in single_faults(strategy.answer)]


def _column_problems(checked: CheckedDocument, kind: str) -> Iterator[Problem]:
    """Columns of the other kind of data."""
    known = COLUMNS_OF[kind]
    for name in checked.names("datasets"):
        for column in checked.part("datasets", name, "columns") or ():
            if column not in known:
                place, hint = ("datasets", name, "columns", column), f"its columns are {listed(known)}"
                if kind == "pair":
                    other = SINGLE if column in COLUMNS_OF_SINGLE else MANY
                    hint = f"write `responses: {other}` at the top of the spec, or name `response_a` and `response_b`"
                message = f"a dataset of {WORDS[kind]} has no column `{column}`"
                yield checked.document.problem(place, message, hint=hint, key=True)
        if kind == SINGLE and isinstance(checked.part("datasets", name, "columns", "label"), Mapping):
            message, hint = "shares are of verdicts on pairs", "name one column of labels"
            yield checked.document.problem(("datasets", name, "columns", "label"), message, hint=hint, key=True)


def _pair_options(checked: CheckedDocument) -> Iterator[Problem]:
    """Options that only pairs have."""
    for index, order in enumerate(checked.part("matrix", "order") or ()):
        if order != "given":
            message, hint = f"a single response has no order `{order}`", "leave `order` out"
            yield checked.document.problem(("matrix", "order", index), message, hint=hint)
    if checked.part("matrix", "collapse") == "all-votes":
        message, hint = (
            "`all-votes` counts both orders, and a single response has one",
            "use `majority` or `mean-score`",
        )
        yield checked.document.problem(("matrix", "collapse"), message, hint=hint)
    if checked.part("score", "calibration"):
        message = "a calibration maps soft verdicts on pairs"
        yield checked.document.problem(("score", "calibration"), message, hint="leave it out", key=True)


def _recording_problems(checked: CheckedDocument, kind: str) -> Iterator[Problem]:
    """Columns of a recording that are about something else than what is judged."""
    hints = {
        SINGLE: "name a column of labels as `label`, of scores as `score`, of replies as `text`",
        "pair": "name a column of verdicts as `verdict`, of scores as `score_a` and `score_b`",
        MANY: f"name a column as {listed(RECORDED)}, or that of replies as `text`, which the answer rule reads",
    }
    foreign = {
        **dict.fromkeys(PAIR_FIELDS if kind == SINGLE else PAIR_VALUES if kind == MANY else (), "a pair"),
        **dict.fromkeys(SINGLE_FIELDS if kind != SINGLE else (), "a single response"),
        **dict.fromkeys(RECORDED if kind != MANY else (), "several responses"),
    }
    for name in checked.names("models"):
        columns = checked.part("models", name, "columns")
        for path, key in _columns_in(columns) if isinstance(columns, Mapping) else ():
            if key in foreign:
                message, place = f"`{key}` of a recording is about {foreign[key]}", ("models", name, "columns", *path)
                yield checked.document.problem(place, message, hint=hints[kind], key=True)


def _columns_in(columns: Mapping[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """The keys of `columns` of a recording, each with its path, also under `given` and `swapped`."""
    for key, value in columns.items():
        yield (key,), key
        if key in ("given", "swapped"):
            for at, one in enumerate(value if isinstance(value, list | tuple) else [value]):
                inner = (key, at) if isinstance(value, list | tuple) else (key,)
                yield from (((*inner, name), name) for name in (one if isinstance(one, Mapping) else ()))


SINGLE_FIELDS = ("label", "score")
"""Columns of a recording that say what was judged of a single response."""
PAIR_VALUES = ("verdict", "text_a", "text_b", "score_a", "score_b", "preference", "p_a", "confidence")
"""Columns of a recording that say what was judged of a pair."""
PAIR_FIELDS = ("verdict", "score_a", "score_b", "preference", "p_a", "order", "given", "swapped")
"""Columns of a recording that single responses do not have."""


def _recorded_labels(checked: CheckedDocument, labels: LabelSet) -> Iterator[Problem]:
    """Recorded labels where labels are numbers, and meanings that are neither labels nor failures."""
    for name in checked.names("models"):
        if labels.is_number and "label" in (checked.part("models", name, "columns") or {}):
            place = ("models", name, "columns", "label")
            yield checked.document.problem(
                place, "labels are numbers here", hint="name the column as `score`", key=True
            )
        for word, label in (checked.part("models", name, "label_values") or {}).items():
            if label not in labels.names and label not in FAILURES:
                message = f"{quoted(str(label))} is neither a label of this spec nor a failure"
                hint = suggestion(str(label), labels.names) or f"the labels are {listed(labels.names)}"
                yield checked.document.problem(("models", name, "label_values", word), message, hint=hint)


def _label_problems(checked: CheckedDocument, labels: LabelSet) -> Iterator[Problem]:
    """Meanings of labels that are no labels of the experiment."""
    if not labels.is_pair:
        yield from _recorded_labels(checked, labels)
    for name in checked.names("datasets"):
        for word, label in (checked.part("datasets", name, "label_values") or {}).items():
            if labels.is_number:
                place, message = (
                    ("datasets", name, "label_values"),
                    "labels are numbers here, and words have no meaning",
                )
                yield checked.document.problem(
                    place, message, hint="leave it out, and write numbers in the file", key=True
                )
                break
            if label not in labels.names:
                message = f"{quoted(str(label))} is no label of this spec"
                hint = suggestion(str(label), labels.names) or f"the labels are {listed(labels.names)}"
                yield checked.document.problem(("datasets", name, "label_values", word), message, hint=hint)


def _soft_need(name: str, labels: LabelSet) -> str:
    """Why a metric of soft verdicts is not for the labels; "" where it is, and of an installed one that is broken."""
    return "" if registry.fault("soft_metrics", name) else soft_needs_of(name, labels)


def _metric_problems(checked: CheckedDocument, labels: LabelSet) -> Iterator[Problem]:
    """Metrics and probes that are not known, or not for these labels."""
    soft = () if labels.is_ranking else registry.names("soft_metrics")
    for index, name in enumerate(checked.part("score", "metrics") or ()):
        place = ("score", "metrics", index)
        if name in soft and (need := _soft_need(name, labels)):
            message, hint = f"the metric {quoted(name)} {need}", f"known here: {listed(names_of(labels))}"
            yield checked.document.problem(place, message, hint=hint)
        elif name not in soft and not fits(name, labels):
            need = needs_of(name, labels)
            message = f"the metric {quoted(name)} {need}" if need else f"there is no metric {quoted(name)}"
            known = names_of(labels) if not labels.is_pair else [*registry.names("metrics"), *soft]
            yield checked.document.problem(place, message, hint="" if need else suggestion(name, known))
    probes = registry.names("probes")
    for index, name in enumerate(checked.part("score", "probes") or ()):
        place = ("score", "probes", index)
        if name not in probes:
            yield checked.document.problem(place, f"there is no probe {quoted(name)}", hint=suggestion(name, probes))
        elif why := probe_needs_of(name, labels):
            message = f"the probe {quoted(name)} {why}"
            yield checked.document.problem(place, message, hint="leave it out")
    metrics = checked.part("score", "metrics") or ()
    first = metrics[0] if metrics else None
    has_no_best = first in soft and registry.find("soft_metrics", first).DIRECTION == "none"
    if checked.part("score", "holdout") is not None and has_no_best:
        message = f"no evaluator is better by {quoted(str(first))}, so that none is chosen on a part of the items"
        yield checked.document.problem(("score", "holdout"), message, hint="put another metric first")
