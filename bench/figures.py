"""Helpers of all benchmarks: calls that take turns, medians, tables with ratios."""

import statistics
import sys
from collections.abc import Callable, Mapping, Sequence


def measure_in_turns(calls: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, float]:
    """Returns the median figure of each call. They take turns, so that other work affects all of them."""
    figures: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            figures[name].append(call())
    return {name: statistics.median(values) for name, values in figures.items()}


def add_ratios(medians: dict[str, float], digits: int) -> list[tuple[str, ...]]:
    """Returns the rows of a table: name, figure, ratio to the first."""
    base = next(iter(medians.values()))
    return [
        (name, f"{value:,.{digits}f}", f"{value / base:.2f}") for name, value in medians.items()
    ]


def print_table(title: str, head: str, rows: Sequence[tuple[str, ...]]) -> None:
    """Prints a Markdown table."""
    columns = head.count("|") + 1
    print(f"\n{title}\n\n| {head} |\n| --- |{' ---: |' * (columns - 1)}")
    for row in rows:
        print("| " + " | ".join(row) + " |")
    sys.stdout.flush()
