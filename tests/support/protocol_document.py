"""The tables of docs/protocol.md."""

import re
from pathlib import Path

DOCUMENT = (Path(__file__).parent.parent.parent / "docs/protocol.md").read_text()

LOBBY_HEADING = "**The lobby** is the document of `GET game-sessions/{id}`:"
PLAYER_HEADING = "**A player** in `players`:"
CARD_HEADING = "**A card** in `lobbies`:"
TICKET_HEADING = "**A ticket** is the response of `POST game-sessions/{id}/ticket`:"
LIST_HEADING = "messages come at most once a second and have only what changed."


def rows(heading: str, document: str = DOCUMENT) -> list[list[str]]:
    """The table below a heading of the document, without its head."""
    part = document.split(f"{heading}\n", 1)[1]
    lines = part.strip().split("\n\n")[0].splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def names(cell: str) -> list[str]:
    """The names that a cell gives as code."""
    return re.findall(r"`(\w+)`", cell)
