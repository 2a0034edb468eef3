"""The report's page, made by scripts/report.sh and opened by headless Chromium at the width of a desk and of a phone:
no overflow, no error on the console, marks in every chart. Exit code 77 says that something it needs is absent."""
import html
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

SKIP = 77
# Tells the page around it what became of the report.
PROBE = """
<script>
window.problems = [];
window.addEventListener("error", (event) => window.problems.push(String(event.message)));
for (const kind of ["error", "warn"]) {
  const old = console[kind];
  console[kind] = (...words) => { window.problems.push(words.join(" ")); old.apply(console, words); };
}
window.addEventListener("load", () => setTimeout(() => {
  const charts = {};
  for (const box of document.querySelectorAll(".chart")) {
    charts[box.id] = box.querySelectorAll(".point path, .points path, .bars path, path.js-line, path.js-fill, .scatterlayer path").length;
  }
  const wide = [...document.querySelectorAll("body *")].filter((one) => !one.closest(".scroll") && !one.closest("svg")
    && one.getBoundingClientRect().right > window.innerWidth + 1).map((one) => `${one.tagName} ${one.id}`);
  window.parent.postMessage(JSON.stringify({
    problems: window.problems, charts, wide, scroll: document.documentElement.scrollWidth, width: window.innerWidth,
    claims: document.querySelectorAll(".claims tbody tr").length,
    rows: document.querySelectorAll("#comparison tbody tr").length,
  }), "*");
}, 1500));
</script>
"""
FRAME = """<!doctype html><body style="margin:0"><pre id="answer"></pre>
<script>window.addEventListener("message", (event) => { document.getElementById("answer").textContent = event.data; });</script>
<iframe src="PAGE" style="width:WIDTHpx;height:9000px;border:0"></iframe>"""


def skip(reason: str) -> None:
    print(f"SKIPPED: {reason}")
    sys.exit(SKIP)


def chromium() -> str:
    for name in ("chromium", "chromium-browser", "google-chrome"):
        path = shutil.which(name)
        if path and subprocess.run([path, "--version"], capture_output=True, timeout=60, check=False).returncode == 0:
            return path
    skip("no Chromium that runs")
    raise AssertionError


def browse(browser: str, page: Path, width: int, folder: Path) -> dict:
    frame = folder / f"frame-{width}.html"
    frame.write_text(FRAME.replace("PAGE", page.name).replace("WIDTH", str(width)), encoding="utf-8")
    common = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--virtual-time-budget=20000",
              f"--user-data-dir={folder / 'profile'}", f"--window-size={max(width, 500)},9000"]
    dom = subprocess.run([*common, "--dump-dom", frame.as_uri()], capture_output=True, text=True, timeout=180, check=True).stdout
    subprocess.run([*common, f"--screenshot={folder / f'page-{width}.png'}", frame.as_uri()], capture_output=True, timeout=180,
                   check=True)
    answer = re.search(r'<pre id="answer">(.*?)</pre>', dom, re.S)
    assert answer and answer.group(1), f"the page at {width} px did not finish loading"
    return json.loads(html.unescape(answer.group(1)))


def check(seen: dict, charts: int, claims: int) -> None:
    assert not seen["problems"], seen["problems"]
    assert not seen["wide"] and seen["scroll"] <= seen["width"], f"wider than {seen['width']} px: {seen['wide'][:5]}"
    assert len(seen["charts"]) == charts, seen["charts"]
    empty = [chart for chart, marks in seen["charts"].items() if marks == 0]
    assert not empty, f"no marks in {empty}"
    assert seen["claims"] == claims, f"{seen['claims']} claims shown of {claims}"
    assert seen["rows"] >= 10, seen["rows"]


def main() -> None:
    program, source = sys.argv[1], Path(sys.argv[2])
    browser = chromium()
    with tempfile.TemporaryDirectory(prefix="traincast-page-") as made:
        folder = Path(os.environ.get("TRAINCAST_PAGE_OUT", made))
        folder.mkdir(parents=True, exist_ok=True)
        script = [source / "scripts" / "report.sh", folder]
        done = subprocess.run(script, env={**os.environ, "TRAINCAST": program, "TRAINCAST_CONFIGS": str(source / "configs")},
                              capture_output=True, text=True, timeout=540, check=False)
        if "no python3 with plotly" in done.stderr:
            skip("no python3 with plotly, jinja2 and matplotlib")
        assert done.returncode == 0, done.stderr
        text = (folder / "report.html").read_text(encoding="utf-8")
        outside = re.findall(r'<(?:script|link|img)[^>]+(?:src|href)="(?!data:)', text)
        assert not outside, f"the page asks for other files: {outside}"
        charts = sorted(path.stem for path in (folder / "charts").glob("*.png"))
        assert charts == sorted(path.stem for path in (folder / "charts").glob("*.svg"))
        claims_file = folder / "data" / "claims.json"
        claims = len(json.loads(claims_file.read_text(encoding="utf-8"))["rows"]) if claims_file.exists() else 0
        assert "Left out, because" not in text, "a chart had no data"
        page = folder / "probed.html"
        page.write_text(text.replace("<body>", "<body>" + PROBE, 1), encoding="utf-8")
        for width in (1280, 390):
            check(browse(browser, page, width, folder), len(charts), claims)
            print(f"{width} px: {len(charts)} charts, {claims} claims")


main()
