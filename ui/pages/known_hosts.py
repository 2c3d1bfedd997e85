"""Who may ask the app: requests for a name that is not known to be its own are refused, and so are pages of other hosts.

A page elsewhere can point its own name at this machine (DNS rebinding) and so read what runs here. Streamlit looks at the name
where a session opens, and only there; here every request is looked at first, pages and uploads too. Which names are known says
the option `server.allowedHosts`, which `backpath app` always sets (`ui.commands.app`). Where it is not set, as with a plain
`streamlit run app.py` without the project's settings, this machine's own names are, and only this machine is answered.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from streamlit import config

from ui.pages.serving import FIXED, OWN_NAMES

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

REFUSED = (
    "This address is not known to Backpath. Open the address that 'backpath app' printed; "
    "to be reached under another name, start it with --allowed-host NAME."
)


def name_of(host: str) -> str | None:
    """The name in a Host header or in what follows the scheme of an address; None where it is not well formed.

    >>> name_of("localhost:8501"), name_of("[::1]:8501"), name_of("Trust.nhs.uk."), name_of("me@there"), name_of("")
    ('localhost', '::1', 'trust.nhs.uk', None, None)
    """
    try:
        parts = urlsplit(f"//{host}")
        well_formed = parts.port is None or parts.port >= 0
    except ValueError:
        return None
    if not well_formed or "@" in host or parts.path or parts.query or parts.fragment or not parts.hostname:
        return None
    return parts.hostname.lower().rstrip(".")


def is_known(headers: Mapping[str, Sequence[str]], names: Sequence[str]) -> bool:
    """Whether a request is for one of these names, and from a page of the same host, where it says from which.

    `headers` holds every value of each header, by its name in small letters.

    >>> is_known({"host": ["localhost:8501"]}, ["localhost"]), is_known({"host": ["evil.example:8501"]}, ["localhost"])
    (True, False)
    >>> is_known({"host": ["localhost:8501"], "origin": ["http://localhost:3000"]}, ["localhost"])
    False
    """
    hosts, origins = headers.get("host", []), headers.get("origin", [])
    if len(hosts) != 1 or name_of(hosts[0]) not in {name.strip().lower().strip("[]") for name in names}:
        return False
    return all(urlsplit(origin).netloc.lower() == hosts[0].lower() for origin in origins)


def is_from_here(client: Sequence[Any] | None) -> bool:
    """Whether a request comes from this machine.

    >>> is_from_here(("127.0.0.1", 50_000)), is_from_here(("10.0.0.7", 50_000)), is_from_here(None)
    (True, False, False)
    """
    try:
        return client is not None and ip_address(client[0]).is_loopback
    except ValueError:
        return False


def close_what_can_be_closed() -> None:
    """Sets what may still be set when the server runs already: no telemetry, no details of errors, no help elsewhere."""
    for name in ("browser.gatherUsageStats", "client.showErrorDetails", "client.showErrorLinks"):
        config.set_option(name, False if FIXED[name] == "false" else FIXED[name])


class OnlyKnownHosts:
    """Refuses every request, and every open channel, that is not for a known name or comes from a page of another host."""

    def __init__(self, app: Callable[[Message, Receive, Send], Awaitable[None]]) -> None:
        self.app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Passes on what is known; 403 for all else."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        headers: dict[str, list[str]] = {}
        for name, value in scope["headers"]:
            headers.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
        names = config.get_option("server.allowedHosts")
        if is_known(headers, names or OWN_NAMES) and (names or is_from_here(scope.get("client"))):
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008, "reason": "unknown host"})
        else:
            kind = [(b"content-type", b"text/plain; charset=utf-8")]
            await send({"type": "http.response.start", "status": 403, "headers": kind})
            await send({"type": "http.response.body", "body": f"{REFUSED}\n".encode()})
