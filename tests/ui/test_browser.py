"""The Compare page in a real browser: it answers, fetches nothing from elsewhere, and works by keyboard and on a phone."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlparse

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed on this machine"),
]
sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
from playwright.sync_api import Browser, BrowserContext, Page  # noqa: E402

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run", "--disable-component-update",
    "--disable-sync", "--disable-quic",
]  # fmt: skip
PATIENCE = 120_000
TABS = ("Change", "Over time", "Pathway flow", "By deprivation", "Table and downloads")
PHONE = {"width": 390, "height": 844}
LAPTOP = {"width": 1280, "height": 900}

STILL = 500
QUIET = """([still, patience]) => new Promise((quiet, restless) => {
  let last = performance.now(), seen = new MutationObserver(() => { last = performance.now() });
  const end = (how, why) => { clearInterval(clock); seen.disconnect(); how(why) }, from = last;
  seen.observe(document.body, {subtree: true, childList: true, attributes: true, characterData: true});
  const clock = setInterval(() => {
    if (!document.querySelector('[data-testid="stApp"][data-test-script-state="notRunning"]')) last = performance.now();
    if (performance.now() - last > still) end(quiet);
    else if (performance.now() - from > patience) end(restless, new Error('the page never came to rest'));
  }, 50) })"""

CONTRASTS = """() => {
  const light = c => { const f = v => { v /= 255; return v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4 };
    return .2126 * f(c[0]) + .7152 * f(c[1]) + .0722 * f(c[2]) };
  const parts = s => { const m = s.match(/[\\d.]+/g).map(Number); return m.length < 4 ? [...m, 1] : m };
  const over = (a, b) => [0, 1, 2].map(i => a[i] * a[3] + b[i] * (1 - a[3]));
  const ground = e => { const layers = []; for (; e; e = e.parentElement) layers.push(parts(getComputedStyle(e).backgroundColor));
    return layers.reverse().reduce((below, above) => over(above, below), [255, 255, 255]) };
  const found = [], words = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (words.nextNode()) {
    const text = words.currentNode.textContent.trim(), e = words.currentNode.parentElement, box = e.getBoundingClientRect();
    if (!text || ['STYLE', 'SCRIPT'].includes(e.tagName) || e.closest('svg, [data-testid=stSlider], [data-testid=stIconMaterial]')) continue;
    if (!e.checkVisibility({checkOpacity: true, checkVisibilityCSS: true}) || box.width < 2 || box.height < 2) continue;
    let opacity = 1; for (let x = e; x; x = x.parentElement) opacity *= +getComputedStyle(x).opacity;
    const behind = ground(e), ink = parts(getComputedStyle(e).color), front = over([...ink.slice(0, 3), ink[3] * opacity], behind);
    const [dark, bright] = [light(front), light(behind)].sort((a, b) => a - b);
    found.push([text, (bright + .05) / (dark + .05)]);
  }
  return found }"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The app as `backpath app` opens it, on a free port of this machine."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = tmp_path_factory.mktemp("app") / "log.txt"
    with log.open("w") as out:
        server = subprocess.Popen(
            [sys.executable, "-m", "ui.command_line", "app", "--port", str(port)],
            cwd=Path(__file__).resolve().parent.parent.parent,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
        try:
            url = f"http://127.0.0.1:{port}"
            wait_for(url, server, log)
            yield url
        finally:
            os.killpg(server.pid, signal.SIGTERM)
            server.wait(30)


def wait_for(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    """Returns when the app answers."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        assert server.poll() is None, log.read_text()
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise AssertionError(f"the app did not answer: {log.read_text()}")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all tests of this file."""
    with sync_api.sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield running
        running.close()


class Visit:
    """A page with a record of all that it fetched and of every error that it made."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.page: Page = context.new_page()
        self.page.set_default_timeout(PATIENCE)
        self.fetched: list[str] = []
        self.errors: list[str] = []
        self.page.on("request", lambda request: self.fetched.append(request.url))
        self.page.on("websocket", lambda channel: self.fetched.append(channel.url))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", lambda said: self.errors.append(said.text) if said.type == "error" else None)
        self.page.goto(url)

    def settled(self) -> Page:
        """The page when nothing moves any more: until then it may replace what the focus is on."""
        self.page.evaluate(QUIET, [STILL, PATIENCE])
        return self.page

    def headline(self) -> str:
        """The first line of the key message."""
        self.page.wait_for_selector(".key-message h2")
        return self.settled().inner_text(".key-message h2")

    def tab(self, name: str) -> None:
        """Opens a tab."""
        self.page.get_by_role("tab", name=name).click()
        self.settled()


@pytest.fixture
def visit(browser: Browser, address: str) -> Iterator[Visit]:
    """Somebody opens the page on a laptop, over one year."""
    context = browser.new_context(viewport=LAPTOP, accept_downloads=True)
    yield Visit(context, f"{address}/?years=1")
    context.close()


@pytest.fixture(scope="module")
def reader(browser: Browser, address: str) -> Iterator[Visit]:
    """Somebody who prefers dark pages has opened this one and changes nothing; shared by the tests that only look at it."""
    context = browser.new_context(viewport=LAPTOP, accept_downloads=True, color_scheme="dark")
    visit = Visit(context, f"{address}/?years=1&own_on=true")
    visit.headline()
    yield visit
    context.close()


def test_the_headline_is_there_without_any_input(visit: Visit) -> None:
    """Within the first screen of a laptop, and with figures, chart and tiles."""
    assert re.fullmatch(
        r"Physio first: .+ MRI scans.*, if the assumed numbers hold: \d+ of \d+ are judgements\.", visit.headline()
    )
    page = visit.page
    box = page.locator(".key-message").bounding_box()
    assert box is not None
    assert box["y"] + box["height"] < LAPTOP["height"]
    assert page.title() == "Backpath"
    assert page.locator("h1").all_inner_texts() == ["Compare back pain pathways"]
    assert page.locator("html").get_attribute("lang") == "en"
    page.get_by_test_id("stMetric").nth(12).wait_for()
    assert page.get_by_test_id("stException").count() == 0


def test_nothing_leaves_this_machine_and_nothing_goes_wrong(reader: Visit) -> None:
    """Every tab, with the form for one's own scenario: all requests, sockets included, go to 127.0.0.1."""
    for name in TABS:
        reader.tab(name)
    places = {urlparse(url).hostname for url in reader.fetched if not url.startswith(("data:", "blob:"))}
    assert places == {"127.0.0.1"}
    assert any(url.startswith("ws:") for url in reader.fetched)
    assert reader.errors == []


@pytest.mark.parametrize(
    ("tab", "starts"),
    [
        ("Change", "Change in MRI scans. "),
        ("Over time", "MRI scans over 1 year. "),
        ("Pathway flow", "Flows between services"),
        ("By deprivation", "Change in MRI scans by deprivation. "),
    ],
)
def test_every_chart_has_its_words(reader: Visit, tab: str, starts: str) -> None:
    reader.tab(tab)
    panel = reader.page.get_by_role("tabpanel", name=tab)
    panel.get_by_label(re.compile(f"^{starts}")).first.wait_for()
    assert panel.get_by_label(re.compile(f"^{starts}")).count() >= 1


def test_all_text_stands_out_from_its_background(reader: Visit) -> None:
    """At least 4.5 to 1, whatever the size; symbols and what a slider draws within itself are left out."""
    for name in TABS:
        reader.tab(name)
        found = reader.page.evaluate(CONTRASTS)
        assert len(found) > 25
        assert not [each for each in found if each[1] < 4.5], name


def test_reports_and_tables_are_downloaded(reader: Visit, browser: Browser, tmp_path: Path) -> None:
    """The report has the headline of the page, and opens by itself on a phone: nothing fetched, nothing sideways."""
    headline = reader.headline().removeprefix("My scenario: ")
    reader.tab("Table and downloads")
    files = {}
    for label in ("Report (web page)", "Differences (CSV)", "Everything (JSON)"):
        with reader.page.expect_download() as download:
            reader.page.get_by_role("button", name=label).click()
        files[label] = tmp_path / download.value.suggested_filename
        download.value.save_as(files[label])
    report = files["Report (web page)"]
    assert headline in report.read_text()
    assert files["Differences (CSV)"].read_bytes().startswith(b"\xef\xbb\xbfscenario,outcome,base,")
    assert '"fingerprint"' in files["Everything (JSON)"].read_text()
    phone = browser.new_context(viewport=PHONE)
    alone = Visit(phone, report.as_uri())
    assert alone.fetched == [report.as_uri()]
    assert alone.errors == []
    assert alone.page.evaluate("() => document.documentElement.scrollWidth") == PHONE["width"]
    phone.close()


def test_a_link_shows_another_person_the_same(visit: Visit, browser: Browser) -> None:
    visit.headline()
    page = visit.page
    page.get_by_role("button", name="Physio first", exact=True).click()
    visit.settled()
    page.get_by_role("combobox", name="Outcome").click()
    page.get_by_role("option", name="GP consultations").click()
    page.wait_for_function("document.querySelector('.key-message h2')?.innerText?.includes('GP consultations, if')")
    headline = visit.headline()
    assert headline.startswith("MRI guidance: ")
    other = browser.new_context(viewport=LAPTOP)
    assert Visit(other, page.url).headline() == headline
    other.close()


def test_ones_own_scenario_by_keyboard(visit: Visit) -> None:
    """The slider is moved to its end with the End key, the form is sent with its button."""
    visit.headline()
    visit.page.get_by_text("Add my own scenario").click()
    assert visit.headline() == "My scenario: No change in MRI scans."
    slider = visit.page.get_by_role("slider", name="MRI referral form (% of practices)")
    slider.focus()
    visit.page.keyboard.press("End")
    visit.page.get_by_role("button", name="Update results").click()
    visit.page.wait_for_function("document.querySelector('.key-message h2')?.innerText?.includes('runs show')")
    assert visit.headline().startswith("My scenario: All 20 runs show fewer MRI scans, if the assumed numbers hold: ")
    with visit.page.expect_download() as download:
        visit.page.get_by_role("button", name="Download my scenario").click()
    assert download.value.suggested_filename == "my_scenario.toml"
    assert "[levers.mri_form]\nreach = 1\n" in download.value.path().read_text()


FOCUSED = """() => {
  const e = document.activeElement, seen = x => { const s = getComputedStyle(x), box = x.getBoundingClientRect();
    return s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2 && box.width * box.height > 100
      && getComputedStyle(x.parentElement).clipPath === 'none' };
  let around = e, ring = false; for (let up = 0; up < 4 && !ring && around.parentElement; up++, around = around.parentElement) ring = seen(around);
  return [e.getAttribute('aria-label') || (e.closest('[data-testid=stMain]') === e ? 'main' : e.innerText), ring] }"""


def test_the_main_controls_are_reached_by_keyboard_in_order(visit: Visit) -> None:
    """With the Tab key alone, each with a ring around it that can be seen; then used by keyboard."""
    visit.headline()
    page = visit.page
    reached = []
    for _ in range(12):
        page.keyboard.press("Tab")
        name, ring = page.evaluate(FOCUSED)
        reached.append(name)
        assert ring, f"nothing shows that the focus is on {name!r}"
    wanted = ["Skip to main content", "Area", "1", "Any qualified provider", "Outcome", "Add my own scenario", "Change"]
    assert [name for name in reached if name in wanted][: len(wanted)] == wanted
    page.get_by_role("button", name="Physio first", exact=True).focus()
    page.keyboard.press("Space")
    page.wait_for_function("document.querySelector('.key-message h2')?.innerText?.startsWith('MRI guidance')")
    visit.settled()
    page.get_by_role("tab", name="Change").focus()
    page.keyboard.press("ArrowRight")
    visit.settled()
    assert page.get_by_role("tab", name="Over time").get_attribute("aria-selected") == "true"


BEYOND = """() => [document.documentElement, document.body, document.querySelector('[data-testid=stMain]')]
  .map(e => e.scrollWidth - e.clientWidth)"""


def test_nothing_scrolls_sideways_on_a_narrow_screen(browser: Browser, address: str) -> None:
    """On a phone, and at 320 pixels: a laptop zoomed to 400%."""
    context = browser.new_context(viewport=PHONE)
    visit = Visit(context, f"{address}/?years=1&own_on=true")
    visit.headline()
    for name in TABS:
        visit.tab(name)
        for width in (320, PHONE["width"]):
            visit.page.set_viewport_size({"width": width, "height": 800})
            beyond = visit.page.evaluate(BEYOND)
            for _ in range(40):  # charts follow the width of the window a little later
                if not any(beyond):
                    break
                visit.page.wait_for_timeout(250)
                beyond = visit.page.evaluate(BEYOND)
            assert beyond == [0, 0, 0], (name, width)
    context.close()


def test_a_long_run_shows_its_progress_and_can_be_stopped(browser: Browser, address: str) -> None:
    context = browser.new_context(viewport=LAPTOP)
    visit = Visit(context, f"{address}/?years=10&runs=200")
    main = visit.page.get_by_test_id("stMain")
    main.get_by_text(re.compile(r"^(Simulating: \d+ of \d+ runs|Preparing the simulation)$")).first.wait_for()
    main.get_by_role("button", name="Stop", exact=True).click()
    main.get_by_text("Stopped. Change a setting, or press the button to run it again.").wait_for()
    main.get_by_role("button", name="Run again").wait_for()
    assert visit.errors == []
    context.close()
