"""The command line: one file for each verb, named as the verb.

A verb's file holds one click command of the file's own name; it parses, calls the pipeline and prints. The first
line of the file's docstring is its line in `harness --help`, which is read without importing the file, so that a
verb may import what it needs at its top and still cost nothing to the others.
"""

from __future__ import annotations

import importlib
from functools import cache
from importlib import resources
from typing import Any

import click

from harness._version import __version__
from harness.cli._errors import closing_output, reported

NOT_VERBS = frozenset({"__init__", "_errors", "_listing", "_options"})
"""Files of this folder that are no verbs."""


@cache
def verb_modules() -> dict[str, str]:
    """The verbs, sorted, each with the name of its file: `import` is in `import_`, for `import` is a keyword."""
    stems = [entry.name[:-3] for entry in resources.files(__name__).iterdir() if entry.name.endswith(".py")]
    return {stem.rstrip("_").replace("_", "-"): stem for stem in sorted(stems) if stem not in NOT_VERBS}


def verb_summary(verb: str) -> str:
    """The first line of the docstring of a verb's file, without a full stop."""
    with resources.files(__name__).joinpath(f"{verb_modules()[verb]}.py").open(encoding="utf-8") as source:
        return source.readline().strip().strip('"').rstrip(".")


class Verbs(click.Group):
    """The verbs of this folder, each imported when it is used and not before."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All verbs, sorted."""
        return list(verb_modules())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a verb, or None where there is no such verb."""
        stem = verb_modules().get(cmd_name)
        if stem is None:
            return None
        command: click.Command = getattr(importlib.import_module(f"{__name__}.{stem}"), stem)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that `args` begin with; a verb that does not exist is answered with the nearest one."""
        if args and args[0] not in verb_modules() and not args[0].startswith("-"):
            import difflib

            near = difflib.get_close_matches(args[0], verb_modules(), n=1)
            hint = f"; did you mean `{near[0]}`?" if near else f"; there are {', '.join(verb_modules())}"
            raise click.UsageError(f"no verb `{args[0]}`{hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of verbs in the help, made without importing them."""
        with formatter.section("Verbs"):
            formatter.write_dl([(verb, verb_summary(verb)) for verb in verb_modules()])

    def invoke(self, ctx: click.Context) -> Any:
        """Run a verb; whatever goes wrong ends as a message on stderr and an exit code."""
        with reported(show_traceback=bool(ctx.params.get("debug"))), closing_output():
            return super().invoke(ctx)


@click.group(
    cls=Verbs,
    name="harness",
    subcommand_metavar="VERB [ARGS]...",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog="""\b
Examples:
  harness new my-judges                write a starter spec that runs as it is
  harness validate my-judges.yaml      find everything that is wrong with it
  harness plan my-judges.yaml          see cells, calls and cost before spending anything
  harness run my-judges.yaml           run it, score it, print the leaderboard
  harness leaderboard my-judges.yaml   print the leaderboard of its newest run again

\b
Exit codes:
  0 done    1 the run found failures it was told not to accept    2 the input is wrong
  70 a defect of this program    130 interrupted""",
)
@click.option("--debug", is_flag=True, envvar="HARNESS_DEBUG", help="Show the traceback of every error.")
@click.version_option(__version__, prog_name="harness")
def main(debug: bool) -> None:
    """Compare how language models judge: a YAML spec in, a leaderboard with confidence intervals out."""
