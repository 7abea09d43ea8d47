"""Checks a document against the JSON Schema of a service file and finds everything that is wrong at once."""

from __future__ import annotations

import re
from copy import deepcopy
from functools import cache
from typing import TYPE_CHECKING, Any

from chartgen.service.node import DataPath, Mapping, to_data
from chartgen.service.vocabulary import schema

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jsonschema.exceptions import ValidationError
    from jsonschema.protocols import Validator

    from chartgen.service.finding import Finding
    from chartgen.service.model import JsonValue

PLANNED = "x-chartgen-status"
PLANNED_VALUES = "x-chartgen-planned"


def check(document: Mapping, own_runtimes: tuple[str, ...] = ()) -> list[Finding]:
    """Everything in which the document breaks the schema.

    Args:
        document: The merged document.
        own_runtimes: The names of the user's serving runtimes, which the document may name as well.

    Returns:
        The findings; for each value at most one that blocks it.
    """
    blocking: dict[DataPath, tuple[tuple[int, int], Finding]] = {}
    others: dict[tuple[DataPath, str], Finding] = {}
    lacking: set[DataPath] = set()
    for error in _validator(own_runtimes).iter_errors(to_data(document)):
        from chartgen.service.messages import explain  # most documents need none of it

        for finding in explain(error, document):
            if error.validator == "required":
                lacking.add(finding.path)
            if not finding.blocks:
                others[finding.path, finding.message] = finding
                continue
            rank = _rank(error)
            if finding.path not in blocking or rank < blocking[finding.path][0]:
                blocking[finding.path] = (rank, finding)
    # What is to be left out for now lacks nothing.
    planned = {path for path, (rank, _) in blocking.items() if rank[0] == 0}
    told = [each for each in others.values() if each.path[:-1] not in planned or each.path not in lacking]
    return [finding for _, finding in blocking.values()] + told


def _rank(error: ValidationError) -> tuple[int, int]:
    """Which of several errors of one value is told: what is planned, then the widest type, then the rest."""
    order = [PLANNED, PLANNED_VALUES, "type"]
    keyword = str(error.validator)
    return order.index(keyword) if keyword in order else len(order), len(error.absolute_schema_path)


@cache
def _validator(own_runtimes: tuple[str, ...]) -> Validator:
    from jsonschema import Draft202012Validator
    from jsonschema.validators import extend

    extended = extend(  # type: ignore[no-untyped-call]
        Draft202012Validator, {PLANNED: _planned, PLANNED_VALUES: _planned_value, "pattern": whole_pattern}
    )
    validator: Validator = extended(_with_runtimes(own_runtimes) if own_runtimes else schema())
    return validator


def _with_runtimes(names: tuple[str, ...]) -> dict[str, Any]:
    """The schema that takes these names of runtimes too."""
    document = deepcopy(schema())
    document["$defs"]["runtime"]["properties"]["name"]["enum"] += names
    return document


def _planned(_validator: Validator, _status: str, _instance: JsonValue, _schema: object) -> Iterator[ValidationError]:
    from jsonschema.exceptions import ValidationError

    yield ValidationError("is not supported yet")


def _planned_value(
    _validator: Validator, planned: list[str], instance: JsonValue, _schema: object
) -> Iterator[ValidationError]:
    from jsonschema.exceptions import ValidationError

    if instance in planned:
        yield ValidationError("is not supported yet")


def whole_pattern(
    validator: Validator, pattern: str, instance: JsonValue, _schema: object
) -> Iterator[ValidationError]:
    """As `pattern`, but `$` is the end of the text, as in JSON Schema, and not also the place before a last newline.

    Args:
        validator: The validator.
        pattern: The pattern; where it has a `$`, it ends with it.
        instance: The value.

    Yields:
        An error when the value is text that does not match.
    """
    from jsonschema.exceptions import ValidationError

    whole = re.sub(r"\$$", r"\\Z", pattern)
    if validator.is_type(instance, "string") and not re.search(whole, str(instance)):
        yield ValidationError("does not match")
