"""The command line. Every command reads its inputs whole before it works, and writes whole results or none.

Exit codes: 0 done, 1 the answer is no (a replay that differs) or an error of ours, 2 an input cannot be used, or a place
to write to, or there is not the memory for it.
"""

from __future__ import annotations

import errno
import os
import sys
import traceback
from pathlib import Path
from typing import Annotated, Any

import typer

from pathways import BadInput, Problem
from pathways.files.opened import not_opened, printable
from ui.commands.app import open_app
from ui.commands.budget import budget
from ui.commands.calibrate import calibrate
from ui.commands.compare import compare, replay, run
from ui.commands.journeys import journeys
from ui.commands.psa import psa
from ui.commands.region import region_new
from ui.commands.show import check, schema, show
from ui.commands.validate import validate
from ui.commands.value import value
from ui.commands.variation import variation
from ui.terminal.progress import INTERRUPTED
from ui.terminal.streams import outputs_done, outputs_ready
from ui.terminal.telling import LONGEST_PROBLEM, err, say, tell_problems

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
)
region_app = typer.Typer(help="Build a region from official files.", no_args_is_help=True)
app.add_typer(region_app, name="region")

LISTS = ("--icb", "--sub-icb", "--pcn", "--practice")

SHORT_OF_MEMORY = (
    "Memory is short: the work was given up. Choose fewer --workers, fewer runs or years, or a smaller region; "
    "or let the program have more (ulimit -v)."
)

UsageError: Any = typer.BadParameter.__mro__[1]
"""What Typer raises where a command is not used as its help says. Newer Typers bring their own Click, without its name."""


def _tell_version(asked: bool) -> None:
    if asked:
        from sim.version import MODEL, versions

        say(f"backpath {versions()['backpath']}, model {MODEL}")
        raise typer.Exit


@app.callback()
def of_all(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_tell_version, is_eager=True, help="Print the version, and the model's."),
    ] = False,
) -> None:
    """Simulates people with back pain moving through a local NHS, under alternative pathway designs."""


def main() -> None:
    """Runs the command line; turns problems into sentences and exit codes."""
    outputs_ready()
    code = _outcome()
    if why := outputs_done():
        err.print(f"What was printed could not all be handed over: {why}.", markup=False)
        code = code or 2
    sys.exit(code)


def _outcome() -> int:
    """Runs what was typed; its exit code."""
    try:
        command = typer.main.get_command(app)
        arguments = spread_lists(sys.argv[1:])
        refuse_repeated(command, arguments)
        code = command.main(args=arguments, prog_name="backpath", standalone_mode=False)
        if code == INTERRUPTED:  # newer Typers turn the interrupt into this
            raise KeyboardInterrupt
        return code if isinstance(code, int) else 0
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0
    except BadInput as bad:
        tell_problems(bad.problems)
        return 2
    except UsageError as wrong:
        wrong.show()
        return 2
    except (KeyboardInterrupt, typer.Abort):
        err.print("Stopped. Nothing was written.")
        return INTERRUPTED
    except Exception as error:
        if isinstance(error, OSError) and error.filename and error.errno in (errno.ENAMETOOLONG, errno.ELOOP):
            tell_problems(not_opened(Path(os.fsdecode(error.filename)), error).problems)  # a name that no file can have
            return 2
        if os.environ.get("BACKPATH_DEBUG"):
            traceback.print_exc()
        if is_short_of_memory(error):
            say(SHORT_OF_MEMORY, aside=True)
            return 2
        # an error of ours: the user gets a sentence, a developer the traceback if asked for
        what = printable(f"{type(error).__name__}: {error}", longest=LONGEST_PROBLEM)
        err.print(f"This should not have happened: {what}", markup=False)
        err.print("Nothing was written. Please report it; BACKPATH_DEBUG=1 shows where it happened.", markup=False)
        return 1


def is_short_of_memory(error: BaseException) -> bool:
    """Whether an error, or what it came of, says that the system had no memory to give.

    >>> is_short_of_memory(MemoryError()), is_short_of_memory(OSError(12, "Cannot allocate memory")), is_short_of_memory(KeyError())
    (True, True, False)
    """
    if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno == errno.ENOMEM):
        return True
    signs = ("can't start new thread", "failed to map segment", "allocate memory")
    if isinstance(error, RuntimeError | ImportError | OSError) and any(sign in str(error) for sign in signs):
        return True
    cause = error.__cause__ or error.__context__
    return cause is not None and is_short_of_memory(cause)


def spread_lists(arguments: list[str]) -> list[str]:
    """Lets `--pcn A B C` stand for `--pcn A --pcn B --pcn C`. Commas are parted where it is known which names have one.

    >>> spread_lists(["--pcn", "U1", "U2", "--out", "here"])
    ['--pcn', 'U1', '--pcn', 'U2', '--out', 'here']
    """
    spread: list[str] = []
    option = ""
    for argument in arguments:
        if argument.startswith("-"):
            name, equals, first = argument.partition("=")
            option = name if name in LISTS else ""
            spread += [option, first] if option and equals else [] if option else [argument]
        elif option:
            spread += [option, argument]
        else:
            spread.append(argument)
    return spread


def refuse_repeated(command: Any, arguments: list[str]) -> None:
    """Raises where an option that takes one value is given several: all but the last would be lost."""
    given: dict[str, list[str]] = {}
    rest = iter(arguments)
    for argument in rest:
        if argument == "--":
            break
        command = getattr(command, "commands", {}).get(argument, command)
        name, equals, value = argument.partition("=")
        option = next((each for each in command.params if argument.startswith("-") and name in each.opts), None)
        if option is not None and not getattr(option, "is_flag", False):
            value = value if equals else next(rest, "")
            if not option.multiple:
                given.setdefault(name, []).append(value)
    problems = [
        Problem(
            "options_stand_once", " ".join(f"{name} {value}" for value in values), "give it once: it takes one value."
        )
        for name, values in given.items()
        if len(values) > 1
    ]
    if problems:
        raise BadInput(problems)


for command in (
    check,
    show,
    schema,
    compare,
    run,
    replay,
    validate,
    calibrate,
    psa,
    budget,
    value,
    variation,
    journeys,
):
    app.command()(command)
app.command("app")(open_app)
region_app.command("new")(region_new)

if __name__ == "__main__":
    main()
