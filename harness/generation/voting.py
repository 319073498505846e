"""A jury that votes on one pair at once: its members are asked, where in an evaluation they have cells of their own."""

from __future__ import annotations

from collections.abc import Mapping

from harness.evaluators.cell import converse
from harness.evaluators.conversation import Conversation, together
from harness.evaluators.modes import jury
from harness.prompting.strategy import ROUNDING, Questions
from harness.records.calls import Model
from harness.records.datasets import Item
from harness.records.experiment import Cell
from harness.records.judgments import FAILURES, OUTCOMES, VERDICTS, Outcome


def verdict_of(item: Item, cell: Cell, questions: Questions, models: Mapping[str, Model]) -> Conversation[Outcome]:
    """Ask all members of a jury as one batch, and count their votes as an evaluation counts them."""
    import numpy as np

    from harness.evaluators.voting import mean_scores, most_votes

    talks = [converse(item, member, questions, models) for member in jury.members(cell)]
    heard = yield from together(talks)
    codes = np.array([[OUTCOMES.index(outcome.name)] for outcome in heard], dtype=np.int8)
    failed = int((codes >= len(VERDICTS)).sum())
    score_a = score_b = None
    if cell.settings["vote"] == "mean-score":
        scores = np.array([[(_number(one.score_a), _number(one.score_b))] for one in heard])
        margin = questions.strategy.tie_margin + ROUNDING
        verdicts, mean_a, mean_b = mean_scores(codes, scores[:, :, 0], scores[:, :, 1], margin)
        code, score_a, score_b = int(verdicts[0]), float(mean_a[0]), float(mean_b[0])
    else:
        weights = cell.settings["weights"]
        weigh = np.array([weights[name] for name in cell.models]) if weights else None
        code = int(most_votes(codes, weigh, cell.settings["quorum"])[0])
    if code >= len(VERDICTS):
        return Outcome(None, FAILURES[code - len(VERDICTS)])
    return Outcome(VERDICTS[code], None, score_a, score_b, abstained=failed)


def _number(score: float | None) -> float:
    return float("nan") if score is None else score
