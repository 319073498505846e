"""Separate the reasoning in a reply's text by the tags that models write.

Models served without a reasoning parser write their reasoning into their text: `<think>…</think>` and its variants,
`[THINK]…[/THINK]`, `◁think▷…◁/think▷`, channels (`<|channel|>analysis<|message|>…`). Chat templates often put the
opening tag into the prompt, so that only the closing one is in the reply.

    tagged text ─▶ split_reasoning ─▶ text, reasoning

A block ends with its own closing tag; what else is open inside it ends with it. A closing tag without an opening one
makes everything before it reasoning. Where a block never ends, the whole text is reasoning: the model had not finished.
A tag between backticks is one that the text speaks about.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from harness.records.calls import Reply

_ANGLE = re.compile(
    r"<(?:[|｜]?(?P<slash>/?)(?:(?P<before>start|begin|end)(?:_of)?_)?(?:[a-z]{1,20}[:_]|ant)?"
    r"(?P<name>thinking|think|thoughts?|reasoning|scratchpad)(?:_(?P<after>start|begin|end))?"
    r"(?:\s++[\w:-]{1,40}=[^<>\n]{0,400}?)?\s*+(?P<empty>/?)[|｜]?>"
    r"|\|channel>(?P<channel>thought)|(?P<channel_end>channel\|)>"
    r"|unused94>(?P<unused>thought)?|(?P<unused_end>unused95)>"
    r"|details\s[^<>\n]{0,200}?type=[\"'](?P<details>reasoning)[\"'][^<>\n]{0,200}>|(?P<details_end>/details)>)",
    re.IGNORECASE,
)
"""Tags in angle brackets. All begin with the same character, so that text without it costs next to nothing."""
_OTHER = re.compile(r"\[(?P<slash>/?)(?P<name>THINK|THINKING|think|thinking)\]|◁(?P<slash2>/?)(?P<name2>think\w*)▷")
_LAST = frozenset("kKgG")
"""Last letters of the names between brackets."""
_CHANNEL = "<|channel|>"
_HEADER = re.compile(
    r"(?:<\|start\|>[\w.]{0,40}\s*+)?<\|channel\|>\s*+(\w++)[^<]*+(?:<\|constrain\|>[^<]*+)?<\|message\|>"
)
_FRAME = re.compile(r"<\|(?:end|return|call)\|>|<\|start\|>[\w.]{0,40}\Z")
_FINAL = "final"
_BARE_CHANNELS = re.compile(r"analysis(?:(?P<reasoning>.*?)assistant\s?final(?P<text>.*)|(?=[A-Z]))", re.DOTALL)
"""Channels whose special tokens a server left out: `analysisWe need …assistantfinalVerdict: B`."""


def separated(reply: Reply) -> Reply:
    """The reply with the reasoning in its text moved to `reasoning`; the reply itself where its text holds none."""
    found = split_reasoning(reply.text)
    if found is None:
        return reply
    text, reasoning = found
    return reply._replace(text=text, reasoning=joined([reply.reasoning, reasoning]))


def split_reasoning(text: str) -> tuple[str, str] | None:
    """Text and reasoning of a tagged text; None where no tag of reasoning is in it.

    The text is "" where a block does not end. Neither splits any further.
    """
    if not _may_hold(text):
        return None
    visible, reasoning = [text], list[str]()
    has_channels = False
    if _CHANNEL in text:
        has_channels, (visible, reasoning) = True, _by_channel(text)
    elif bare := _BARE_CHANNELS.match(text):
        has_channels = True
        visible, reasoning = ([bare["text"]], [bare["reasoning"]]) if bare["text"] is not None else ([], [text])
    outside: list[str] = []
    for part in visible:
        rest, inside = _by_tags(part)
        outside += rest
        reasoning += inside
    if not has_channels and outside == [text]:
        return None
    whole = "".join(outside).strip()
    # Pieces may have become a tag where they meet; no tag holds a line end.
    if sum(map(bool, outside)) > 1 and holds_reasoning(whole):
        whole = "\n".join(outside).strip()
    return whole, joined(reasoning)


def holds_reasoning(text: str) -> bool:
    """Whether a text holds a tag of reasoning."""
    if not _may_hold(text):
        return False
    return _CHANNEL in text or _BARE_CHANNELS.match(text) is not None or any(True for _ in _tags(text))


def shown_text(reply: Reply, *, with_reasoning: bool) -> str:
    """What another call is shown of a reply.

    Args:
        reply: from a model.
        with_reasoning: whether the spec shows the reasoning of that model (`show_reasoning`).
    """
    if not with_reasoning or not reply.reasoning:
        return reply.text
    return f"<think>\n{reply.reasoning}\n</think>\n\n{reply.text}"


def joined(parts: list[str]) -> str:
    """Parts of reasoning as one text: those that say something, each once in a row."""
    kept: list[str] = []
    for part in map(str.strip, parts):
        if part and (not kept or kept[-1] != part):
            kept.append(part)
    return "\n\n".join(kept)


def _may_hold(text: str) -> bool:
    """Whether a text could hold a tag: a replay asks this of every reply, so it costs next to nothing."""
    at = text.find("<")
    if at >= 0 and (_ANGLE.search(text, at) is not None or text.find(_CHANNEL, at) >= 0):
        return True
    at = text.find("]")
    while at >= 0:
        if text[at - 1 : at] in _LAST:
            return True
        at = text.find("]", at + 1)
    return "◁" in text or text.startswith("analysis")


def _by_channel(text: str) -> tuple[list[str], list[str]]:
    """The messages of the final channel, and all others."""
    before, *rest = _HEADER.split(text)
    visible, reasoning = list[str](), [_FRAME.sub("", before)]
    for channel, message in zip(rest[::2], rest[1::2], strict=True):
        (visible if channel == _FINAL else reasoning).append(_FRAME.sub("", message))
    return visible, reasoning


def _by_tags(text: str) -> tuple[list[str], list[str]]:
    """The pieces of a text outside blocks of reasoning, and those inside."""
    pieces: list[tuple[str, bool]] = []
    first, at = 0, 0
    is_open: list[str] = []
    for tag, name, opens in _tags(text):
        if name == "details" and not opens and name not in is_open:
            continue
        piece = text[at : tag.start()]
        pieces.append((piece, bool(is_open)))
        at = tag.end()
        if opens is None:
            continue
        if opens:
            if not (is_open and is_open[-1] == name and not piece.strip()):  # a template and the model both wrote it
                is_open.append(name)
        elif name in is_open:
            while is_open.pop() != name:
                pass
        else:
            first, is_open = len(pieces), []
    if not at:
        return [text], []
    pieces.append((text[at:], bool(is_open)))
    if is_open:
        first = len(pieces)
    outside = [piece for piece, is_inside in pieces[first:] if not is_inside]
    inside = [piece for index, (piece, is_inside) in enumerate(pieces) if is_inside or index < first]
    return outside, inside


def _tags(text: str) -> Iterator[tuple[re.Match[str], str, bool | None]]:
    """The tags of a text: match, name, and whether it opens a block; None for an empty block."""
    found = [*_ANGLE.finditer(text)] if "<" in text else []
    if ("]" in text or "▷" in text) and (others := [*_OTHER.finditer(text)]):
        found = sorted([*found, *others], key=lambda tag: tag.start())
    has_details = False
    for tag in found:
        before, after = text[tag.start() - 1 : tag.start()], text[tag.end() : tag.end() + 1]
        if before == after == "`":
            continue
        name, opens = _read_tag(tag)
        if opens and before.isalnum() and tag.group()[1].isupper():
            continue  # a type in code, such as List<Thought>
        if name == "details":
            has_details |= bool(opens)
            if not has_details:
                continue  # of HTML that has nothing to do with reasoning
        yield tag, name, opens


def _read_tag(tag: re.Match[str]) -> tuple[str, bool | None]:
    """The name of a tag, and whether it opens a block; None for an empty block."""
    if tag.re is _OTHER:
        return (tag["name"] or tag["name2"]).lower(), not (tag["slash"] or tag["slash2"])
    if tag["name"]:
        ends = tag["slash"] or "end" in ((tag["before"] or "").lower(), (tag["after"] or "").lower())
        return tag["name"].lower(), None if tag["empty"] else not ends
    if tag["channel"] or tag["channel_end"]:
        return "channel", bool(tag["channel"])
    if tag["details"] or tag["details_end"]:
        return "details", bool(tag["details"])
    return "unused", not tag["unused_end"]
