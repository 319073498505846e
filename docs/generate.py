"""Write the reference pages: of the commands, the statistics, each schema and each kind of plug-in.

python docs/generate.py            write them
python docs/generate.py --check    write nothing; exit 1 and name the pages that are not as they would be written
"""

from __future__ import annotations

import sys
from pathlib import Path

import click
from library_page import library_page
from plug_pages import plug_pages
from schema_page import schema_page

from harness.cli import main, verb_modules
from harness.spec.schema import load_schema, schema_names

DOCS = Path(__file__).parent
NOTE = "<!-- written by docs/generate.py: change the source and run it -->\n\n"


def pages() -> dict[Path, str]:
    """Every generated page with what it must say."""
    found = {DOCS / "cli.md": NOTE + cli_page(), DOCS / "statistics.md": NOTE + library_page()}
    for name in schema_names():
        found[DOCS / f"{name}.md"] = NOTE + schema_page(name, load_schema(name))
    for kind, text in plug_pages().items():
        page = NOTE + text
        if kind in schema_names():  # what there is, then how to write one
            page += "\n## the file\n\n" + schema_page(kind, load_schema(kind)).partition("\n\n")[2]
        found[DOCS / f"{kind}.md"] = page
    return found


def cli_page() -> str:
    """The reference of the command line."""
    top = click.Context(main, info_name="harness")
    sections = [command_section(main, top)]
    for verb in verb_modules():
        command = main.get_command(top, verb)
        assert command is not None
        sections += command_sections(command, click.Context(command, info_name=verb, parent=top))
    return "\n".join(sections)


def command_sections(command: click.Command, context: click.Context) -> list[str]:
    """The section of a command, and those of the commands below it."""
    sections = [command_section(command, context)]
    if isinstance(command, click.Group):
        for name, inner in sorted(command.commands.items()):
            sections += command_sections(inner, click.Context(inner, info_name=name, parent=context))
    return sections


def command_section(command: click.Command, context: click.Context) -> str:
    """What a command is for, how to write it, its options and its examples."""
    heading = "#" if context.parent is None else "##"
    lines = [f"{heading} {context.command_path}", "", paragraph(command.help), ""]
    lines += ["```text", " ".join([context.command_path, *command.collect_usage_pieces(context)]), "```", ""]
    records = (parameter.get_help_record(context) for parameter in command.get_params(context))
    options = [f"- `{name}`: {text}" for name, text in filter(None, records)]
    if options:
        lines += [*options, ""]
    if command.epilog:
        lines += ["```text", command.epilog.replace("\b\n", "").strip(), "```", ""]
    return "\n".join(lines)


def paragraph(text: str | None) -> str:
    """The text of a docstring on one line for each paragraph, as Markdown breaks lines itself."""
    return "\n\n".join(" ".join(part.split()) for part in (text or "").replace("\b", "").split("\n\n"))


def differing(found: dict[Path, str]) -> list[Path]:
    """The pages that are missing or say something else."""
    return [path for path, text in found.items() if not path.exists() or path.read_text(encoding="utf-8") != text]


if __name__ == "__main__":
    wanted = pages()
    stale = differing(wanted)
    if "--check" in sys.argv[1:]:
        for page in stale:
            print(f"{page.name} is not what the code says; run `python docs/generate.py`")
        sys.exit(bool(stale))
    for page in stale:
        page.write_text(wanted[page], encoding="utf-8", newline="\n")
        print(f"wrote {page.name}")
