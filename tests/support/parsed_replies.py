"""Rules and replies by the hundred, with what is read of them: words, signs, forms and faults, each in a table.

`tests/prompting/parsing/test_recorded.py` keeps the results.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from itertools import product
from typing import Any

from harness.prompting.parsing.definition import answer_faults, criterion_markers, endings, full_rule
from harness.prompting.parsing.normalise import normalised, without_next_turn
from harness.prompting.parsing.rules import compile_answer

TEN = {"scale": {"min": 1, "max": 10}}
CRITERIA = [{"name": "clarity", "weight": 1.0}, {"name": "truth", "weight": 3.0}]
WORDS = [
    "verdict",
    "winner",
    "choice",
    "preferred",
    "preference",
    "better",
    "best",
    "answer",
    "decision",
    "judgment",
    "judgement",
    "result",
    "selection",
    "selected",
    "pick",
    "winning",
    "chosen",
    "outcome",
    "label",
    "class",
    "category",
    "grade",
    "rating",
    "score",
    "status",
    "scores",
    "ratings",
    "grades",
    "points",
    "value",
    "overall",
    "final",
    "the",
    "my",
    "your",
    "is",
    "which",
    "model",
    "response",
    "assistant",
    "option",
    "output",
    "id",
    "name",
    "letter",
    "candidate",
    "for",
    "of",
    "total",
    "finally",
    "combined",
    "aggregate",
    "our",
    "this",
    "that",
    "here",
    "are",
    "so",
    "thus",
    "therefore",
    "hence",
    "and",
    "then",
    "conclusion",
    "conclude",
    "in",
    "to",
    "ultimately",
    "now",
    "below",
    "follows",
    "evaluation",
    "assessment",
    "summary",
    "confidence",
    "certainty",
    "confident",
    "max",
    "maximum",
    "min",
    "minimum",
    "possible",
    "perfect",
    "threshold",
    "passing",
    "initial",
    "preliminary",
    "tentative",
    "previous",
    "original",
    "first",
    "second",
    "because",
    "since",
    "as",
    "with",
    "given",
    "based",
    "due",
    "point",
    "pts",
    "stars",
    "mark",
    "ranking",
    "final_ranking",
    "rank_order",
    "order",
    "ranked",
    "best_response",
    "number",
    "passage",
    "completion",
    "no",
    "neither",
    "none",
    "both",
    "either",
    "unclear",
    "unknown",
    "undecided",
    "unsure",
    "cannot",
    "not",
    "tie",
    "draw",
    "equal",
    "unless",
    "though",
    "other",
    "reasons",
    "explanation",
    "quality",
    "x",
]
"""Words that fields, markers and remarks are made of, those that mean something and those that do not."""
FORMS = (
    '{{"{0}": "A"}}', '{{"{0}": 7}}', '{{"{0}": [2, 1, 3]}}', '{{"{0}": 2}}',
    '{{"scores": {{"{0} a": 7, "{0} b": 3}}}}',
    '{{"a": {{"{0}": 8}}, "b": {{"{0}": 2}}}}', '[{{"{0}": "A", "rank": 2}}, {{"{0}": "B", "rank": 1}}]',
    "It is so.\n{0}: A", "It is so.\n{0} verdict: B", "I say {0} score: 8", "{0} score: 8\nScore: 3",
    "Verdict: A {0} B", "Verdict: {0}", "Verdict: A, {0} it is", "Score: 7 {0}", "Score: 7 {0} it is", "A is {0}",
    "{0} 2 > {0} 1 > {0} 3", "Ranking: 2 > 1 > 3 {0} of it", "{0}: 2 > 3 > 1", "{0}\n1. 3\n2. 1\n3. 2", "{0}: 2",
    "Score A: 3 {0}\nScore B: 4", "Score {0} A: 3\nScore {0} B: 4", "{0} A's score: 6\n{0} B's score: 9",
)  # fmt: skip
RULES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "verdict": ({"kind": "verdict"}, {}),
    "label": ({"kind": "label", "labels": {"pass": ["yes", "A"], "fail": ["no", "B"]}}, {"ask": "single"}),
    "score": ({"kind": "score", **TEN}, {"ask": "each"}),
    "scores": ({"kind": "scores", **TEN}, {}),
    "ranking": ({"kind": "ranking"}, {"ask": "rank", "responses": 3}),
    "choice": ({"kind": "choice"}, {"ask": "best", "responses": 3}),
}


def values(rule: Mapping[str, Any], options: Mapping[str, Any], texts: Iterable[str]) -> list[str]:
    """What a rule reads in each text, in short."""
    compiled = compile_answer(full_rule(rule), **options)
    return [short(compiled.read(text)) for text in texts]


def short(answer: Any) -> str:
    """An answer in a few characters."""
    if answer is None:
        return "-"
    return " ".join(
        _MARKS[name] + (f"{one:.4g}" if isinstance(one, float) else str(one))
        for name, one in answer._asdict().items()
        if one is not None
    )


_MARKS = {"verdict": "", "score_a": "a:", "score_b": "b:", "score": "#", "preference": "p"}
"""What tells the values of an answer apart."""


def words() -> Any:
    """What each word makes of each form, by each rule."""
    found = {}
    for word in WORDS:
        texts = [form.format(word) for form in FORMS] + [FORMS[7].format(word.title())]
        found[word] = [",".join(values(*each, texts)) for each in RULES.values()]
    return found


def characters() -> Any:
    """What stands for each character that Unicode 3.2 had, by what it is; and for some of later ones."""
    old = unicodedata.ucd_3_2_0
    found: dict[str, list[Any]] = {}
    ranges = (range(0x3100), range(0xFE00, 0xFFFE), range(0x1F100, 0x1F200), range(0x1D400, 0x1D440))
    for code in (code for each in ranges for code in each):
        character = chr(code)
        if code < 0x1F000 and old.category(character) in ("Cn", "Cs"):
            continue
        stands = normalised(f"|{character}|")[1:-1]
        if stands == character:
            continue
        last = found.setdefault(stands, [])
        if last and last[-1][1] == code - 1:
            last[-1][1] = code
        else:
            last.append([code, code])
    shown = {stands: " ".join(f"{one:x}-{two:x}" if two > one else f"{one:x}" for one, two in spans)
             for stands, spans in found.items()}  # fmt: skip
    return shown | {"later": [normalised(f"a{each}b") for each in "🅰🅱🅾❌❎✗✘✖👎🚫⛔🙅👍🇦🇧🇿"]}


MARKED_UP = [
    "a\r\nb\rc", "<|im_end|>", "A<|im_end|>\n<|im_start|>user\nB", "A<|eot_id|><|start_header_id|>user",
    "A</s><s>[INST] B",
    "A<end_of_turn>\n<start_of_turn>user\nB", "A</s> B", "<s>A</s>", "[INST] A [/INST] B", "<｜User｜>A",
    "A<｜end｜><｜User｜>B",
    "A<|end|><|user|>B", "<|im_end|><|im_start|>A", "<eos>A<bos><pad>", "&gt;&lt;&amp;&quot;&#39;&apos;&nbsp;&x;",
    "INST] A",
    "\\boxed{A}", "\\boxed{A} and more\nB", "\\fboxed {A{b}}", "B\n\\boxed{A}.", "B\n\\boxed{A}" + " x" * 130,
    "\\boxed{A}\n\n",
    "\\frac{1}{2} \\dfrac {3}{4} \\tfrac{5}{6}",
    "\\text{A} \\textbf{B} \\mathrm{C} \\operatorname{D} \\emph{E} \\textx{F}",
    "A \\gg B \\ll C \\gt D \\lt E \\geq F \\ge G \\leq H \\le I \\gtx", "A\\,B\\;C\\:D\\!E\\ F\\quad G\\qquad H",
    "\\[A\\] \\(B\\) \\_C \\* \\# \\` \\{D\\} \\$ \\% \\& \\< \\> \\~ \\. \\! \\| \\+ \\- \\x", "$A$ $$B$$ $ C",
    "$" + "x" * 61 + "$",
    "<b>A</b> <I>B</I> <strong class='x'>C</strong> <h1>D</h1> <h7>E</h7> <p>F</p>", "<br>A<br/>B<BR />C",
    "<verdict>A</verdict>",
    "<verdict x='1'> A </verdict>", "<a><b>A</b></a>", "<winner>A</winner> <x>", "</x>A", "<v>A\nB</v>", "a < b > c",
    "<>", "<A or B>",
    "a\x0bb\x0cc\x1cd\x1de\x1ef\x00g\x08h\x1bi\x7fj", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x00a", "\x08a",
    "\x1ba", "\x7fa",
    "e\u0301", "\uff21\uff1a\uff22", "\u3010A\u3011", "\u201cA\u201d \u2018B\u2019", "A\u2192B", "A\u2026",
    "\u0967/\u0968",
]  # fmt: skip


def markup() -> Any:
    """What becomes of mark-up, of tokens of chat templates, of LaTeX and of control characters."""
    return [[without_next_turn(text), normalised(text), normalised(text, boxes_anywhere=True)] for text in MARKED_UP]


SHAPES: list[dict[str, Any]] = [
    {"kind": "verdict"}, {"kind": "verdict", "format": "json"}, {"kind": "verdict", "format": "json", "reasons": False},
    {"kind": "verdict", "reasons": True}, {"kind": "verdict", "labels": {"a": ["M"], "b": ["m"]},
    "case_sensitive": True},
    {"kind": "verdict", "labels": {"a": ["M"], "b": ["m"], "tie": ["*"]}}, {"kind": "verdict", "between": ["<v>",
    "</v>"]},
    {"kind": "verdict", "between": ["\\boxed{", "}"]}, {"kind": "verdict", "between": ["((", "))"],
    "case_sensitive": True},
    {"kind": "verdict", "markers": ["[RESULT]", "**"], "labels": {"a": ["One"], "b": ["Two"], "tie": []}},
    {"kind": "verdict", "statements": {"a": ["A wins", "[[A]]"], "b": ["B wins", "a  WINS"]}},
    {"kind": "verdict", "pattern": "(?P<a>x)|(?P<b>y)"}, {"kind": "verdict", "pattern": "(?P<verdict>.)",
    "format": "json"},
    {"kind": "verdict", "pattern": "(?P<a>x)|(?P<b>y)|(?P<tie>z)"}, {"kind": "verdict", "pattern": "(?P<c>x)"},
    {"kind": "verdict", "pattern": "(?=x)"}, {"kind": "score", **TEN, "pattern": "(?P<score>[0-9]+)"},
    {"kind": "scores", **TEN, "pattern": "(?P<score_a>[0-9]+) (?P<score_b>[0-9]+)"}, {"kind": "score", **TEN,
    "pattern": "x"},
    {"kind": "label", "labels": {"pass": None, "fail": ["no"]}}, {"kind": "label", "labels": {"1": None, "2": None},
    "ordered": True},
    {"kind": "label", "labels": {"pass": None, "fail": None}, "format": "json"}, {"kind": "label",
    "labels": {"x": ["A", "a"], "y": ["*A*"]}},
    {"kind": "label", "labels": {"pass": None, "fail": None}, "pattern": "(?P<label>[a-z]+)"},
    {"kind": "graded", "labels": [["A>>B"], ["A>B"], ["A=B"], ["B>A"], ["B>>A"]]},
    {"kind": "graded", "labels": [["A>B"], ["B>A"]], "scale": {"min": 0, "max": 3}, "format": "json"},
    {"kind": "graded", "labels": [["A", "x"], ["B", "X"]], "pattern": "(?P<verdict>[AB])"},
    {"kind": "score", **TEN}, {"kind": "score", **TEN, "format": "json"}, {"kind": "score", **TEN, "between": ["[[",
    "]]"]},
    {"kind": "score", "scale": {"min": 5, "max": 5}}, {"kind": "score", "scale": {"min": 0, "max": 100},
    "markers": ["[SCORE]"]},
    {"kind": "score", **TEN, "thresholds": {"pass": 5.0}, "as": "label"}, {"kind": "scores", **TEN},
    {"kind": "scores", **TEN, "format": "json"},
    {"kind": "scores", **TEN, "markers": {"a": ["Style"], "b": ["Clarity of style", "Style"]}},
    {"kind": "rubric", **TEN}, {"kind": "rubric", **TEN, "format": "json"}, {"kind": "reward"}, {"kind": "reward",
    "thresholds": {"x": 1.0}},
    {"kind": "logprobs"}, {"kind": "logprobs", "tokens": {"a": ["A", "a"], "b": ["**"], "tie": ["a b"]}},
    {"kind": "logprobs", **TEN},
    {"kind": "logprobs", "scale": {"min": 1, "max": 5}, "top": 5}, {"kind": "logprobs", "scale": {"min": 0.5,
    "max": 5}},
    {"kind": "logprobs", "scale": {"min": 1, "max": 5}, "tokens": {"x": None, "y": None}},
    {"kind": "logprobs", "scale": {"min": -1, "max": 5}}, {"kind": "logprobs", "scale": {"min": 0, "max": 9}},
    {"kind": "logprobs", "tokens": {"m": ["M"], "n": ["m"]}, "case_sensitive": True}, {"kind": "logprobs",
    "tokens": {"m": ["M"], "n": ["m"]}},
    {"kind": "ranking"}, {"kind": "ranking", "names": "letters", "ties": False, "markers": ["Order"]},
    {"kind": "choice", "names": "letters"},
]  # fmt: skip
ASKED = [
    "Verdict: A", "Verdict: Response B", "I think\nVerdict: m", "Verdict: M", "[[A]]", "<v>A</v>", "<V>B</V>",
    "\\boxed{B}\nSo.", "((a))", "((A))",
    "[RESULT] One", "[RESULT]: Two", "A wins", "so [[A]]", "b WINS now", "x y", "y", "12 7", "7", "Score: 7/10",
    "Score: 7/10\n", "Score: 0/10",
    "Score: 70/100", "[SCORE] 70/100", "[SCORE]: 101/100", "[[7]]", "[[11]]", "Score A: 7/10\nScore B: 3/10",
    "Score A: 11/10\nScore B: 3/10",
    '{"verdict": "A"}', '{"reasons": "r", "verdict": "Response B"}', '{"verdict": "A>B"}', '{"label": "pass"}',
    '{"score": 7}', '{"score": 10.5}',
    '{"score": true}', '{"score": "7/10"}', '{"score_a": 7, "score_b": 3}', '{"score_a": 7}',
    ('{"scores_a": {"clarity": 2, "truth": 6}, "scores_b":'
    ' {"clarity": 4, "truth": 9}}'), '{"scores": {"clarity": 2, "truth": 6}}',
    "clarity A: 2\nclarity B: 4\ntruth A: 6\ntruth B: 9",
    "clarity: 2\ntruth score: 6", "clarity: 2", "Style: 3\nClarity of style: 4", "pass", "Answer: fail", "Verdict: 1",
    "Verdict: no", "A>>B", "B > A",
    "Verdict: A=B", "3.25", "-1e3", "nan", "1,5", "  4 ", "m", "a", "4", "Order: b > a", "Best: b", "2 > 1",
    "Verdict: x", "*A*",
]  # fmt: skip


def shapes() -> Any:
    """Each rule in full with its faults, its form, what a call asks for, and what it reads."""
    found: list[Any] = [criterion_markers("clarity", ask) for ask in ("pair", "single")]
    found.append(
        [list(endings(groups)) for groups in ({"x": ["of style"], "y": ["Clarity of style", "style"]}, found[0])]
    )
    for rule in SHAPES:
        full = full_rule(rule)
        faults = [[list(place), message, hint] for place, message, hint in answer_faults(full)]
        if faults:
            found.append([full, faults])
            continue
        is_pair = "a" in full.get("tokens", {"a": ()})
        for ask in ("pair", "single") if is_pair else ("single",):
            made = compile_answer(full, ask=ask, criteria=CRITERIA)
            read = [short(made.read(text)) for text in ASKED]
            same = all(made.trace(text).answer == made.read(text) for text in ASKED)
            facts = [made.lines, made.params, made.format_text() == "\n".join(made.lines), same]
            found.append([full, faults, *facts, ",".join(read)] if ask == "pair" else [*facts, ",".join(read)])
    return found


def probabilities() -> Any:
    """What is read of the alternatives of tokens."""
    places = [
        [("A", 0.6), ("B", 0.3), (" a", 0.05)], [("B", 0.5), ("A", 0.5)], [("▁B", 0.7), ("tie", 0.2), ("x", 0.1)],
        [("x", 0.9), ("A", 0.1)], [("A", 0.0), ("B", 0.0)], [("4", 0.5), ("5", 0.3), ("Ġ3", 0.2)], [("5", 0.6), ("9",
        0.4)],
        [("**m**", 0.6), ("M", 0.4)], [("yes", 0.4), ("no", 0.35), ("maybe", 0.25)],
    ]  # fmt: skip
    logs: list[Any] = [[(token, math.log(share) if share else -math.inf) for token, share in one] for one in places]
    slash = [("/", 0.0)]
    replies: list[Any] = [[one] for one in logs] + [
        [logs[3], logs[0], logs[3]], [logs[0], logs[1]], [], [logs[5], slash, logs[6]], [[("Score", 0.0)], [(":",
        0.0)], logs[5]],
    ]  # fmt: skip
    rules: list[tuple[dict[str, Any], str]] = [
        ({}, "pair"), ({"tokens": {"a": ["A"], "b": ["B"], "tie": ["tie"]}}, "pair"), ({"scale": {"min": 1,
        "max": 5}}, "single"),
        ({"tokens": {"yes": None, "no": None}}, "single"), ({"tokens": {"yes": None, "no": None, "maybe": None}},
        "single"),
        ({"tokens": {"m": ["M"], "n": ["m"]}, "case_sensitive": True}, "single"), ({"scale": {"min": 4, "max": 9}},
        "pair"),
        ({"tokens": {"no": None, "maybe": None, "yes": None, "A": None}}, "single"),
    ]  # fmt: skip
    found = []
    for rule, ask in rules:
        made = compile_answer(full_rule({"kind": "logprobs", **rule}), ask=ask)
        assert made.read_logprobs is not None
        read = [made.read_logprobs(one) for one in replies]
        found.append([[None if one is None else one._asdict() for one in read], made.lines, made.params])
    return found


NAMED = ("2 > 1 > 3", "2 > 1", "2>1=3", "2 = 1 > 3", "1 ~ 2 ≈ 3", "1 == 2 => 3", "1 -> 2 → 3", "2, 1, and 3",
    "2; 1; 3", "2, 1 > 3", "[2, 1, 3]",
         "[2] > [1] > [3]", "((2)) > {1} > [3]", "Response 2 > response #1 > Response 3", "No. 2 > number 1 > no 3",
         "b > a > c", "B, A, C.", "b",
         "2", "0", "3", "4", "27 > 1", "z > a", "2 > 1 > 4", "2 > 2 > 1", "2 > 1 > 3 because x",
         "2 > 1 > 3 (a long remark here)",
         "2 > 1 > 3 - that is how it is", "2 > 1 > 3 x", "2 > x > 3", "2 2 1", "> 1", "<numbers of all responses>",
         "2 > 1 > 3 and so", "a and b")  # fmt: skip
LISTS = ("[2, 1, 3]", "[2, [1, 3]]", "[[2], [1], [3]]", "[]", "[[], 1]", '["2", "B"]', '["x y", 1]', "[2.0, 1, 3]",
    "[2.5, 1]", "[true, 1]", "null",
         '"2 > 1 > 3"', "2", '{"a": 1}', "[null]", '"b"', "[2, 1]", "[2, 1, 3, 4]", "[[2, 1, 3]]")  # fmt: skip


def rankings() -> Any:
    """Rankings and choices in lines, in lists below a marker, in brackets and in JSON, with what is said of each."""
    lists = ["Ranking:\n1. 2\n2. 1\n3. 3", "Ranking\n\n#1) Response 2\n 2) b\n", "Ranking:\n1. 2\n3. 1",
    "Ranking:\n1. 2x\n2. 1",
             "Ranking:\nx", "Ranking:\n1. 2 is good\n2. 1 is\n3. 3", "Ranking: .", "Order\n1: 2\n2: 1\n3: 3",
             "> the order:\n1. a\n2. b\n3. c"]  # fmt: skip
    texts = [form.format(one) for one, form in product(NAMED, ("{0}", "Ranking: {0}", "so [[{0}]]", "Best: {0}\n\n"))]
    texts += [f'{{"{name}": {one}}}' for one, name in product(LISTS, ("ranking", "best", "Answer"))]
    texts += [*lists, "x" * 400 + ". ranking: 2 > 1 > 3", "so. ranking: 2 > 1 > 3", "my ranking is: 2 > 1 > 3",
        "2 > 1 > 3\nok", "2 > 1 > 3\n\n",
              "**Ranking:** `2` > `1` > `3`", "The ranking is = 2 > 1 > 3", "Best is: b", "2 > 1 > 3\n" + "\n" * 398,
              "2 > 1 > 3\n" + "x\n" * 399,
              "Ranking: 2 > 1 > 3\n" + "x\n" * 398, "Ranking: 2 > 1 > 3\n" + "x\n" * 400, "", "{}",
              '{"x": 1} {"ranking": [1, 2, 3]}']  # fmt: skip
    found = {}
    for kind, ties, responses in product(("ranking", "choice"), (True, False), (None, 2, 3)):
        if kind == "choice" and not ties:
            continue
        rule = {"kind": kind} | ({"ties": ties} if kind == "ranking" else {})
        made = compile_answer(full_rule(rule), responses=responses)
        read = []
        for text in texts:
            trace = made.trace(text)
            why = "; ".join(f"{note.what} {note.start}-{note.stop} {note.outcome} {note.why}" for note in trace.notes)
            assert trace.answer == made.read(text)
            read.append(f"{short(trace.answer)} {why}" if responses == 3 else short(trace.answer))
        found[f"{kind} of {responses}, ties {ties}"] = read if responses == 3 else ",".join(read)
    return found


CALLS: dict[str, Callable[[], Any]] = {
    "words": words, "characters": characters, "markup": markup, "shapes of rules": shapes,
    "probabilities": probabilities, "rankings": rankings,
}  # fmt: skip
