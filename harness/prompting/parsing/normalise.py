r"""Normalisation of a reply before anything in it is matched.

What models and files add around an answer is brought to one form here, so that the patterns of the answer rules are
plain ASCII: line ends, spaces, invisible characters, sentence marks and brackets of every script, emoji, end-of-turn
tokens of chat templates, mark-up and LaTeX. A character is replaced by its Unicode category, never by a list of its own
script. Text between XML tags and in `\boxed{}` becomes `[[text]]`, one form for all enclosed answers.

All patterns are bounded and possessive: the time grows linearly with the length of the reply.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

_UNUSUAL = re.compile(r"[^\x20-\x7e\n\t]+")
_TURN_TOKENS = ("<|", "<｜", "_turn>", "</s>", "<s>", "<eos>", "<bos>", "<pad>", "[/INST]", "[INST]")
_SPECIAL = (
    r"<\|[^<>|\n]{1,40}\|>|<｜[^<>｜\n]{1,40}｜>|<(?:end|start)_of_turn>(?:model\b|user\b)?"
    r"|</?s>|<eos>|<bos>|<pad>|\[/?INST\]"
)
_NEXT_TURN = re.compile(
    r"(?:<\|[^<>|\n]{1,40}\|>|<｜[^<>｜\n]{1,40}｜>|<end_of_turn>|</s>)\s{0,20}+(?:<s>\s{0,4})?"
    r"(?:<\|(?:im_start|start_header_id|start|user|turn|START_OF_TURN_TOKEN)\|?>?|<start_of_turn>|\[INST\]|<｜User｜>)"
)
"""The end of a turn and the start of another one: what follows was invented by a model that did not stop."""
_TOKENS = re.compile(_SPECIAL)
_ENTITIES = {"&gt;": ">", "&lt;": "<", "&amp;": "&", "&quot;": '"', "&#39;": "'", "&apos;": "'", "&nbsp;": " "}
_ENTITY = re.compile("|".join(_ENTITIES))
_BOXED = re.compile(r"\\f?boxed\s{0,2}+\{((?:[^{}\n]|\{[^{}\n]{0,40}+\}){0,80}+)\}")
_FRACTION = re.compile(r"\\[dt]?frac\s?\{([0-9.]{1,9})\}\s?\{([0-9.]{1,9})\}")
_COMMAND = re.compile(
    r"\\(?:text(?:bf|it|rm|sf|tt|sc)?|math(?:bf|rm|sf|it|tt|bb|cal)|operatorname|emph|underline|bm|mbox|boldsymbol)"
    r"\s?(?=\{)"
)
_SIGNS = re.compile(r"\\(gg|ll|gt|lt|geq?|leq?)(?![a-zA-Z])[ ]?")
_SIGN = {"gg": ">>", "ll": "<<", "gt": ">", "lt": "<", "ge": "≥", "geq": "≥", "le": "≤", "leq": "≤"}
_SPACING = re.compile(r"\\[,;:! ]|\\q?quad\b")
_ESCAPED = re.compile(r"\\([\[\]()_*#`{}$%&<>~.!|+-])")
_MATH = re.compile(r"\$\$?([^$\n]{1,60}+)\$\$?")
_FORMATTING = re.compile(
    r"<(b|i|u|em|strong|code|span|mark|small|font|p|div|li|td|th|h[1-6]|center)(?: [^<>\n]{0,80})?>"
    r"([^\n]{0,200}?)</\1>",
    re.IGNORECASE,
)
_BREAK = re.compile(r"<br ?/?>", re.IGNORECASE)
_TAGGED = re.compile(r"<([A-Za-z][\w.:-]{0,40}+)(?: [^<>\n]{0,80})?>\s{0,8}+((?:(?!</)[^\n]){1,80}?)\s{0,8}</\1>")
_CLOSING = re.compile(r"</[A-Za-z][\w.:-]{0,40}+>")
_NEGATIVE = frozenset("❌❎✗✘✖👎🚫⛔🙅")
_SPACED = {
    "。": ". ",
    "．": ". ",
    "｡": ". ",
    "，": ", ",
    "、": ", ",
    "､": ", ",
    "；": "; ",
    "：": ": ",
    "！": "! ",
    "？": "? ",
}
_LETTERS = {"🅰": "A", "🅱": "B", "🅾": "O", "≫": ">>", "≪": "<<", "≻": ">", "≺": "<", "−": "−", "—": "—"}
_LAST_LINE = 240
"""Characters at the end of a reply in which its last line is searched for an answer in a box."""


def without_next_turn(text: str) -> str:
    """The reply up to the turn that a model without a stop token went on to write."""
    if not _may_have_tokens(text):
        return text
    for match in _NEXT_TURN.finditer(text):
        if text[: match.start()].strip():
            return text[: match.start()]
    return text


def normalised(text: str, *, boxes_anywhere: bool = False) -> str:
    r"""The text in the form that the patterns of answer rules are written for.

    Args:
        text: a reply, or its end from the start of a line.
        boxes_anywhere: whether `\boxed{A}` is an answer wherever it stands; else on the last line only, because
            judges of mathematics quote the boxes of those they judge.
    """
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if _may_have_tokens(text):
        text = _TOKENS.sub("\n", text)
    if not text.isascii():
        text = _UNUSUAL.sub(_in_ascii, unicodedata.normalize("NFC", text))
    elif _has_controls(text):
        text = _UNUSUAL.sub(_in_ascii, text)
    if "&" in text:
        text = _ENTITY.sub(lambda found: _ENTITIES[found[0]], text)
    if "\\" in text:
        text = _without_latex(text, boxes_anywhere)
    if "$" in text:
        text = _MATH.sub(r"\1", text)
    if "<" in text:
        text = _without_tags(text)
    return text


def _may_have_tokens(text: str) -> bool:
    return ("<" in text or ("[" in text and "INST]" in text)) and any(token in text for token in _TURN_TOKENS)


def _has_controls(text: str) -> bool:
    """Whether ASCII text has control characters that models or files put in; one test each is quickest."""
    return (
        ("\x0b" in text or "\x0c" in text or "\x00" in text or "\x08" in text or "\x1b" in text or "\x7f" in text)
        or "\x1c" in text
        or "\x1d" in text
        or "\x1e" in text
    )


def _in_ascii(found: re.Match[str]) -> str:
    return found[0].translate(_table())


class _Table(dict[int, str]):
    """What stands for a character, made when it is first met."""

    def __missing__(self, code: int) -> str:
        stands = self[code] = _replacement(chr(code))
        return stands


@cache
def _table() -> _Table:
    return _Table()


def _replacement(character: str) -> str:
    """What stands for a character that is not printable ASCII, by its Unicode category."""
    if character in _SPACED:
        return _SPACED[character]
    if character in _LETTERS:
        return _LETTERS[character]
    if character in _NEGATIVE:
        return "?"
    if "\U0001f1e6" <= character <= "\U0001f1ff":  # regional indicators
        return chr(ord(character) - 0x1F1E6 + ord("A"))
    category = unicodedata.category(character)
    if category == "Nd":
        return str(unicodedata.digit(character))
    plain = unicodedata.normalize("NFKC", character)
    if len(plain) == 1 and plain.isascii() and plain.isprintable() and category not in ("Lm", "Lo", "No"):
        return plain
    if character in "\x0b\x0c\x1c\x1d\x1e\x85" or category in ("Zl", "Zp"):
        return "\n"
    if category[0] == "C" or category == "Me" or "\ufe00" <= character <= "\ufe0f":
        return ""
    return _BY_CATEGORY.get(category, "") or _mark(character, category)


_BY_CATEGORY = {"Zs": " ", "Ps": "(", "Pe": ")", "Pd": "–"}


def _mark(character: str, category: str) -> str:
    """What stands for arrows, emoji, quotes and sentence marks, by their names; everything else stays."""
    name = unicodedata.name(character, "")
    if "ARROW" in name:
        return "=>"
    if category in ("Pi", "Pf"):
        return "'" if "SINGLE QUOTATION" in name else '"'
    if category == "So" or "BULLET" in name or "MIDDLE DOT" in name:
        return "*"
    if category != "Po":
        return character
    if "QUESTION" in name:
        return "? "
    if "EXCLAMATION" in name:
        return "! "
    if "COMMA" in name or "SEPARATOR" in name:
        return ", "
    if "COLON" in name:  # SEMICOLON too
        return ": " if "SEMICOLON" not in name else "; "
    if any(word in name for word in ("FULL STOP", "DANDA", "ELLIPSIS", "PERIOD", "SECTION MARK", "KHAN", "SHAD")):
        return ". "
    return character


def _without_latex(text: str, boxes_anywhere: bool) -> str:
    text = _SPACING.sub(" ", text)
    text = _COMMAND.sub("", text)
    text = _FRACTION.sub(r"\1/\2", text)
    text = _SIGNS.sub(lambda found: _SIGN[found[1]], text)
    end = len(text.rstrip(" \n\t$]\\.*"))
    last = text.rfind("\n", 0, end)

    def box(found: re.Match[str]) -> str:
        is_answer = boxes_anywhere or (found.start() > last and end - found.start() < _LAST_LINE)
        inside = found[1].replace("{", "").replace("}", "")
        return f"[[{inside}]]" if is_answer else f"({inside})"

    text = _BOXED.sub(box, text)
    return _ESCAPED.sub(r"\1", text)


def _without_tags(text: str) -> str:
    if "<br" in text or "<BR" in text:
        text = _BREAK.sub("\n", text)
    if "</" not in text:
        return text
    text = _FORMATTING.sub(r"\2", text)
    text = _TAGGED.sub(r"\n\1: [[\2]]\n", text)
    return _CLOSING.sub("\n", text)
