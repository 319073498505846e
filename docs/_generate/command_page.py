"""The page of the command line: every command with its arguments, options and examples, from its help text."""

from __future__ import annotations

import click

from harness.cli import main, verb_modules


def command_page() -> str:
    """The reference of the command line."""
    top = click.Context(main, info_name="harness")
    sections = [_section(main, top)]
    for verb in verb_modules():
        command = main.get_command(top, verb)
        assert command is not None
        sections += _sections(command, click.Context(command, info_name=verb, parent=top))
    return "\n".join(sections)


def _sections(command: click.Command, context: click.Context) -> list[str]:
    """The section of a command, and those of the commands below it."""
    sections = [_section(command, context)]
    if isinstance(command, click.Group):
        for name, inner in sorted(command.commands.items()):
            sections += _sections(inner, click.Context(inner, info_name=name, parent=context))
    return sections


def _section(command: click.Command, context: click.Context) -> str:
    """The help text of one command as Markdown."""
    heading = "#" if context.parent is None else "##"
    lines = [f"{heading} {context.command_path}", "", _paragraphs(command.help), ""]
    lines += ["```text", " ".join([context.command_path, *command.collect_usage_pieces(context)]), "```", ""]
    records = (parameter.get_help_record(context) for parameter in command.get_params(context))
    options = [f"- `{name}`: {text}" for name, text in filter(None, records)]
    if options:
        lines += [*options, ""]
    if command.epilog:
        lines += ["```text", command.epilog.replace("\b\n", "").strip(), "```", ""]
    return "\n".join(lines)


def _paragraphs(text: str | None) -> str:
    """The text of a docstring, one line for each paragraph."""
    return "\n\n".join(" ".join(part.split()) for part in (text or "").replace("\b", "").split("\n\n"))
