"""What the document of the pod says of a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .pickle_columns import Column

# What may stand in a column of a table.
CELLS = {
    "float64": ["number", "boolean", "null"],
    "string": ["string", "null"],
    None: ["number", "string", "boolean", "null"],
}


def table_schema(columns: tuple[Column, ...]) -> dict[str, Any]:
    """The schema of rows, or of one row: each an object by column, or a list in the order of the columns."""
    cells = {column.name: {"type": CELLS[column.dtype]} for column in columns}
    named: dict[str, Any] = {
        "type": "object",
        "required": [column.name for column in columns if column.needed],
        "additionalProperties": False,
        "properties": cells,
    }
    listed: dict[str, Any] = {
        "type": "array",
        "description": "The values in the order of the columns",
        "prefixItems": list(cells.values()),
        "minItems": len(cells),
        "maxItems": len(cells),
    }
    rows: list[dict[str, Any]] = [{"type": "array", "minItems": 1, "items": each} for each in (named, listed)]
    said = f"A table, a row or several, with the columns {', '.join(cells)}; null is a missing value"
    return {"description": said, "anyOf": [rows[0], named, rows[1], listed]}
