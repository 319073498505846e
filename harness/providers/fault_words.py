"""What the words of an error response mean, whichever server wrote them. Pure.

Servers agree on few codes, so each meaning is a pattern over what codes and sentences have in common: a subject (the
prompt, a parameter, the key, the account) and what is wrong with it. Only keys of the body that describe the error are
read: some servers repeat the prompt beside it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

DEEPEST = 8
LONGEST = 4000
"""Characters of one text that are read."""
MOST_TEXTS = 64

_DESCRIBES = re.compile(
    r"err|mess|msg|detail|reason|code|type|status|param|desc|title|raw|fault|cause|exception|text|meta|loc|hint"
    r"|result"
    r"|base_resp",
    re.IGNORECASE,
)
_REPEATS = re.compile(
    r"^(flagged_)?(input|prompt|contents?|messages|request|body|query)$|_(input|prompt)$", re.IGNORECASE
)
_SENTENCE = re.compile(
    r"^(message|msg|detail|error|error_?(message|msg|description)|description|title|text)$", re.IGNORECASE
)
_QUOTED = re.compile(r"\"[^\"]{80,}\"|'[^']{80,}'|`[^`]{80,}`", re.DOTALL)
"""A long quotation is the prompt's or another text of the user's, and no word of the server's."""
_TAGS = re.compile(r"<(script|style)\b.*?</\1>|<[^>]{0,500}>", re.IGNORECASE | re.DOTALL)
_GOOGLE_400 = "INVALID_ARGUMENT"
"""Beside every error of its status 400, whatever is at fault."""
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class Words:
    """What an error response says.

    Attributes:
        message: its sentence for people, "" where it has none.
        text: all of it in lower case: sentences, and codes with spaces for their underscores.
        param: the parameter that it names as at fault, "" where it names none.
        is_page: whether it is a web page, as proxies and firewalls answer with.
    """

    message: str
    text: str
    param: str = ""
    is_page: bool = False

    def mean(self, pattern: re.Pattern[str]) -> bool:
        """Whether a pattern of this module is in the text."""
        return pattern.search(self.text) is not None


def words_of(body: Any) -> Words:
    """The words of an error response, from its JSON or its text."""
    if isinstance(body, str):
        is_page = bool(re.match(r"\s*<(!doctype|html|head|body|\?xml)", body[:200], re.IGNORECASE))
        plain = " ".join(_TAGS.sub(" ", body[: 4 * LONGEST]).split()) if is_page else body[:LONGEST]
        return Words(plain, _as_words(plain), is_page=is_page)
    texts = [(key, text) for key, text in _texts(body, "", DEEPEST) if text][:MOST_TEXTS]
    spoken = [text for key, text in texts if _SENTENCE.match(key) and not _is_generic(text)]
    spoken = spoken or [text for key, text in texts if _SENTENCE.match(key)]
    message = max(spoken, key=lambda text: " " in text, default="")
    param = next((text for key, text in texts if key in ("param", "parameter")), "") or _located(body)
    return Words(message, " ; ".join(_as_words(text) for _, text in texts), param)


_GENERIC = frozenset({"provider returned error", "error", "bad request", "internal server error"})


def _is_generic(text: str) -> bool:
    """Whether a gateway's sentence only says that there was an error, which another one explains."""
    return text.strip().lower().rstrip(".") in _GENERIC


def _as_words(text: str) -> str:
    plain = _QUOTED.sub(" ", text[:LONGEST])
    return _CAMEL.sub(" ", plain).replace("_", " ").lower() if plain != _GOOGLE_400 else ""


def _texts(value: Any, key: str, levels: int) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        stripped = value.strip()
        if levels and stripped.startswith(("{", "[")) and (inner := _json(stripped)) is not None:
            yield from _texts(inner, key, levels - 1)  # a gateway passes on what the endpoint behind it said
        else:
            yield key, value
    elif isinstance(value, int) and not isinstance(value, bool):
        yield key, str(value)
    elif levels and isinstance(value, list):
        for inner in value[:MOST_TEXTS]:
            yield from _texts(inner, key, levels - 1)
    elif levels and isinstance(value, Mapping):
        for name, inner in list(value.items())[:MOST_TEXTS]:
            if _DESCRIBES.search(str(name)) and not _REPEATS.search(str(name)):
                yield from _texts(inner, str(name), levels - 1)
            elif inner is True or (isinstance(inner, Mapping) and inner.get("filtered") is True):
                yield str(name), str(name)  # such as {"jailbreak": {"filtered": true}}


def _json(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return None


def _located(body: Any) -> str:
    """The parameter that a validator's `loc` leads to, such as ["body", "top_k"]; "" where there is none."""
    detail = body.get("detail") if isinstance(body, Mapping) else None
    first = detail[0] if isinstance(detail, list) and detail else None
    steps = first.get("loc") if isinstance(first, Mapping) else None
    names = [step for step in steps if isinstance(step, str) and step != "body"] if isinstance(steps, list) else []
    return names[0] if names else ""


# --- meanings -------------------------------------------------------------------------------------------


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns))


_NOT = r"(?:not|n't|cannot|can't|unable|un|in|no|without|only|disabled|disallow\w*|rejects?)"
_SUPPORT = r"(?:support|allow|permit|enabl|implement|recogni[sz]|accept|valid|available|compatible|expected|known)\w*"
_UNSUPPORTED = (
    rf"(?:{_NOT}[\s-]?(?:\w+\s){{0,4}}?{_SUPPORT}|unsupported|unrecogni[sz]ed|unknown|unexpected|invalid|deprecated)"
)
_PROMPT = (
    r"(?:prompts?|inputs?|messages?|contexts?|conversations?|sequences?|requests?|content|tokens?|text|payload"
    r"|body|documents?)"
)
_BEYOND = (
    r"(?:too (?:long|large|big|many)|exceed\w*|longer than|larger than|greater than|more than|bigger than|beyond"
    r"|over(?:flow\w*|run)"
    r"|above the|(?:does|do|did|will|can)(?: ?n[o']t| not) fit|cannot fit|surpass\w*|out of (?:context|range)"
    r"|<=?\s*\d|>=?\s*\d|> ?\w+ \d|at most|(?:less|fewer) than|no more than|should be \[|range of)"
)
_BOUND = (
    r"(?:max(?:imum)?[\s-]*(?:model[\s-]*|input[\s-]*|context[\s-]*|prompt[\s-]*|sequence[\s-]*|total[\s-]*"
    r"|allowed[\s-]*)*(?:len\w*|size|tokens?|window|limit|input|positions?|num\w*)"
    r"|context[\s-]*(?:len\w*|size|window|limit)|token[\s-]*limit|(?:length|size|window|input)[\s-]*limit|n ?ctx"
    r"|limit of)"
)

NO_CREDIT = _any(
    r"insufficient[\s-]*(?:quota|credit|balance|fund)",
    r"billing[\s-]*(?:hard[\s-]*limit|not[\s-]*active|is\s|has\s|account|disabled|required)",
    r"(?:credit|balance|funds?|quota)s?\b[^.;]{0,30}(?:too low|exhausted|depleted|used up|ran out|run out"
    r"|negative|below)",
    r"(?:no|not (?:have )?enough|any|out of|not have sufficient|need|add|purchase|buy|more|top up|insufficient"
    r"|lack) (?:\w+ )?(?:credits|balance|funds)\b",
    r"(?:not|n't) have (?:any |enough |sufficient )?(?:credits|balance|funds)",
    r"payment[\s-]*(?:is[\s-]*)?(?:required|overdue|failed)|(?:no|need|must|require\w*)[^.;]{0,20}payment method",
    r"(?:spend\w*|monthly|budget|hard)[\s-]*(?:limit|cap|budget)[^.;]{0,30}(?:reach|exceed|hit)",
    r"budget (?:has been |was )?exceeded|exceeded (?:\w+ ){0,3}budget|arrears|overdue|in debt",
)
BUSY = _any(
    r"rate[\s-]*limit|too many (?:concurrent |parallel )?requests|requests per|tokens per|throttl|overloaded"
    r"|over capacity|at capacity",
    r"try(?:ing)? again (?:later|in)|temporar(?:y|ily)|server is busy|model is (?:currently )?loading|still loading",
)
API_KEY = _any(r"api[\s-]*key|invalid[\s-]*(?:authentication|credentials)")
KEY = _any(
    r"(?:api|access|secret|auth\w*)[\s-]*(?:key|token)",
    r"\bkey\b[^.;]{0,30}(?:invalid|expired|revoked|disabled|wrong|incorrect|missing|not found|blocked)",
    r"(?:invalid|incorrect|expired|revoked|missing|wrong|bad|no)[\s-]*(?:\w+\s){0,2}(?:key|token|credentials?"
    r"|bearer)\b",
    r"\bauthenticat|unauthori[sz]ed|unauthenticated|not authori[sz]ed|credentials?|not logged in|sign in|log in",
    r"permission|(?:not|n't) (?:have )?(?:\w+ ){0,3}access|access (?:to|denied to) (?:\w+ ){0,3}(?:model|project"
    r"|resource|deployment|organi[sz]ation)",
    r"subscription|country|region[s]?\b|territory|account[^.;]{0,30}(?:suspend|deactivat|disabled|block|terminat)"
    r"|ip (?:address )?(?:is )?not",
)
UNKNOWN_MODEL = _any(
    r"(?:model|deployment|engine|endpoint|publisher)[\s'\"`:/\w.@-]{0,200}?(?:not[\s-]*found|not[\s-]*exist"
    r"|n't exist|no longer|unavailable|not available|"
    r"deprecated|decommissioned|retired|not (?:\w+ )?(?:loaded|deployed|served|recogni[sz]ed|registered|installed))",
    r"(?:unknown|invalid|no such|unrecogni[sz]ed|unsupported|missing|wrong|can ?not find|could not find"
    r"|couldn't find|not found|no)[\s-]+(?:the |any )?(?:\w+ )?(?:model|deployment|engine)s?\b(?! (?:maximum"
    r"|context|output|response|support))",
    r"not a valid model|try pulling it|no endpoints found (?:for|matching)|models?/\S+ is not found",
)
PARAMETER = _any(
    rf"{_UNSUPPORTED}[\s-]*(?:request[\s-]*)?(?:parameter|argument|param|field|option|keyword|property|properties"
    rf"|setting|value)s?\b",
    rf"(?:parameter|argument|param|field|option|setting|value)s?\b[^.;]{{0,80}}{_UNSUPPORTED}",
    r"extra (?:inputs?|fields?|parameters?|forbidden)|extra[\s-]*forbidden|additional propert",
)
ROLE = _any(
    r"(?:system|developer)[\s'\"`-]*(?:role|message|instruction|prompt|turn)s?\b[^.;]{0,80}" + _UNSUPPORTED,
    _UNSUPPORTED + r"[^.;]{0,60}(?:system|developer)[\s'\"`-]*(?:role|message|instruction|prompt)?",
    r"role[^.;]{0,60}" + _UNSUPPORTED + r"[^.;]{0,30}\b(?:system|developer)\b",
    r"only [^.;]{0,20}user[^.;]{0,20}assistant[^.;]{0,10}roles?",
    r"roles? must alternate|must alternate (?:between )?user",
    r"(?:role|input) (?:should be|must be|one of)[^.;]{0,40}user[^.;]{0,20}assistant(?![^;]{0,40}system)",
)
FORMAT = _any(
    r"response[\s-]*(?:format|schema|mime)|json[\s-]*(?:schema|mode|object|output)|structured[\s-]*(?:output"
    r"|generation|decod|response)",
    r"guided[\s-]*(?:json|decoding|generation)|\bgrammar|xgrammar|outlines|constrained (?:decoding|generation"
    r"|sampling)",
    r"output[\s-]*(?:config|format|schema)|text\.format|schema[^.;]{0,60}"
    + _UNSUPPORTED
    + r"|"
    + _UNSUPPORTED
    + r"[^.;]{0,40}schema",
    r"no endpoints found that (?:can )?(?:support|handle)",
)
TOO_LONG = _any(
    r"context[\s-]*(?:length|window|size)[\s-]*(?:exceed|error|overflow|limit)"
    r"|exceed\w*[\s-]*(?:the[\s-]*)?(?:\w+[\s-]){0,4}context",
    r"string[\s-]*above[\s-]*max[\s-]*length|request[\s-]*too[\s-]*large|entity too large|payload too large"
    r"|content too large",
    rf"\b{_PROMPT}\b[^;]{{0,120}}?{_BEYOND}[^;]{{0,120}}?(?:{_BOUND}|\btokens?\b|\bcharacters?\b|\bcontext\b"
    rf"|\bwindow\b|\bmodel\b|\blength\b|\bmax)",
    r"\b(?:prompt|input|context|conversation|sequence|messages?|text|content|request)s?\b(?: \w+){0,4} (?:is|are"
    r"|was|were|has|have)? ?(?:far |much )?too (?:long|large|big)",
    rf"too (?:long|large|big|many)[^.;]{{0,20}}\b(?:{_PROMPT})\b",
    r"\b(?:prompt|input|context|tokens?|sequence)\b[^;]{0,60}\d\s*>=?\s*(?:\w+\s)?\d",
    r"range of (?:input|prompt|context) (?:length|tokens)",
    rf"{_BOUND}[^;]{{0,120}}?(?:{_BEYOND}|\breduce|\bshorten|\btruncat|\brequested|\bresulted in|\bhas\b|\bgot\b"
    rf"|\bgiven\b|\byour\b)[^;]{{0,80}}?\b(?:{_PROMPT}|length)\b",
    rf"(?:reduce|shorten|trim|decrease) (?:the |your )?(?:\w+ ){{0,4}}(?:{_PROMPT}|length)",
    r"(?:prompt|input|messages?|context|sequence|conversation)s?\b[^.;]{0,60}(?:not|n't|cannot"
    r"|exceeds?) (?:\w+ ){0,3}(?:fit|limit)",
    r"(?:超出|超过|超长|过长).{0,20}(?:长度|上下文|token|限制)?|(?:长度|上下文|输入|token).{0,30}(?:超出|超过|超长|过长)",
)
NEVER_FITS = _any(r"request too large|context[\s-]*(?:length|window|size)|maximum (?:model )?length")
"""Of a status of the moment: the same request is too large in every minute."""
REPLY_BOUND = _any(
    r"max[\s-]*(?:completion[\s-]*|output[\s-]*|new[\s-]*)?tokens\b[^;]{0,40}(?:too large|too high|must be"
    r"|should be|invalid|exceed|>|at most|less than)",
    r"(?:supports|allows) at most \d+ (?:completion|output) tokens"
    r"|maximum (?:allowed )?(?:number of )?(?:completion|output) tokens",
)
"""The bound on replies is at fault, and not the prompt; where the context is named as well, it is the prompt."""
ABOUT_CONTEXT = _any(
    r"context|prompt|input[\s-]*(?:len|tok|seq|is|are)|\binputs?\b|messages resulted|model length|model len|sequence"
)
REFUSED = _any(
    r"content[\s-]*(?:filter|polic|management|moderat|safety|risk|exists risk|violat|security|restrict|blocked"
    r"|inspection)",
    r"moderat\w+|\bflagg\w+|responsible ?ai|data ?inspection|guardrail|jailbreak|prompt ?shield|prompt ?attack"
    r"|prompt ?injection",
    r"\binvalid prompt|prohibited|inappropriate|\bharmful|\bharass|\bunsafe|\bsensitive\b|\bhigh risk|\bnsfw"
    r"|\btoxic|\boffensive|\billegal content|\bexplicit content|\bdisallowed content",
    r"safety[\s-]*(?:\w+[\s-]){0,2}(?:system|filter|polic|check|reason|block|setting|guideline|violat|concern"
    r"|categor)|\bsafety\b|usage[\s-]*(?:polic|guideline)",
    r"(?:violat\w+|against|breach\w*)[^.;]{0,40}(?:polic|terms|guideline|rules|content)|policy[\s-]*violation"
    r"|polic(?:y|ies) violat",
    r"(?:prompt|input|content|request|response|message|text)s?\b[^.;]{0,40}(?:was|were|is|are|been"
    r"|got) (?:blocked|refused|filtered|censored|rejected (?:by|as|because|due))",
    r"\brefus(?:ed|al)\b|copyright|recitation|blocklist|敏感|不安全|违规|审核|风险",
)
FIREWALL = _any(
    r"web application firewall|\bwaf\b|firewall|cloudflare|akamai|incapsula|imperva|ray id|request (?:was "
    r"|has been )?blocked|you have been blocked"
)
"""Something in front of an endpoint did not let a request through; it may be for what is in it."""


def parameter_named(words: Words, names: Collection[str]) -> str:
    """Which of the parameters that were sent an error is about; "" where it names none of them."""
    if words.param in names:
        return words.param
    last = re.split(r"[.\[]", words.param)[-1].rstrip("]'\"")
    if last in names:
        return last
    said = f"{words.message} ".lower()
    for name in names:
        if re.search(rf"(?<![\w-]){re.escape(name.lower())}(?![\w-])", said):
            return name
    return ""
