"""A real browser without a window, which opens a page at some width and tells what became of it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tempfile
import threading
from dataclasses import dataclass
from functools import partial
from html import unescape
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--enable-logging=stderr", "--v=0"),
    # Whatever the page might ask of the network beyond this machine has no address.
    *("--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1", "--virtual-time-budget=10000", "--dump-dom"),
)
# The page is in a frame, because a window cannot be as narrow as a phone.
_FRAME = """<!doctype html><title>frame</title><link rel="icon" href="data:,"><body style="margin:0">
<iframe src="{page}" style="border:0;width:{width}px;height:800px"></iframe><pre id="found"></pre>
<script>
const frame = document.querySelector('iframe');
frame.onload = () => {{
  const page = frame.contentDocument, view = frame.contentWindow;
  for (const each of page.querySelectorAll('details')) each.open = true;
  const numbers = text => (text.match(/[\\d.]+/g) || []).map(Number);
  const linear = value => value <= 10.31475 ? value / 3294.6 : ((value / 255 + 0.055) / 1.055) ** 2.4;
  const luminance = rgb => [0.2126, 0.7152, 0.0722].reduce((sum, part, at) => sum + part * linear(rgb[at]), 0);
  const behind = element => {{
    for (let each = element; each; each = each.parentElement) {{
      const colour = numbers(view.getComputedStyle(each).backgroundColor);
      if (colour.length === 3 || colour[3] > 0) return colour;
    }}
    return [255, 255, 255];
  }};
  const faint = new Set();
  const walker = page.createTreeWalker(page.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {{
    const element = node.parentElement, style = view.getComputedStyle(element);
    if (!node.data.trim() || element.closest('script, [hidden], caption')) continue;
    const ink = numbers(element.closest('svg') ? style.fill : style.color);
    let opacity = 1;
    for (let each = element; each; each = each.parentElement) opacity *= view.getComputedStyle(each).opacity;
    const paper = behind(element), seen = ink.slice(0, 3).map((part, at) => part * opacity + paper[at] * (1 - opacity));
    const [dark, light] = [luminance(seen), luminance(paper)].sort((a, b) => a - b);
    const ratio = (light + 0.05) / (dark + 0.05);
    if (ratio < 4.5) faint.add(`${{ratio.toFixed(2)}} ${{node.data.trim().slice(0, 40)}}`);
  }}
  const wide = [...page.body.querySelectorAll('*')]
    .filter(each => !each.closest('.scroll') && !each.closest('svg, pre') && !each.closest('caption'))
    .filter(each => each.getBoundingClientRect().right > view.innerWidth + 1).map(each => each.outerHTML.slice(0, 90));
  const hidden = [...page.querySelectorAll('.scroll')].filter(each => each.scrollWidth > each.clientWidth)
    .map(each => `${{each.getAttribute('aria-label')}}: ${{each.scrollWidth}} in ${{each.clientWidth}}`);
  const over = [];
  for (const row of page.querySelectorAll('.latency')) {{
    const chart = row.querySelector('svg')?.getBoundingClientRect();
    for (const cell of chart ? row.querySelectorAll('th, td') : []) {{
      const text = page.createRange();
      text.selectNodeContents(cell);
      const place = text.getBoundingClientRect();
      const beside = place.right <= chart.left || chart.right <= place.left;
      if (!beside && place.bottom > chart.top && chart.bottom > place.top) over.push(cell.textContent);
    }}
  }}
  document.querySelector('#found').textContent = JSON.stringify({{
    width: view.innerWidth, scrollWidth: page.documentElement.scrollWidth, wide, hidden, over, faint: [...faint],
    title: page.title, luminance: luminance(behind(page.body)),
  }});
}};
</script>"""


@dataclass(frozen=True, slots=True)
class Look:
    """What a browser made of a page.

    `found` has its `width` and `scrollWidth` in pixels, what is too `wide`, tables of which a part is `hidden`, numbers
    that lie `over` a chart, text that is too `faint` to read, its `title`, the `luminance` behind it; `console` is what
    the browser complained of, `asked` which files it asked for.
    """

    found: dict[str, Any]
    console: list[str]
    asked: list[str]


def chromium() -> str:
    """The command of the browser; skips the test where there is none."""
    for name in _NAMES:
        command = shutil.which(name)
        if command is not None:
            return command
    pytest.skip("install chromium: the page is looked at in a real browser (apt-get install chromium)")


def look(page: Path, width: int, *, dark: bool = False) -> Look:
    """Open a page, with everything unfolded, in a light or a dark browser at a width in pixels."""
    frame = page.with_name("frame.html")
    frame.write_text(_FRAME.format(page=page.name, width=width), "utf-8")
    asked: list[str] = []
    with tempfile.TemporaryDirectory() as profile:
        server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, asked, directory=str(page.parent)))
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            address = f"http://127.0.0.1:{server.server_address[1]}/{frame.name}"
            theme = (f"--blink-settings=preferredColorScheme={0 if dark else 1}",)
            command = [chromium(), *_FLAGS, *theme, f"--user-data-dir={profile}", address]
            ended = subprocess.run(command, capture_output=True, timeout=120, check=True)
        finally:
            server.shutdown()
            server.server_close()
            thread.join()
    said = re.findall(r"CONSOLE[^\]]*\] (.*)", ended.stderr.decode("utf-8", "replace"))
    found = re.search(r'<pre id="found">(.*?)</pre>', ended.stdout.decode("utf-8"), re.DOTALL)
    assert found is not None
    assert found[1], ended.stderr.decode("utf-8", "replace")[-2000:]
    return Look(json.loads(unescape(found[1])), said, [name for name in asked if not name.startswith("/frame.html")])


class _Handler(SimpleHTTPRequestHandler):
    """Gives files, and remembers for which it was asked."""

    def __init__(self, asked: list[str], *arguments: Any, **named: Any) -> None:
        self._asked = asked
        super().__init__(*arguments, **named)

    def do_GET(self) -> None:
        self._asked.append(self.path)
        super().do_GET()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""
