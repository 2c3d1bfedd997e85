"""Who can reach the app: what `backpath app` sets on the command line, and which requests are refused whatever it was told."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
import tomllib
from pathlib import Path
from typing import Any

import pytest
from streamlit import config

from tests.helpers.typed import backpath
from ui.pages.known_hosts import OnlyKnownHosts, close_what_can_be_closed
from ui.pages.serving import FIXED, OWN_NAMES

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[str], dict[str, Any]]]:
    """What would have been started."""
    made: list[tuple[list[str], dict[str, Any]]] = []
    monkeypatch.setattr(subprocess, "call", lambda command, **more: made.append((command, more)) or 0)
    return made


def options(command: list[str]) -> dict[str, list[str]]:
    """The values of every option of a command, by name."""
    found: dict[str, list[str]] = {}
    for name, value in zip(command[5::2], command[6::2], strict=True):
        found.setdefault(name.removeprefix("--"), []).append(value)
    return found


# the command


def test_every_setting_that_keeps_the_app_to_this_machine_is_on_the_command_line(calls: list[Any]) -> None:
    """Without `.streamlit/config.toml` beside it the app listened on all interfaces, with telemetry on."""
    assert backpath("app", "--port", 8777).code == 0
    command = calls[0][0]
    assert command[:5] == [sys.executable, "-m", "streamlit", "run", str(ROOT / "app.py")]
    given = options(command)
    assert given["server.address"] == ["127.0.0.1"]
    assert given["server.allowedHosts"] == ["localhost", "127.0.0.1", "::1"]
    for name, value in {
        "browser.gatherUsageStats": "false", "server.enableXsrfProtection": "true", "server.enableCORS": "true", "server.headless": "true",
        "server.fileWatcherType": "none", "server.maxUploadSize": "20", "server.enableStaticServing": "false", "server.enableAgentApi": "false",
        "client.showErrorDetails": "none",
    }.items():  # fmt: skip
        assert given[name] == [value], name
    assert "corsAllowedOrigins" not in " ".join(command)


def test_streamlit_knows_every_option_and_the_projects_file_says_the_same() -> None:
    written = {
        f"{section}.{name}": value
        for section, values in tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text()).items()
        for name, value in values.items()
    }
    assert tuple(written.pop("server.allowedHosts")) == OWN_NAMES
    assert written.pop("server.address") == "127.0.0.1"
    for name, value in written.items():
        assert FIXED[name] == (str(value).lower() if isinstance(value, bool) else str(value)), name
    for name in (*FIXED, "server.allowedHosts", "server.address"):
        config.get_option(name)


@pytest.mark.parametrize("host", ["0.0.0.0", "10.0.0.7", "backpath.trust.nhs.uk", "::"])
def test_an_address_that_others_reach_needs_the_name_that_they_type(calls: list[Any], host: str) -> None:
    seen = backpath("app", "--host", host)
    assert (seen.code, seen.out, calls) == (2, "", [])
    assert f"--host {host}: others can reach the app there" in " ".join(seen.err.split())
    assert "--allowed-host NAME" in seen.err
    assert backpath("app", "--host", host, "--allowed-host", "backpath.trust.nhs.uk", "--allowed-host", "10.0.0.7").code == 0  # fmt: skip
    given = options(calls[0][0])
    assert given["server.address"] == [host]
    assert given["server.allowedHosts"][-2:] == ["backpath.trust.nhs.uk", "10.0.0.7"]


@pytest.mark.parametrize("name", ["*", "http://there", "a b", "there:8501", "*.nhs.uk", ""])
def test_what_is_no_name_of_a_host_is_refused(calls: list[Any], name: str) -> None:
    seen = backpath("app", "--allowed-host", name, "--port", 99_999)
    assert (seen.code, calls) == (2, [])
    said = " ".join(seen.err.split())
    assert "is no name of a host" in said
    assert "--port 99999: is no port" in said


def test_a_region_of_the_library_is_opened_by_its_name(calls: list[Any], tmp_path: Path) -> None:
    """`--region demonstration` was taken for a folder below where the command was typed, which the page could not read."""
    assert backpath("app", "--region", "demonstration").code == 0
    assert calls[0][1]["env"]["BACKPATH_REGION"] == "demonstration"


def test_a_port_that_is_in_use_is_told_before_an_address_is(calls: list[Any]) -> None:
    """An address was printed, and then a line of another program's log."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        seen = backpath("app", "--port", port)
    assert (seen.code, seen.out, calls) == (2, "", [])
    assert f"--port {port}: is in use" in " ".join(seen.err.split())


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals")
def test_whoever_ends_the_command_ends_the_server(tmp_path: Path) -> None:
    """A stop of the command left its server running, and the port taken."""
    number = tmp_path / "number"
    server = [
        sys.executable,
        "-c",
        f"import os, time; open({str(number)!r}, 'w').write(str(os.getpid())); time.sleep(600)",
    ]
    command = [sys.executable, "-c", f"from ui.commands.app import serve; serve({server!r}, {{}})"]
    with subprocess.Popen(command, cwd=ROOT) as program:
        while not (number.exists() and number.read_text()):
            assert program.poll() is None
            time.sleep(0.05)
        program.terminate()
        assert program.wait(60) == 128 + signal.SIGTERM
    with pytest.raises(ProcessLookupError):
        os.kill(int(number.read_text()), 0)


# every request


def asked(kind: str = "http", client: str = "127.0.0.1", **headers: str) -> Any:
    """What a request gets: a status, or what a channel is answered."""
    sent: list[Any] = []

    async def within(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "passed"})

    async def receive() -> Any:
        return {"type": f"{kind}.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": kind,
        "client": (client, 50_000),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    asyncio.run(OnlyKnownHosts(within)(scope, receive, send))
    first = sent[0]
    return first.get("status", first["type"])


@pytest.fixture
def only_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """The app as it is opened without more."""
    given = config.get_option
    monkeypatch.setattr(config, "get_option", lambda name: list(OWN_NAMES) if name == "server.allowedHosts" else given(name))  # fmt: skip


@pytest.mark.usefixtures("only_here")
@pytest.mark.parametrize("host", ["evil.example", "evil.example:8501", "localhost.evil.example", "127.0.0.1.evil.example", "me@localhost", "localhost/x", "", "localhost:x"])  # fmt: skip
def test_a_request_under_another_name_is_refused(host: str) -> None:
    """A name that points to this machine (DNS rebinding) was answered, on every path."""
    assert asked(host=host) == 403
    assert asked("websocket", host=host, origin=f"http://{host}") == "websocket.close"


@pytest.mark.usefixtures("only_here")
def test_a_page_of_another_host_is_refused_though_it_asks_for_this_machine() -> None:
    for origin in ("http://evil.example", "http://localhost:3000", "null", "http://127.0.0.1:8501"):
        assert asked(host="localhost:8501", origin=origin) == 403
        assert asked("websocket", host="localhost:8501", origin=origin) == "websocket.close"


@pytest.mark.usefixtures("only_here")
@pytest.mark.parametrize("host", ["localhost:8501", "127.0.0.1:8501", "[::1]:8501", "LOCALHOST"])
def test_this_machine_is_answered_under_its_own_names(host: str) -> None:
    assert asked(host=host) == "passed"
    assert asked("websocket", host=host, origin=f"http://{host}") == "passed"


def test_without_any_setting_only_this_machine_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    """`streamlit run app.py` elsewhere than in the project listens on all addresses: whoever is not here is refused, under
    whatever name; and telemetry is turned off when the server loads the file."""
    monkeypatch.setattr(config, "get_option", lambda name: [])
    assert asked(host="localhost:8501") == "passed"
    assert asked(client="10.0.0.9", host="localhost:8501") == 403
    assert asked(client="10.0.0.9", host="10.0.0.7:8501") == 403
    turned: dict[str, Any] = {}
    monkeypatch.setattr(config, "set_option", turned.__setitem__)
    close_what_can_be_closed()
    assert turned == {
        "browser.gatherUsageStats": False,
        "client.showErrorDetails": "none",
        "client.showErrorLinks": False,
    }
