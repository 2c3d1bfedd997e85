"""How the app is served, however it is opened: to whom, and what Streamlit may do."""

from __future__ import annotations

LOCAL = "127.0.0.1"
OWN_NAMES = ("localhost", LOCAL, "::1")
"""What this machine is called by itself."""

FIXED: dict[str, str] = {
    "global.developmentMode": "false",
    "browser.gatherUsageStats": "false",
    "client.showErrorDetails": "none",
    "client.showErrorLinks": "false",
    "client.toolbarMode": "viewer",
    "server.enableAgentApi": "false",
    "server.enableCORS": "true",
    "server.enableStaticServing": "false",
    "server.enableXsrfProtection": "true",
    "server.fileWatcherType": "none",
    "server.headless": "true",
    "server.maxMessageSize": "200",
    "server.maxUploadSize": "20",
    "server.runOnSave": "false",
    "server.scriptHealthCheckEnabled": "false",
    "server.xsrfCookieSameSite": "strict",
    "theme.backgroundColor": "#FFFFFF",
    "theme.baseRadius": "small",
    "theme.font": "Arial, Helvetica, sans-serif",
    "theme.primaryColor": "#005EB8",
    "theme.secondaryBackgroundColor": "#F0F4F5",
    "theme.textColor": "#212B32",
}
"""What is set however the app is opened: no telemetry, no traces, requests from its own pages only, uploads of 20 MB."""
