"""A mode that asks one model one question."""

from harness.evaluators.question import answers_to, call_for, outcome_of

SUMMARY = "One model is asked one question"


def expand(wanted, models):
    yield (wanted["model"],), {"hint": wanted.get("hint", "")}


def written(models, settings):
    return {"model": models[0], "hint": settings["hint"]}


def variant(settings):
    return f"(hint={settings['hint']})" if settings["hint"] else ""


def faults(wanted):
    if wanted.get("hint") == wanted["model"]:
        yield ("hint",), "the hint is the model itself", "leave it out"


def unfit(strategy, settings):
    return ("it shows each response alone", "take one with `ask: pair`") if strategy.ask == "each" else None


def calls_per_item(cell, strategy):
    return 1, 1 if strategy.follow_up is None else 2


def converse(item, cell, questions, models):
    messages = questions.pair(item, {})
    answers = yield from answers_to(
        [call_for("ask", messages, item, cell, models[cell.models[0]])], item, cell, questions
    )
    return outcome_of(answers, questions)
