"""Write docs/reference, the assembled schema, and the leaderboard in README.md.

python docs/generate.py            write them
python docs/generate.py --check    write nothing; exit 1 and name the pages that differ from what would be written
"""

from __future__ import annotations

import sys
from pathlib import Path

from _generate.command_page import command_page
from _generate.library_page import library_page
from _generate.plug_pages import plug_pages
from _generate.schema_file import laid_out
from _generate.schema_page import folder_of, index_section, schema_page

from harness import registry
from harness.api import board_tables
from harness.leaderboard.formats import table
from harness.runner.find_run import find_run
from harness.runner.run_folder import read_leaderboard
from harness.spec.assembly import experiment_schema
from harness.spec.schema import load_schema, schema_names

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
REFERENCE = ROOT / "docs" / "reference"
EXPERIMENT = ROOT / "schemas" / "input" / "experiment.schema.json"
NOTE = "<!-- written by docs/generate.py: change the source and run it -->\n\n"
INDEX = """\
# Reference

These pages are generated from the schemas, the help texts, the docstrings and the plug-ins of the package.

- [Commands](commands.md): every command with its options, as `harness COMMAND --help` prints them.
- [Statistics](statistics.md): every function of `harness.statistics`.
"""
NAVIGATION = """\
```{toctree}
:hidden:
:glob:

commands
input/*
output/*
plugins/*
statistics
```
"""


def pages() -> dict[Path, str]:
    """The text of every generated file, by its path."""
    plug_ins = plug_pages()
    found = {"commands.md": command_page(), "statistics.md": library_page(), "index.md": index_page(plug_ins)}
    found |= {f"{folder_of(name)}/{name}.md": schema_page(name, load_schema(name)) for name in schema_names()}
    found |= {f"plugins/{kind}.md": text for kind, text in plug_ins.items()}
    schema = laid_out(experiment_schema(*map(registry.built_in_names, ("providers", "modes")))) + "\n"
    return {EXPERIMENT: schema, README: readme()} | {REFERENCE / name: NOTE + text for name, text in found.items()}


def readme() -> str:
    """README.md with the leaderboard of the shipped run in place of the one it has."""
    board = table.render(board_tables(read_leaderboard(find_run("quickstart", ROOT / "results"))))
    before, opening, rest = README.read_text(encoding="utf-8").partition("```text\n")
    return before + opening + board.partition("\n\n")[0].rstrip("\n") + rest[rest.index("\n```") :]


def index_page(plug_ins: dict[str, str]) -> str:
    """The list of all pages of the reference."""
    lines = [INDEX, *index_section("Files that you write", "input"), *index_section("Output of the commands", "output")]
    lines += ["## Built-in plug-ins", ""]
    lines += [f"- [{kind.capitalize()}](plugins/{kind}.md)" for kind in plug_ins]
    return "\n".join([*lines, "", NAVIGATION])


def differing(found: dict[Path, str]) -> list[Path]:
    """The pages that are missing, have another text, or are there without being generated."""
    stale = [path for path, text in found.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    return stale + sorted(path for path in REFERENCE.rglob("*.md") if path not in found)


def write(found: dict[Path, str], path: Path) -> None:
    """Write one page, or remove one that is no longer generated."""
    if path in found:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(found[path], encoding="utf-8", newline="\n")
    else:
        path.unlink()


if __name__ == "__main__":
    wanted = pages()
    stale = differing(wanted)
    for page in stale:
        name = page.relative_to(ROOT)
        if "--check" in sys.argv[1:]:
            print(f"{name.as_posix()} is out of date; run `python docs/generate.py`")
        else:
            write(wanted, page)
            print(f"{'wrote' if page in wanted else 'removed'} {name.as_posix()}")
    sys.exit(bool(stale) and "--check" in sys.argv[1:])
