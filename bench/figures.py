"""What was measured: medians of interleaved rounds as ratios to a peer of the same run, as a table and as JSON."""

from __future__ import annotations

import json
import statistics
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path


@dataclass(frozen=True)
class Figure:
    """A ratio to a peer.

    Attributes:
        subject: What was measured.
        peer: What it is compared with.
        unit: The unit of `value` and `of_peer`.
        value: The median of the rounds.
        of_peer: The peer's.
        ratio: The median of the ratios of each round to the peer's in the same round.
        bar: What the ratio is to reach, as `<= 2.0` or `>= 0.85`; empty for what is only shown for scale.
        rounds: How many rounds.
        note: What else is to be known, such as answers that were not counted.
    """

    subject: str
    peer: str
    unit: str
    value: float
    of_peer: float
    ratio: float
    bar: str
    rounds: int
    note: str = ""

    @property
    def verdict(self) -> str:
        """`yes` or `no` where there is a bar."""
        if not self.bar:
            return ""
        sign, number = self.bar.split()
        reached = self.ratio <= float(number) if sign == "<=" else self.ratio >= float(number)
        return "yes" if reached else "no"


def compare(
    subject: str, peer: str, unit: str, rounds: Iterable[tuple[float, float]], *, bar: str = "", note: str = ""
) -> Figure:
    """The figure of rounds in which both took turns.

    Args:
        subject: What was measured.
        peer: What it is compared with.
        unit: The unit of the values.
        rounds: The value and the peer's, of each round.
        bar: See `Figure`.
        note: See `Figure`.

    Raises:
        ValueError: The peer gave nothing to compare with in any round.
    """
    # On a busy machine a turn may end before the first answer.
    counted = [(value, other) for value, other in rounds if other]
    if not counted:
        raise ValueError(f"{peer} gave nothing to compare {subject} with: measure for longer, on a quieter machine")
    values, of_peer = zip(*counted, strict=True)
    ratio = statistics.median(value / other for value, other in zip(values, of_peer, strict=True))
    middle, middle_of_peer = statistics.median(values), statistics.median(of_peer)
    return Figure(subject, peer, unit, middle, middle_of_peer, round(ratio, 3), bar, len(values), note)


def table(figures: Iterable[Figure]) -> str:
    """The figures as a Markdown table."""
    rows: list[tuple[str, ...]] = [("what", "value", "peer", "peer's", "unit", "ratio", "bar", "reached", "note")]
    rows += [
        (f.subject, _short(f.value), f.peer, _short(f.of_peer), f.unit, f"{f.ratio:.2f}", f.bar, f.verdict, f.note)
        for f in figures
    ]
    rows.insert(1, tuple("---" for _ in rows[0]))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in rows
    ]
    return "\n".join(lines)


def save(path: Path, figures: Sequence[Figure], about: dict[str, str]) -> None:
    """Write the figures as JSON.

    Args:
        path: The file; its folder is made.
        figures: The figures.
        about: The machine and the versions.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {"about": about, "figures": [asdict(figure) | {"reached": figure.verdict} for figure in figures]}
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"  # noqa: PLR2004  # three digits say enough
