"""`backpath app`: opens the app in a browser, with every setting that keeps it to whom it is for on the command line.

Streamlit takes what nobody sets from a file beside it or in the home folder, or leaves it open to all: nothing rests on that.
"""

from __future__ import annotations

import errno
import ipaddress
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from pathways import BadInput, Problem, library_names
from ui.commands.options import DEFAULT_BASE, DEFAULT_REGION
from ui.findings.calibrated import calibration_at
from ui.pages.serving import FIXED, LOCAL, OWN_NAMES
from ui.terminal.telling import say_wrapped

FirstRegion = Annotated[
    str | None,
    typer.Option("--region", help="A region of the library to begin with, or a folder to offer.", metavar="NAME|DIR"),
]
OfferedCalibration = Annotated[
    Path | None,
    typer.Option("--calibration", help="A calibration's folder; results for its area rest on it.", metavar="DIR"),
]
Port = Annotated[int, typer.Option("--port", help="The port on this machine.", metavar="PORT")]
Host = Annotated[
    str,
    typer.Option(
        "--host", help="The address to listen at; others reach it if it is not this machine's own.", metavar="ADDRESS"
    ),
]
AllowedHosts = Annotated[
    list[str] | None,
    typer.Option(
        "--allowed-host",
        help="A name under which others reach it; may be repeated. All other names are refused.",
        metavar="NAME",
    ),
]

NAME = re.compile(r"(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,62})(\.[a-z0-9_][a-z0-9_-]{0,62})*", re.IGNORECASE)
PORTS = range(1, 65_536)


def streamlit_command(host: str, port: int, allowed: list[str]) -> list[str]:
    """The command that serves the app, with every setting; `allowed` are names beside those of this machine."""
    names = [*OWN_NAMES, *(name.strip("[]").lower() for name in allowed)]
    options = {
        **FIXED,
        "server.address": host,
        "server.port": str(port),
        "browser.serverAddress": (allowed or [host])[0],
    }
    command = [sys.executable, "-m", "streamlit", "run", str(Path(__file__).resolve().parent.parent.parent / "app.py")]
    for name, value in options.items():
        command += [f"--{name}", value]
    for name in dict.fromkeys(names):
        command += ["--server.allowedHosts", name]
    return command


def is_local(host: str) -> bool:
    """Whether nobody but this machine reaches an address.

    >>> is_local("127.0.0.1"), is_local("localhost"), is_local("0.0.0.0"), is_local("10.0.0.7")
    (True, True, False, False)
    """
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _is_host(name: str) -> bool:
    """Whether a name could be that of a host, or is an address.

    >>> _is_host("[::1]"), _is_host("trust.nhs.uk"), _is_host("http://trust.nhs.uk"), _is_host("*")
    (True, True, False, False)
    """
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return bool(NAME.fullmatch(name))
    return True


def problems_of(host: str, port: int, allowed: list[str]) -> list[Problem]:
    """What is wrong with where the app is to be reached, all at once."""
    found = []
    if not _is_host(host):
        says = f"is no address. Write that of this machine, for example --host {LOCAL}, or 0.0.0.0 for all it has."
        found.append(Problem("app_address", f"--host {host}", says))
    for name in allowed:
        if not _is_host(name):
            says = (
                "is no name of a host. Write it as it stands in the browser's address, without 'http://', port or '*'."
            )
            found.append(Problem("app_allowed_host", f"--allowed-host {name}", says))
    if not allowed and not is_local(host):
        says = (
            "others can reach the app there, and it must know under which name, or any web page could read it through their "
            "browsers. Add --allowed-host NAME, the name or address that they type; or leave --host out to open it here only."
        )
        found.append(Problem("app_allowed_host", f"--host {host}", says))
    if port not in PORTS:
        found.append(Problem("app_port", f"--port {port}", "is no port. Write one from 1 to 65535, for example 8501."))
    return found


def port_problems(host: str, port: int) -> list[Problem]:
    """Whether the port can be listened at now; whatever else may be wrong with an address Streamlit finds out."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        with socket.create_server((host, port), family=family):
            return []
    except OSError as error:
        whys = {
            errno.EADDRINUSE: "is in use, perhaps by this app in another window",
            errno.EACCES: "is not yours to use",
        }
        if error.errno not in whys:
            return []
        return [
            Problem(
                "app_port",
                f"--port {port}",
                f"{whys[error.errno]}. Choose another, for example {port % max(PORTS) + 1}.",
            )
        ]


def serve(command: list[str], environment: Mapping[str, str]) -> int:
    """Runs the server until it ends; its exit code. Whoever ends this program ends the server with it."""

    def end(number: int, _: object) -> None:
        raise SystemExit(128 + number)  # the call below then ends the server

    signals = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = [signal.signal(each, end) for each in signals]
    try:
        return subprocess.call(command, env=environment, cwd=Path(__file__).resolve().parent.parent.parent)
    finally:
        for each, handler in zip(signals, before, strict=True):
            signal.signal(each, handler)


def open_app(
    region: FirstRegion = None,
    calibration: OfferedCalibration = None,
    port: Port = 8501,
    host: Host = LOCAL,
    allowed_host: AllowedHosts = None,
) -> None:
    """Open the app in a browser on this machine, or serve it to others under names that are told."""
    from pathways import load_region
    from ui.inputs.cases import gather

    problems = problems_of(host, port, allowed_host or [])
    if problems := problems or port_problems(host.strip("[]"), port):
        raise BadInput(problems)
    environment = dict(os.environ)
    if region is not None:
        load_region(region)
        in_library = region in library_names("regions")
        environment["BACKPATH_REGION"] = region if in_library else str(Path(region).resolve())
    if calibration is not None:
        cases, base = gather([DEFAULT_BASE], against=DEFAULT_BASE)
        calibration_at(calibration, region=load_region(region or DEFAULT_REGION), base=cases[base])
        environment["BACKPATH_CALIBRATION"] = str(calibration.resolve())
    where = allowed_host[0] if allowed_host and not is_local(host) else host
    shown = f"[{where}]" if ":" in where.strip("[]") else where
    say_wrapped(f"Backpath is at http://{shown}:{port} (stop with Ctrl-C)")
    raise typer.Exit(serve(streamlit_command(host.strip("[]"), port, allowed_host or []), environment))
