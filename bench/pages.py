"""`python -m bench.pages`: Lighthouse on the main pages, in a local Chromium.

Three runs of each page with Lighthouse's simulation of a slow phone; medians count. Needs Node, npm and
Chromium.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import httpx

os.environ.setdefault("TRIBEHOLD_DATA", str(Path(__file__).parent.parent / ".data-bench"))
os.environ["TRIBEHOLD_DATA"] += "/pages"  # the data of the demo

from bench.figures import print_table
from bench.servers import run_server

NODE = Path(__file__).parent / "lighthouse"
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
FLAGS = "--headless=new --no-sandbox --disable-dev-shm-usage"
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
PAINT, SHIFT = "largest-contentful-paint", "cumulative-layout-shift"
PORT, ROUNDS = 8492, 3


def run_lighthouse(url: str) -> dict[str, Any]:
    """Returns Lighthouse's report on a page."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [str(NODE / "node_modules/.bin/lighthouse"), url, "--quiet", "--output=json"]
        command += [f"--output-path={report}", f"--chrome-flags={FLAGS}"]
        subprocess.run(command, check=True, env=os.environ | {"CHROME_PATH": CHROMIUM})
        result: dict[str, Any] = json.loads(report.read_text())
        return result


def build_row(name: str, reports: list[dict[str, Any]]) -> tuple[str, ...]:
    """Returns a page's scores from 0 to 100, its largest contentful paint and its layout shift."""

    def median(*path: str) -> float:
        values = []
        for report in reports:
            for part in path:
                report = report[part]
            values.append(float(report))  # type: ignore[arg-type]
        return statistics.median(values)

    scores = [f"{100 * median('categories', category, 'score'):.0f}" for category in CATEGORIES]
    paint = f"{median('audits', PAINT, 'numericValue') / 1000:.1f} s"
    return name, *scores, paint, f"{median('audits', SHIFT, 'numericValue'):.3f}"


def main() -> None:
    """Runs Lighthouse on each page, and prints a table."""
    if not shutil.which("npm"):
        sys.exit("bench.pages needs Node and npm for Lighthouse.")
    if not (NODE / "node_modules").exists():
        subprocess.run(["npm", "ci", "--silent", "--ignore-scripts"], cwd=NODE, check=True)
    with run_server(PORT, "manage.py", "serve", PORT=str(PORT)) as site:
        best = httpx.get(site.url + "/api/v1/maps?sort=top&page_size=1").json()["results"][0]
        pages = {
            "`/maps/`": "/maps/",
            "a map's page": f"/maps/{best['id']}/",
            "`/lobbies/`": "/lobbies/",
        }
        rows = [
            build_row(name, [run_lighthouse(site.url + path) for _ in range(ROUNDS)])
            for name, path in pages.items()
        ]
    head = (
        "page | performance | accessibility | best practices | SEO | largest paint | layout shift"
    )
    print_table("Lighthouse", head, rows)


if __name__ == "__main__":
    main()
