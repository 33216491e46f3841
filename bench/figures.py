"""What the measurements share: taking turns, medians, a table with ratios."""

import statistics
import sys
from collections.abc import Callable, Mapping, Sequence


def in_turns(calls: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, float]:
    """The median figure of each call. They take turns, so that a noisy machine disturbs all alike."""
    figures: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            figures[name].append(call())
    return {name: statistics.median(some) for name, some in figures.items()}


def with_ratios(medians: dict[str, float], digits: int) -> list[tuple[str, ...]]:
    """Rows of a table: name, figure, ratio to the first."""
    base = next(iter(medians.values()))
    return [(n, f"{value:,.{digits}f}", f"{value / base:.2f}") for n, value in medians.items()]


def table(title: str, head: str, rows: Sequence[tuple[str, ...]]) -> None:
    """Print a table of Markdown."""
    columns = head.count("|") + 1
    print(f"\n{title}\n\n| {head} |\n| --- |{' ---: |' * (columns - 1)}")
    for row in rows:
        print("| " + " | ".join(row) + " |")
    sys.stdout.flush()
