"""The value of `input` -> the table of a model that was fitted on one, with pandas.

A row is an object by column, or a list in the order of the columns; the value is a list of rows, or one row. A null is
a missing value, which pandas and scikit-learn write as NaN, in text too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas

from ..arrays import JSON_NAMES
from ..errors import ServingError, refused
from ..protocol import Batch, InputReader, member
from ..signature import TensorSpec
from .pickle_doubled import refuse_doubled
from .pickle_schema import table_schema

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..signature import Array, Signature
    from .pickle_columns import Column

    RowPlace = Callable[[int], str]  # the number of a row -> its path
    Place = Callable[[int, str], str]  # the number of a row, the name of a column -> the path of the value

# What a column may hold beside nulls: values of one of these groups, each of which is one type of pandas.
GROUPS = {"numbers": frozenset({int, float}), "booleans": frozenset({bool}), "strings": frozenset({str})}
# By the type of the column; a column of nulls alone is made one of the first.
ALLOWED = {
    "float64": ("numbers", "booleans"),
    "string": ("strings",),
    None: ("strings", "booleans", "numbers"),
}
EXPECTED = {
    "float64": "a number, true, false or null",
    "string": "a string or null",
    None: "a number, a string, true, false or null",
}
INT64 = np.iinfo(np.int64)


class TableReader:
    """Reads the value of `input` for one model that takes a table; a `protocol.Reader`.

    Args:
        signature: What the model takes.
        allow_non_finite: Whether NaN and infinities are let in.
    """

    by_column, fixed_batch = True, False

    def __init__(self, signature: Signature, allow_non_finite: bool) -> None:
        self._columns = {column.name: column for column in signature.columns}
        self._needed = [column.name for column in signature.columns if column.needed]
        self._allow_non_finite = allow_non_finite
        self.schema: dict[str, Any] | None = table_schema(signature.columns)
        self._arrays = InputReader(signature, allow_non_finite=allow_non_finite)
        self._numeric = signature.inputs[0].dtype is not None
        # A tensor of numbers may have any datatype of numbers, and one that may hold either any at all.
        self.tensors = tuple(
            TensorSpec(column.name, "string" if column.dtype == "string" else None, (None,))
            for column in signature.columns
        )

    def read(self, value: Any, *, only_numbers: bool = False) -> Batch:
        """Reads the value.

        Args:
            value: The value of `input`, or an array that the user's handler made.
            only_numbers: Whether every element is certain to be a number.

        Returns:
            The table.

        Raises:
            ServingError: 422 with the path and what was expected.
        """
        if isinstance(value, np.ndarray) or (only_numbers and self._numeric):
            return self._arrays.read(value, only_numbers=only_numbers)
        if not isinstance(value, (Mapping, list)):
            found = JSON_NAMES.get(type(value), "a number")
            wanted = f"a list of objects by column (rows), or one such object, with {self._names}"
            raise refused("type", f"{found} where the model takes a table", "input", wanted)
        single = isinstance(value, Mapping) or not _has_rows(value)
        rows: Any = [value] if single else value
        make = self._of_objects if isinstance(rows[0], Mapping) else self._of_lists
        return Batch({"": make(rows, _alone if single else _among)}, single)

    def check_text(self, body: bytes, value: Any) -> None:
        """Refuses a row that has a column twice; see `refuse_doubled`."""
        refuse_doubled(body, value)

    def assembled(self, arrays: dict[str, Array], paths: dict[str, str]) -> dict[str, Any]:
        """Makes the table of tensors, one for each column.

        Args:
            arrays: The tensors by column.
            paths: The place of each one's shape in the request.

        Returns:
            The table, by the name of the model's input.

        Raises:
            ServingError: 422 where the columns are not of one length, or of another type than the model takes.
        """
        size, columns = -1, {}
        for name, column in self._columns.items():
            array, path = arrays[name], paths[name]
            if array.ndim not in {1, 2} or array.shape[1:] not in {(), (1,)} or not array.size:
                raise refused("shape", f"the shape is {list(array.shape)}", path, "[rows] or [rows, 1], with a row")
            size = len(array) if size < 0 else size
            if len(array) != size:
                message = f"{len(array)} rows, and other columns have {size}"
                raise refused("shape", message, path, "the same number of rows everywhere")
            if column.dtype == "float64" and array.dtype.kind == "O":
                wanted = "FP64, another datatype of numbers, or BOOL"
                raise refused("type", "the datatype is BYTES", path.removesuffix("shape") + "datatype", wanted)
            flat = array.reshape(-1)
            columns[name] = pandas.Series(flat, dtype=object) if array.dtype.kind == "O" else flat
        return {"": pandas.DataFrame(columns)}

    def example(self, number: int) -> dict[str, Any]:
        """A table of one row: values that the model knows, else this number, or an empty string for text."""
        row = {name: [_made_up(column, number)] for name, column in self._columns.items()}
        return {"": self._table(row, lambda _, name: name)}

    def _of_objects(self, rows: Sequence[Any], place: RowPlace) -> Any:
        known = self._columns.keys()
        for index, row in enumerate(rows):
            if not isinstance(row, Mapping):
                raise _mixed(row, place(index))
            if row.keys() != known:
                self._check_names(row, place(index))
        columns = {name: [row.get(name) for row in rows] for name in known}
        return self._table(columns, lambda index, name: member(place(index), name))

    def _check_names(self, row: Mapping[str, Any], path: str) -> None:
        for name in row:
            if name not in self._columns:
                message = f"the model has no column {name!r}"
                raise refused("unknown_column", message, member(path, str(name)), f"one of: {self._names}")
        for name in self._needed:
            if name not in row:
                message = f"the column {name!r} is missing"
                raise refused("missing_column", message, member(path, name), f"all of: {', '.join(self._needed)}")

    def _of_lists(self, rows: Sequence[Any], place: RowPlace) -> Any:
        count = len(self._columns)
        for index, row in enumerate(rows):
            if not isinstance(row, list):
                raise _mixed(row, place(index))
            if len(row) != count:
                message = f"{len(row)} values where the model takes {count}"
                raise refused("shape", message, place(index), f"in this order: {self._names}")
        order = {name: number for number, name in enumerate(self._columns)}
        columns = {name: [row[number] for row in rows] for name, number in order.items()}
        return self._table(columns, lambda index, name: f"{place(index)}[{order[name]}]")

    def _table(self, columns: dict[str, list[Any]], place: Place) -> Any:
        return pandas.DataFrame(
            {name: self._column(self._columns[name], values, place) for name, values in columns.items()}
        )

    def _column(self, column: Column, values: list[Any], place: Place) -> Any:
        """A column of the type that its values have: int64, float64, bool, or objects for text and for bool with gaps.

        Raises:
            ServingError: Some value is of another type than the column takes, or than the others.
        """
        there = frozenset(map(type, values)) - {type(None)}
        group = next((name for name in ALLOWED[column.dtype] if there <= GROUPS[name]), None)
        if group is None:
            raise _alien(column, values, place)
        if group == "numbers":
            return self._numbers(column.name, values, there, place)
        if group == "booleans" and None not in values:
            return np.array(values)
        return pandas.Series([np.nan if each is None else each for each in values], dtype=object)

    def _numbers(self, name: str, values: list[Any], there: frozenset[type], place: Place) -> Array:
        if there == {int}:
            for index, each in enumerate(values):
                if each is not None and not INT64.min <= each <= INT64.max:
                    wanted = f"a whole number from {INT64.min} to {INT64.max}"
                    raise refused("range", f"{each} does not fit int64", place(index, name), wanted)
            if None not in values:
                return np.array(values, dtype=np.int64)
        array = np.array(values, dtype=np.float64)  # null is NaN
        if float in there and not self._allow_non_finite:
            for index in np.flatnonzero(~np.isfinite(array)).tolist():
                if values[index] is not None:
                    raise refused("non_finite", "the number is not finite", place(index, name), "a finite number")
        return array

    @property
    def _names(self) -> str:
        return ", ".join(self._columns)


def arranged(names: list[str], rows: Any) -> Any:
    """Gives an array of rows and columns the names of the columns; what is a table already stays as it is."""
    if getattr(rows, "ndim", None) != 2 or hasattr(rows, "columns"):  # noqa: PLR2004 - rows and columns
        return rows
    return pandas.DataFrame(rows, columns=names).infer_objects()


def _has_rows(value: list[Any]) -> bool:
    """Whether a list is one of rows; without any it is neither."""
    if not value:
        raise refused("shape", "the list is empty", "input", "a list with at least one row")
    return any(isinstance(each, (list, Mapping)) for each in value)


def _alone(_index: int) -> str:
    return "input"


def _among(index: int) -> str:
    return f"input[{index}]"


def _mixed(row: Any, path: str) -> ServingError:
    found = JSON_NAMES.get(type(row), "a number")
    wanted = "in every row an object by column, or in every row a list in the order of the columns"
    return refused("type", f"{found} among rows of another kind", path, wanted)


def _alien(column: Column, values: list[Any], place: Place) -> ServingError:
    """The refusal of the first value that has no place in the column, or none beside those before it."""
    allowed = ALLOWED[column.dtype]
    groups = [next((name for name, types in GROUPS.items() if type(each) in types), "") for each in values]
    first = next((group for group in groups if group in allowed), "")
    wrong = (number for number, group in enumerate(groups) if group not in allowed or group != first)
    index = next(number for number in wrong if values[number] is not None)
    found = JSON_NAMES.get(type(values[index]), "a number")
    where = place(index, column.name)
    if groups[index] in allowed:
        message = f"{found}, where the column {column.name!r} has {first} in other rows"
        return refused("type", message, where, f"{first} or null in every row")
    return refused("type", f"{found}, which the column {column.name!r} does not take", where, EXPECTED[column.dtype])


def _made_up(column: Column, number: int) -> Any:
    if column.example is not None:
        return column.example
    return "" if column.dtype == "string" else float(number)
