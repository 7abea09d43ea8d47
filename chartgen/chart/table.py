"""Whether a model that was fitted on a table can answer the recorded sample: the pod's own rules for rows.

`chartgen_runtime/formats/pickle_table.py` has the same rules; a test holds the two against each other.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from chartgen.chart.mismatch import NAMES, MismatchError
from chartgen.inspect.printable import listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from chartgen.inspect.facts import Column
    from chartgen.service.node import DataPath

    Cells = list[tuple[DataPath, Any]]

# What a column may hold beside nulls: values of one of these groups.
_GROUPS = {"numbers": (int, float), "booleans": (bool,), "text": (str,)}
_ALLOWED = {
    "float64": ("numbers", "booleans"),
    "string": ("text",),
    None: ("text", "booleans", "numbers"),
}
_EXPECTED = {
    "float64": "a number, true, false or null",
    "string": "text or null",
    None: "a number, text, true, false or null",
}
_INT64 = range(-(2**63), 2**63)


def check_table(value: Any, columns: Sequence[Column]) -> None:
    """Checks the value of `input` against the columns of a table.

    Args:
        value: A JSON value: a list of rows or one row, each a mapping by column or a list in the columns' order.
        columns: The model's columns.

    Raises:
        MismatchError: The pod would answer 422.
    """
    if not isinstance(value, Mapping | list):
        found = NAMES.get(type(value), "a number")
        wanted = f"a list of mappings by column (rows), or one such mapping, with {_listed(columns)}"
        raise MismatchError((), f"{found} where the model takes a table", wanted)
    if isinstance(value, list) and not value:
        raise MismatchError((), "the list is empty", "a list with at least one row")
    single = isinstance(value, Mapping) or not any(isinstance(each, Mapping | list) for each in value)
    rows: list[tuple[DataPath, Any]] = [((), value)] if single else [((index,), row) for index, row in enumerate(value)]
    by_name = isinstance(rows[0][1], Mapping)
    for path, row in rows:
        _check_row(path, row, columns, by_name=by_name)
    for number, column in enumerate(columns):
        key = column.name if by_name else number
        _check_column(column, [((*path, key), row[key]) for path, row in rows if not by_name or key in row])


def _check_row(path: DataPath, row: Any, columns: Sequence[Column], *, by_name: bool) -> None:
    names = [column.name for column in columns]
    if not isinstance(row, Mapping if by_name else list):
        found = NAMES.get(type(row), "a number")
        wanted = "in every row a mapping by column, or in every row a list in the order of the columns"
        raise MismatchError(path, f"{found} among rows of another kind", wanted)
    if by_name:
        for name in row:
            if name not in names:
                raise MismatchError((*path, name), f"the model has no column {name!r}", f"one of: {_listed(columns)}")
        needed = [column for column in columns if column.needed]
        for column in needed:
            if column.name not in row:
                raise MismatchError(path, f"the column {column.name!r} is missing", f"all of: {_listed(needed)}")
    elif len(row) != len(names):
        message = f"{len(row)} value{'s' if len(row) != 1 else ''} where the model takes {len(names)}"
        raise MismatchError(path, message, f"in this order: {_listed(columns)}")


def _check_column(column: Column, cells: Cells) -> None:
    allowed = _ALLOWED[column.dtype]
    first = next((group for group in map(_group_of, (value for _, value in cells)) if group in allowed), None)
    for path, value in cells:
        group = _group_of(value)
        if value is None or group == first is not None:
            continue
        found = NAMES.get(type(value), "a number")
        if group in allowed:
            message = f"{found}, where the column {column.name!r} has {first} in other rows"
            raise MismatchError(path, message, f"{first} or null in every row")
        raise MismatchError(path, f"{found}, which the column {column.name!r} does not take", _EXPECTED[column.dtype])
    if all(isinstance(value, int | None) for _, value in cells):
        for path, value in _integers(cells):
            if value not in _INT64:
                wanted = f"a whole number from {_INT64.start} to {_INT64.stop - 1}"
                raise MismatchError(path, f"{value} does not fit int64", wanted)


def _listed(columns: Sequence[Column]) -> str:
    return listed([column.shown for column in columns])


def _group_of(value: Any) -> str | None:
    return next((name for name, types in _GROUPS.items() if type(value) in types), None)


def _integers(cells: Cells) -> Iterator[tuple[DataPath, int]]:
    return ((path, value) for path, value in cells if isinstance(value, int))
