"""Takes the picture of the README: starts the app, waits for its first answer, and photographs the Compare page.

python docs/pictures/photograph.py [PATH OF CHROMIUM]
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parent.parent.parent
PICTURE = Path(__file__).with_name("compare.png")
WIDTH, HEIGHT = 1280, 815


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        port: int = place.getsockname()[1]
        return port


def photograph(port: int, chromium: str) -> None:
    """Opens the page in a browser without a window, and keeps what it shows once the first answer stands."""
    with sync_playwright() as kit:
        browser = kit.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        page.goto(f"http://127.0.0.1:{port}/", wait_until="domcontentloaded")
        page.wait_for_selector(".key-message", timeout=180_000)
        page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]', timeout=60_000)
        page.wait_for_timeout(1500)
        page.screenshot(path=str(PICTURE))
        browser.close()


def main() -> None:
    """Starts the app, takes the picture, stops the app."""
    chromium = sys.argv[1] if len(sys.argv) > 1 else shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        raise SystemExit("No Chromium was found: name its path.")
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "streamlit",
        "run",
        "app.py",
        "--server.port",
        str(port),
        "--server.headless",
        "true",
    ]
    app = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        assert app.stdout is not None
        for line in app.stdout:
            if "URL" in line:
                break
        photograph(port, chromium)
    finally:
        app.terminate()
        app.wait()


if __name__ == "__main__":
    main()
