"""The line about work that takes long."""

import io
import threading

from harness.cli._terminal import wrapped
from harness.cli._working import working


class Stream(io.StringIO):
    """A pipe that says when something was written."""

    def __init__(self):
        super().__init__()
        self.written = threading.Event()

    def write(self, text):
        self.written.set()
        return super().write(text)


def test_long_work_prints_a_line_in_a_pipe():
    stream = Stream()
    with working("reading the data", stream=stream, clock=iter(range(0, 10_000, 70)).__next__, every_s=0.001):
        assert stream.written.wait(20)
    assert stream.getvalue().splitlines()[0] == "reading the data, 1 min 10 s"


def test_short_work_prints_nothing():
    stream = Stream()
    with working("reading the data", stream=stream, every_s=3600):
        pass
    assert stream.getvalue() == ""


def test_lines_break_at_words_and_long_words_stay_whole():
    assert wrapped("a note of some words", 20) == "a note of some words"
    assert wrapped("a note of some more words", 20, "  ") == "a note of some more\n  words"
    assert wrapped("see /a/very/long/path/to/a/file", 20).splitlines()[-1] == "/a/very/long/path/to/a/file"
    assert wrapped("", 20) == ""
