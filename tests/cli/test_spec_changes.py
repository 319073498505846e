"""The differences between specs, folded to what changed."""

from harness.cli._spec_changes import LONGEST, changed_lines, spec_lines


def field(path, values, present=(True, True), text=""):
    return {"path": path, "values": list(values), "present": list(present), "text": text}


def test_changed_values_come_first_and_what_one_run_has_alone_is_one_entry():
    fields = [
        field("strategies.direct.name", ["direct", None], (True, False)),
        field("strategies.direct.user", ["x" * 500, None], (True, False)),
        field("seed", [1, 2]),
        field("models.a.params.top_p", [None, 1], (False, True)),
        field("models.a.params.n", [1, None], (True, False)),
    ]
    assert list(spec_lines(fields, 2)) == [
        "specs: 5 fields differ",
        "  seed: 1 → 2",
        "  strategies.direct: only in run 1",
        "  models.a: differs in what is set",
        "",
    ]


def test_long_values_are_shortened():
    (line,) = list(spec_lines([field("x.y", ["a" * 500, "b"])], 2))[1:-1]
    assert len(line) < LONGEST + 20
    assert "…" in line


def test_a_diff_shows_the_lines_that_changed():
    text = "@@ -1,5 +1,5 @@\n same\n-old\n+new\n same\n same\n-more"
    assert list(changed_lines(text)) == ["…", "-old", "+new", "…", "-more"]
    lines = list(spec_lines([field("strategies.d.user", ["", ""], text=text)], 2))
    assert lines[1:4] == ["  strategies.d.user:", "    …", "    -old"]


def test_equal_specs():
    assert list(spec_lines([], 2)) == ["specs: identical except for names", ""]
