"""KServe's V1 protocol, whose requests and answers are rows, over the values of /predict, which are columns."""

from __future__ import annotations

from typing import Any

from chartgen_runtime.errors import refused


def instances(document: Any) -> list[Any]:
    """The rows of a request.

    Raises:
        ServingError: There are none.
    """
    rows = document.get("instances") if isinstance(document, dict) else None
    if not isinstance(rows, list) or not rows:
        expected = 'an object such as {"instances": [[1, 2, 3]]}'
        raise refused("missing_key", "the member `instances` is missing, or no list of them", "instances", expected)
    return rows


def as_input(rows: list[Any]) -> Any:
    """The value of `input`: rows that are objects by input name become an object of columns."""
    first = rows[0]
    if not isinstance(first, dict) or not all(isinstance(row, dict) and row.keys() == first.keys() for row in rows):
        return rows
    return {name: [row[name] for row in rows] for name in first}


def as_predictions(output: Any, count: int) -> Any:
    """The value of `predictions`: an object of columns with a value for each row becomes a list of objects."""
    if not isinstance(output, dict) or not all(_has_rows(column, count) for column in output.values()):
        return output
    return [{name: column[row] for name, column in output.items()} for row in range(count)]


def _has_rows(column: Any, count: int) -> bool:
    return isinstance(column, list) and len(column) == count
