"""The command line of an invocation, to run it again."""

from __future__ import annotations

import shlex

import click
from click.core import ParameterSource


def command_line(ctx: click.Context) -> str:
    """The command line of this invocation."""
    words = ["harness", ctx.info_name or "run"]
    for parameter in ctx.command.params:
        name = parameter.name or ""
        if ctx.get_parameter_source(name) is not ParameterSource.COMMANDLINE:
            continue
        value = ctx.params[name]
        if isinstance(parameter, click.Argument):
            words += map(str, value) if parameter.nargs == -1 else [str(value)]
        elif isinstance(parameter, click.Option) and parameter.is_flag:
            words.append(parameter.opts[0])
        else:
            values = value if parameter.multiple else [value]
            words += [word for one in values for word in (parameter.opts[0], str(one))]
    return shlex.join(words)
