"""Tables of labels of single responses: which labels there are, what words mean, and the strategy of the spec."""

from __future__ import annotations

import itertools
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harness import registry
from harness.api.table_question import TableQuestion
from harness.api.table_reading import MAX_SHOWN
from harness.api.table_values import Words
from harness.errors import InputError, Problem
from harness.prompting.single import labels_of_rule
from harness.records.judgments import FAILURES
from harness.records.label_set import MOST
from harness.records.metric_names import fits, names_of, needs_of, soft_needs_of
from harness.text import listed, pluralized, printable, quoted, suggestion

LABELLED = "recorded-labels"
"""The strategy of judges in a table of single responses."""
NAME = re.compile(r"[a-z0-9][a-z0-9_.+-]{0,39}")
"""What a label may be called, as in a strategy."""
MAX_NUMBERS = 3
"""Numbers that a message lists."""
USER = "{{ prompt }}\n{{ response }}\n{{ answer_format }}"


def check_labels(question: TableQuestion) -> None:
    """Check what a user says about a table of single responses, and that nothing of it is about pairs.

    Raises:
        InputError: with everything that is wrong.
    """
    found = list(_problems_of_single(question) if question.is_single else _problems_of_pairs(question))
    if not found and question.is_single:
        found = list(_problems_of_metrics(question))
    if found:
        raise InputError([Problem(message=message, hint=hint) for message, hint in found])


def _problems_of_pairs(question: TableQuestion) -> Iterator[tuple[str, str]]:
    hint = "name the labels from the worst to the best, such as --labels fail,pass"
    for option, given in (("--ordered", question.is_ordered), ("--thresholds", question.thresholds)):
        if given:
            yield f"{option} is for labels of single responses, and there are no --labels", hint


def _problems_of_single(question: TableQuestion) -> Iterator[tuple[str, str]]:
    labels = question.labels
    if not question.is_number:
        yield from _problems_of_names(labels)
        yield from _problems_of_thresholds(question)
    elif question.is_ordered or question.thresholds:
        yield "--labels number has no classes for --ordered or --thresholds", "leave them out, or name the labels"
    if question.is_number and question.scale is None:
        yield "--labels number needs the scale of the judges", "--scale MIN,MAX, such as --scale 1,10"
    if question.scale is not None and not question.gives_scores:
        hint = f"where the judges give scores, write --thresholds {labels[-1]}=SCORE; --labels number keeps numbers"
        yield "--scale is for scores, and the judges give labels", hint
    known = (*(() if question.is_number else labels), *FAILURES)
    for value, meaning in question.values.items():
        if meaning not in known:
            yield f"--values {quoted(value)}={quoted(meaning)} is no label", f"known here: {listed(known)}"
    pairs = {
        "--order": question.order is not None,
        "--order-values": bool(question.order_values),
        "--mapped-back": question.is_mapped_back,
        "--tie-margin": question.tie_margin > 0,
        "--collapse all-votes": question.collapse == "all-votes",
        **{f"--column {name}": True for name in question.texts if name not in question.text_names},
    }
    for option in (option for option, is_given in pairs.items() if is_given):
        yield f"{option} is for pairs of responses, and --labels are of single ones", "leave it out"
    if question.judge_column is not None and question.fields is None:
        yield "--judge-column needs the column with the labels or scores of the judges", "--verdict COLUMN"


def _problems_of_names(labels: Sequence[str]) -> Iterator[tuple[str, str]]:
    if not 2 <= len(labels) <= MOST or len(set(labels)) < len(labels) or not all(map(str.strip, labels)):
        hint = "name all, from the worst to the best, such as --labels fail,pass; numbers are --labels number"
        yield f"--labels {','.join(map(printable, labels))} is not 2 to {MOST} different labels", hint
    for name in labels:
        if name in FAILURES:
            yield f"--labels: {quoted(name)} is the name of a failure", "leave it out; --values VALUE=" + name
        elif not NAME.fullmatch(name):
            plain = re.sub("[^a-z0-9_.+-]+", "-", name.lower()).strip("-_.+")[:40] or "label"
            hint = f"write `{plain}`, which is found in any case"
            if plain != name.lower():
                hint = f"write `{plain}`, and --values " + json.dumps(printable(f"{name}={plain}"), ensure_ascii=False)
            yield f"--labels: the name {quoted(name)} is not lower-case letters, digits and _ . + -, 40 at most", hint


def _problems_of_thresholds(question: TableQuestion) -> Iterator[tuple[str, str]]:
    """Thresholds must be one for each label but the lowest, rising, and within the scale."""
    if not question.thresholds:
        return
    starts = list(question.thresholds.values())
    form = ",".join(f"{name}=SCORE" for name in question.labels[1:])
    if list(question.thresholds) != list(question.labels[1:]):
        yield "--thresholds does not have each label but the lowest, in their order", f"--thresholds {form}"
    elif any(one >= other for one, other in itertools.pairwise(starts)):
        yield "--thresholds do not rise from label to label", "each is the score from which its label begins"
    elif question.scale is not None and not question.scale[0] < starts[0] <= starts[-1] <= question.scale[1]:
        low, high = question.scale
        yield (
            f"--thresholds lie outside the scale from {low:g} to {high:g}",
            "the lowest label begins at its least score",
        )


def _problems_of_metrics(question: TableQuestion) -> Iterator[tuple[str, str]]:
    """Metrics that are not known, or not for the labels."""
    labels = labels_of_rule(_answer(question))
    soft = registry.names("soft_metrics")
    for name in question.metrics:
        need = soft_needs_of(name, labels) if name in soft else needs_of(name, labels)
        if need:
            yield f"--metric {name} {need}", f"known here: {listed(names_of(labels))}"
        elif name not in soft and not fits(name, labels):
            known = names_of(labels)
            yield f"there is no metric {quoted(name)}", suggestion(name, known) or f"known here: {listed(known)}"


def strategy_of(question: TableQuestion) -> dict[str, Any]:
    """The strategy whose labels or scores the judges of a table give."""
    answer = _answer(question)
    texts = {} if answer["kind"] == "reward" else {"user": USER, "follow_up": None}
    return {"ask": "single", **texts, "answer": answer}


def _answer(question: TableQuestion) -> dict[str, Any]:
    labels = question.labels
    scale = None if question.scale is None else {"min": _plain(question.scale[0]), "max": _plain(question.scale[1])}
    if question.is_number:
        return {"kind": "score", "scale": scale, "as": "number"}
    starts = {name: _plain(start) for name, start in question.thresholds.items()}
    if starts and scale is None:
        return {"kind": "reward", "thresholds": {labels[0]: None, **starts}}
    if scale is not None:
        return {"kind": "score", "scale": scale, "thresholds": {labels[0]: scale["min"], **starts}}
    if question.is_ordered and len(labels) > 2 and _are_grades(labels):
        return {"kind": "score", "scale": {"min": int(labels[0]), "max": int(labels[-1])}}
    ordered = {"ordered": True} if question.is_ordered and len(labels) > 2 else {}
    return {"kind": "label", "labels": {name: [name] for name in labels}, **ordered}


def _plain(number: float) -> float:
    """A whole number as one."""
    return int(number) if number == int(number) else number


def _are_grades(labels: Sequence[str]) -> bool:
    """Whether labels are whole numbers that follow each other, so that metrics of numbers can use them."""
    try:
        first = int(labels[0])
    except ValueError:
        return False
    return list(labels) == [str(first + step) for step in range(len(labels))]


def label_meanings(columns: Sequence[Words], question: TableQuestion) -> list[Mapping[str, str]]:
    """The meaning of the words of each column: labels, or failures of a judge; of numbers only the failures.

    Args:
        columns: the words of each column.
        question: the labels, and what values mean; `COLUMN:VALUE` holds in one column only.

    Raises:
        InputError: where some have none, with the option to write.
    """
    found, problems = list[Mapping[str, str]](), list[Problem]()
    for one in columns:
        own = {value: question.values[value] for value in one.counts if value in question.values}
        prefix = f"{one.column}:"
        own |= {value.removeprefix(prefix): to for value, to in question.values.items() if value.startswith(prefix)}
        is_number = question.gives_scores if one.is_judge else question.is_number
        known = {word: label for word in one.counts if (label := _label_of(word, one, question, is_number)) is not None}
        meaning = {**known, **own}
        found.append({word: meaning[word] for word in sorted(one.counts) if word in meaning})
        missing = Counter({word: count for word, count in one.counts.items() if word not in meaning})
        failed = [word for word, to in found[-1].items() if to in FAILURES] if not one.is_judge else []
        if failed:
            message = f"{quoted(one.column)} is of people, and {quoted(failed[0])} means a failure of a judge"
            problems.append(Problem(message=message, hint="leave the cells of items without a label empty"))
        if missing:
            problems.append(_unknown(one, missing, question, is_number))
    if problems:
        raise InputError(problems)
    return found


def _label_of(word: str, column: Words, question: TableQuestion, is_number: bool) -> str | None:
    """The label, failure or number that a word is by itself; None where it is none."""
    text = word.strip()
    if column.is_judge and (text in FAILURES or not text):
        return text or "unparsed"
    if is_number:
        return word if _number(text) is not None else None
    names = [name for name in question.labels if name == text]
    names = names or [name for name in question.labels if name.casefold() == text.casefold()]
    number = _number(text)
    if not names and number is not None:
        names = [name for name in question.labels if _number(name) == number]
    return names[0] if len(names) == 1 else None


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if abs(number) < float("inf") else None


def _unknown(column: Words, missing: Counter[str], question: TableQuestion, is_number: bool) -> Problem:
    """That words have no meaning, with what to write."""
    words = [word for word, _ in missing.most_common()]
    are_numbers = len(words) > 2 and all(_number(word.strip()) is not None for word in words)
    most = MAX_NUMBERS if are_numbers else MAX_SHOWN
    shown = ", ".join(f"{quoted(word)} ({pluralized(missing[word], 'row')})" for word in words[:most])
    more = f", and {len(words) - most:,} more" if len(words) > most else ""
    noun = "number" if is_number else "label"
    message = f"{quoted(column.column)}: {shown}{more} {f'is no {noun}' if len(words) == 1 else f'are no {noun}s'}"
    pairs = ",".join(f"{word}={'unparsed' if is_number else '?'}" for word in words[:MAX_SHOWN])
    option = f"--values {json.dumps(printable(pairs), ensure_ascii=False)}"
    if is_number:
        hint = f"{option} makes failed judgments of them" if column.is_judge else "leave cells without a label empty"
        return Problem(message=message, hint=hint)
    hint = f"the labels are {listed(question.labels)}; say what each value means, {option}, or name all --labels"
    if are_numbers and column.is_judge:
        hint = (
            f"scores of judges become labels by --thresholds {question.labels[-1]}=SCORE; numbers are --labels number"
        )
    elif are_numbers:
        hint = "--labels number --scale MIN,MAX keeps numbers; otherwise name all --labels"
    return Problem(message=message, hint=hint)
