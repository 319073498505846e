"""The command line: one file per verb, named after the verb.

The file of a verb defines one click command with the name of the file; it parses, calls the pipeline and prints. The
first line of the file's docstring is the summary in `harness --help`, read without importing the file, so the imports
of one verb do not slow down the others.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
from functools import cache
from typing import TYPE_CHECKING, Any

import click

from harness._version import __version__
from harness.cli._errors import closing_output, diagnosing_runs, reported
from harness.cli._github import commands_stopped
from harness.cli._output import replace_unencodable

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


@cache
def verb_modules() -> dict[str, str]:
    """The file of each verb, sorted by verb: `import` is in `import_`, since `import` is a keyword."""
    stems = sorted(found.name for found in pkgutil.iter_modules(__path__) if not found.ispkg)
    return {stem.rstrip("_").replace("_", "-"): stem for stem in stems if not stem.startswith("_")}


def verb_summary(verb: str) -> str:
    """The first line of the docstring of the verb's file, without a full stop."""
    source = pkgutil.get_data(__name__, f"{verb_modules()[verb]}.py") or b""
    return source.partition(b"\n")[0].decode().strip().strip('"').rstrip(".")


class Verbs(click.Group):
    """The verbs of this folder, each imported on first use."""

    def main(self, *args: Any, **extra: Any) -> Any:
        """Parse the arguments and run; output is safe for the encodings of stdout and stderr."""
        replace_unencodable()
        return super().main(*args, **extra)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All verbs, sorted."""
        return list(verb_modules())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a verb; None if there is no such verb."""
        stem = verb_modules().get(cmd_name)
        if stem is None:
            return None
        command: click.Command = getattr(importlib.import_module(f"{__name__}.{stem}"), stem)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that `args` begin with; an unknown verb is a usage error with a suggestion."""
        if args and args[0] not in verb_modules() and not args[0].startswith("-"):
            import difflib

            near = difflib.get_close_matches(args[0], verb_modules(), n=1)
            hint = f"; did you mean `{near[0]}`?" if near else f"; known: {', '.join(verb_modules())}"
            raise click.UsageError(f"no verb `{args[0]}`{hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the verbs in the help without importing them."""
        with formatter.section("Verbs"):
            formatter.write_dl([(verb, verb_summary(verb)) for verb in verb_modules()])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """The verbs that begin with `incomplete`, without importing them, and the options."""
        from click.shell_completion import CompletionItem

        verbs = [verb for verb in verb_modules() if verb.startswith(incomplete)]
        items = [CompletionItem(verb, help=verb_summary(verb)) for verb in verbs]
        return items + click.Command.shell_complete(self, ctx, incomplete)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a verb; every exception becomes a message on stderr and an exit code."""
        actions = commands_stopped(ctx, os.environ)
        reporting = reported(show_traceback=bool(ctx.params.get("debug")))
        with reporting, actions, closing_output(), diagnosing_runs(ctx):
            return super().invoke(ctx)


@click.group(
    cls=Verbs,
    name="harness",
    subcommand_metavar="VERB [ARGS]...",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog="""\b
Examples:
  harness new my-judges                write a starter spec that runs without changes
  harness validate my-judges.yaml      list every error in it
  harness plan my-judges.yaml          show cells, calls and cost before spending anything
  harness run my-judges.yaml           run it, score it, print the leaderboard
  harness leaderboard my-judges.yaml   print the leaderboard of its newest run

\b
Exit codes:
  0 success    1 a check failed (failure rate, gate, missing replies)    2 invalid input
  70 internal error    130 interrupted""",
)
@click.option("--debug", is_flag=True, envvar="HARNESS_DEBUG", help="Print the traceback of errors.")
@click.version_option(__version__, prog_name="harness")
def main(debug: bool) -> None:
    """Compare how language models judge: a YAML spec in, a leaderboard with confidence intervals out."""
