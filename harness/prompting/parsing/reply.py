"""A reply as it is searched: its end first, then all of it, each normalised when it is needed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.prompting.parsing.markers import Finder, Place
from harness.prompting.parsing.normalise import normalised, without_next_turn

TAILS = (160, 2048)
"""How many characters at the end of a reply are searched before all of it is."""
LONGEST = 2**20
"""Characters at the end of a reply that are searched at all: no honest reply is longer, and a search has its end."""


class Piece:
    """The end of a reply from the start of a line, or all of it.

    Attributes:
        text: as it is matched: normalised, and in lower case unless case counts.
    """

    __slots__ = ("_places", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self._places: dict[Finder, list[Place]] = {}

    def places(self, finder: Finder) -> list[Place]:
        """The markers of a finder, searched once."""
        found = self._places.get(finder)
        if found is None:
            found = self._places[finder] = finder.places(self.text)
        return found


class NormalisedReply:
    r"""A reply, read from its end.

    Args:
        text: as the model wrote it.
        case_sensitive: whether labels differ by case.
        boxes_anywhere: whether `\boxed{A}` counts wherever it stands.
        tails: lengths of the ends that are searched first; they change the time and never what is found.

    Attributes:
        raw: the reply up to the turn that the model went on to invent.
    """

    __slots__ = ("_boxes", "_case_sensitive", "_is_whole", "_pieces", "_sizes", "raw")

    def __init__(
        self,
        text: str,
        *,
        case_sensitive: bool = False,
        boxes_anywhere: bool = False,
        tails: Sequence[int] | None = None,
    ) -> None:
        text = without_next_turn(text)
        if len(text) > LONGEST:
            text = text[max(text.find("\n", -LONGEST), len(text) - LONGEST) :]
        self.raw = text
        self._case_sensitive, self._boxes = case_sensitive, boxes_anywhere
        self._sizes = TAILS if tails is None else tails
        self._pieces: list[Piece] = []
        self._is_whole = False

    def pieces(self) -> Iterator[Piece]:
        """The ends of the reply, then all of it."""
        number = 0
        while True:
            if number < len(self._pieces):
                yield self._pieces[number]
            elif self._is_whole:
                return
            else:
                yield self._next_piece()
            number += 1

    def whole(self) -> Piece:
        """All of the reply."""
        while not self._is_whole:
            self._next_piece()
        return self._pieces[-1]

    def last_line(self) -> str:
        """The last line that holds anything."""
        return next(self.pieces()).text.rstrip().rpartition("\n")[2]

    def shown(self) -> str:
        """The normalised reply, in its own case: a character here stands where it does in `whole().text`."""
        return normalised(self.raw, boxes_anywhere=self._boxes)

    def _next_piece(self) -> Piece:
        """The next longer end of the reply; all of it where no shorter one begins at a line."""
        raw = self.raw
        cut = -1
        for size in self._sizes[len(self._pieces) :]:
            cut = raw.find("\n", -size) if size < len(raw) else -1
            if cut >= 0:
                break
        self._is_whole = cut < 0
        text = normalised(raw if cut < 0 else raw[cut:], boxes_anywhere=self._boxes)
        piece = Piece(text if self._case_sensitive else lower(text))
        self._pieces.append(piece)
        return piece


def lower(text: str) -> str:
    """The text in lower case, of the same length: `İ` would become two characters."""
    lowered = text.lower()
    if len(lowered) == len(text):
        return lowered
    return "".join(small if len(small := character.lower()) == 1 else character for character in text)
