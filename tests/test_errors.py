import pytest

from harness import errors
from harness.errors import HarnessError, Problem


@pytest.mark.parametrize(
    ("problem", "text"),
    [
        (Problem(message="no cells"), "no cells"),
        (Problem(file="a.yaml", message="is empty"), "a.yaml: is empty"),
        (Problem("a.yaml", 3, 5, "matrix.strategy[1]", "unknown name", "did you mean `direct`?"),
         "a.yaml:3:5: matrix.strategy[1]: unknown name; did you mean `direct`?"),
        (Problem("a.jsonl", 3, message="bad row"), "a.jsonl:3: bad row"),
    ],
)  # fmt: skip
def test_problem_reads_as_one_line(problem: Problem, text: str) -> None:
    assert str(problem) == text


def test_error_carries_all_problems() -> None:
    error = HarnessError([Problem(message="one"), Problem(message="two")])
    assert [problem.message for problem in error.problems] == ["one", "two"]
    assert str(error) == "one\ntwo"
    assert HarnessError("one", hint="mend it").problems == (Problem(message="one", hint="mend it"),)
    assert HarnessError(Problem(message="one")).problems == (Problem(message="one"),)


def test_tree_in_the_docstring_is_the_tree() -> None:
    drawn = [
        ((len(line) - len(line.lstrip())) // 2, line.split()[1])
        for line in (errors.__doc__ or "").splitlines()
        if line.lstrip().startswith("* ")
    ]
    real = []

    def walk(kind: type, depth: int) -> None:
        real.append((depth, kind.__name__))
        for child in kind.__subclasses__():
            if child.__module__ == "harness.errors":
                walk(child, depth + 1)

    walk(HarnessError, 0)
    assert drawn == real


def test_the_middle_of_an_endless_message_is_left_out():
    shown = str(Problem(file="a.parquet", message="start " + "x" * 100_000 + " end", hint="a fix"))
    assert len(shown) < 2_000
    assert shown.startswith("a.parquet: start xx")
    assert "characters left out" in shown
    assert shown.endswith("xx end; a fix")
