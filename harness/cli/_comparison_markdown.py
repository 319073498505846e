"""A comparison as Markdown for a comment on a pull request or the summary of a job.

Names come from specs and data. They are shown as code, in which GitHub makes no link, mention or image, and every
character that Markdown or HTML gives a meaning is written as a number.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from harness.leaderboard.formats.markdown import BREAK
from harness.leaderboard.numbers import UNDEFINED, rank_range, with_interval
from harness.text import pluralized, printable, with_minus_signs

MOST_ROWS = 40
"""Rows of a table; a comment can have 65,536 characters."""
PLAIN = frozenset(" /-+(),→−")


def comparison_markdown(found: Mapping[str, Any]) -> str:
    """A comparison: the gate first, then the differences of each dataset, flips, and the merged board."""
    first = found["runs"][0]
    title = " and ".join(code(run["spec"]) for run in found["runs"][1:])
    lines = [f"### {title} compared with {code(first['spec'])}", ""]
    if found["gate"]:
        lines += _gate(found["gate"])
    for each in found["comparisons"]:
        for part in each["datasets"]:
            lines += _part(part, each, found["metric"])
        lines += _judges(each)
        lines += _alone(each)
    for merged in found["merged"]:
        lines += _board(merged, found)
    return "\n".join([*lines, *(f"- {escaped(note)}" for note in found["notes"])]) + "\n"


def code(text: str) -> str:
    """Untrusted text as code."""
    return f"<code>{_numbered(text)}</code>"


def escaped(text: str) -> str:
    """Untrusted text that neither Markdown nor HTML takes for anything but text; a name after @ is no mention."""
    return _numbered(text).replace("&#64;", f"&#64;{BREAK}")


def _numbered(text: str) -> str:
    return "".join(
        each if each.isalnum() or each in PLAIN or not each.isascii() else f"&#{ord(each)};" for each in printable(text)
    )


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    body = [f"| {' | '.join(row)} |" for row in rows]
    more = [f"*{len(body) - MOST_ROWS} more rows are left out.*", ""] if len(body) > MOST_ROWS else []
    head = [f"| {' | '.join(header)} |", "|" + " --- |" * len(header)]
    return [*head, *body[:MOST_ROWS], "", *more]


def _gate(gate: Mapping[str, Any]) -> list[str]:
    rules = []
    if gate["margin"] is not None:
        rules.append(f"{escaped(gate['metric'])} not significantly worse by more than {gate['margin']:g}")
    if gate["if_changed"]:
        rules.append("no judge changed")
    result = "passed" if gate["passed"] else "failed"
    lines = [f"**Gate {result}**: {pluralized(gate['checked'], 'cell')} checked; {', '.join(rules)}", ""]
    rows = [
        (finding["kind"].replace("-", " "), code(finding["cell"] or finding["run"]), escaped(finding["message"]))
        for finding in gate["findings"]
    ]
    return lines + (_table(("finding", "cell", "reason"), rows) if rows else [])


def _part(part: Mapping[str, Any], each: Mapping[str, Any], metric: str) -> list[str]:
    title = f"{code(part['dataset'])}: run {code(each['run'])} minus run {code(each['to'])}"
    lines = [f"{title}, {pluralized(part['shared'], 'shared item')}", ""]
    rows = [(code(pair["other_cell"]), *_figure(pair["metrics"].get(metric)), _flips(pair)) for pair in part["pairs"]]
    header = ("cell", f"{escaped(metric)} before", "after", "difference", "p", "changed judgments")
    return lines + (_table(header, rows) if rows else ["No cells could be compared.", ""])


def _figure(figure: Mapping[str, Any] | None) -> tuple[str, str, str, str]:
    if figure is None:
        return (UNDEFINED,) * 4
    difference = figure["difference"]
    change = difference["reason"] and escaped(difference["reason"])
    if difference["value"] is not None:
        change = with_interval(difference["value"], difference["low"], difference["high"], "+.3f")
        change = f"**{change}**" if difference["is_distinguishable"] else change
    ends = [UNDEFINED if figure[end] is None else with_minus_signs(f"{figure[end]:.3f}") for end in ("one", "other")]
    p_value = UNDEFINED if difference["p_value"] is None else f"{difference['p_value']:.2g}"
    return ends[0], ends[1], change or UNDEFINED, with_minus_signs(p_value)


def _flips(pair: Mapping[str, Any]) -> str:
    flips = [f"{flip['one']} → {flip['other']} {flip['items']}" for flip in pair["flips"]]
    return ", ".join(flips) or "none"


def _judges(each: Mapping[str, Any]) -> Iterator[str]:
    found = each["judges"]
    if not found or not found["tested"]:
        return
    for part in each["datasets"]:
        for pair in part["pairs"]:
            judge = pair["judge"]
            if judge and judge["is_changed"]:
                p_value = with_minus_signs(f"{min(test['adjusted'] for test in judge['tests']):.2g}")
                moved = f"{judge['moved']} of {pluralized(judge['items'], 'item')} moved"
                yield f"- **Judge changed**: {code(pair['other_cell'])}, {moved}, adjusted p = {p_value}"
    yield f"- {found['changed']} of {pluralized(found['tested'], 'tested judge')} changed between the runs"
    yield ""


def _alone(each: Mapping[str, Any]) -> Iterator[str]:
    if each["alone"]:
        yield f"<details><summary>{pluralized(len(each['alone']), 'cell')} without a match</summary>"
        yield ""
        yield from (f"- {code(one['cell'])}: {escaped(one['reason'])}" for one in each["alone"][:MOST_ROWS])
        yield ""
        yield "</details>"
        yield ""


def _board(merged: Mapping[str, Any], found: Mapping[str, Any]) -> Iterator[str]:
    names = {run["run"]: run["spec"] for run in found["runs"]}
    shared = f"{pluralized(merged['n'], 'item')} of {escaped(merged['dataset'])}"
    yield f"<details><summary>All cells on the {shared} that all runs share</summary>"
    yield ""
    rows = [
        (
            rank_range(row["rank"]),
            code(row["cell"]),
            code(f"{names[row['run']]} {row['run']}"),
            UNDEFINED if row["value"] is None else with_interval(row["value"], row["low"], row["high"]),
        )
        for row in merged["rows"]
    ]
    yield from _table(("rank", "cell", "run", escaped(found["metric"])), rows)
    yield "</details>"
    yield ""
