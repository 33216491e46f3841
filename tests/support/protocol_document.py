"""The tables of docs/protocol.md."""

import re
from pathlib import Path

DOCUMENT = (Path(__file__).parent.parent.parent / "docs/protocol.md").read_text()


def rows(heading: str, document: str = DOCUMENT) -> list[list[str]]:
    """The table below a heading of the document, without its head."""
    part = document.split(f"{heading}\n", 1)[1]
    lines = part.strip().split("\n\n")[0].splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def names(cell: str) -> list[str]:
    """The names that a cell gives as code."""
    return re.findall(r"`(\w+)`", cell)
