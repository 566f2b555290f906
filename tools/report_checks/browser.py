"""Opens pages in Chromium without a network."""

import shutil
import sys
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import sync_playwright

SCRIPTS = Path(__file__).resolve().parent / "scripts"
LOCAL = ("file:", "data:", "blob:", "about:")


@contextmanager
def chromium():
    """The installed Chromium, headless."""
    program = shutil.which("chromium")
    if not program:
        sys.exit("chromium: not found; on Debian `apt-get install chromium` installs it")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def opened(browser, width, scheme, report, has_scripts=True):
    """An empty page of that width and scheme. It calls `report` with each error and each request that leaves the file
    system or fails."""
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, java_script_enabled=has_scripts)
    context.set_offline(True)

    def handle(route):
        if route.request.url.startswith(LOCAL):
            return route.continue_()
        report("request", short(route.request.url), "the page asks the network for it")
        return route.abort()

    context.route("**/*", handle)
    page = context.new_page()
    page.on("console", lambda message: message.type == "error" and not blocked(message.text) and report(
        "console", "page", short(message.text)))
    page.on("pageerror", lambda error: report("script error", "page", short(str(error))))
    page.on("requestfailed", lambda request: request.url.startswith(LOCAL) and report(
        "request", short(request.url), f"failed: {request.failure}"))
    try:
        yield page
    finally:
        context.close()


def blocked(message):
    """Whether the message only repeats that a request failed; those are findings of their own."""
    return message.startswith("Failed to load resource")


def call(page, script, argument=None):
    """Runs scripts/common.js and then the script's body with `argument` in the page; returns its value."""
    body = "".join((SCRIPTS / f"{name}.js").read_text(encoding="utf-8") for name in ("common", script))
    return page.evaluate(f"async argument => {{ {body} }}", argument)


def short(text, limit=120):
    text = " ".join(text.split())
    return text if len(text) <= limit else text[:limit] + "…"
