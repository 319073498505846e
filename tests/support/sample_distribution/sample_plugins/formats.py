"""Three formats in one module, each an object that an entry point names as `module:attribute`."""

from pathlib import Path

from harness.data.rows import Rows


class TabSeparated:
    SUMMARY = "values separated by tabs"
    ENDINGS = (".tsv",)

    def read(self, path: Path, wanted):
        import polars as pl

        frame = pl.read_csv(path, separator="\t", infer_schema=False)
        columns = [name for name in wanted if name in frame.columns]
        return Rows(frame.select(columns), tuple(frame.columns), lambda: range(2, len(frame) + 2), only_text=True)


class Lines:
    SUMMARY = "one line for each row"

    def render(self, board, *, width, colours):
        return "".join(f"row of {board.document['spec']}: {len(record)} columns\n" for record in board.records)


class Pairs:
    SUMMARY = "chosen and rejected texts"
    FIELDS = ("yes", "no")

    def rows(self, preferences, stopped):
        for one in preferences:
            yield one, {"yes": one.chosen, "no": one.rejected}


tab_separated, lines, pairs = TabSeparated(), Lines(), Pairs()
