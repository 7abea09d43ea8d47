"""Thousands of service files: what is valid is read as it was meant, and each defect is told at its true place."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import jsonschema_rs
import pytest

from chartgen.errors import SchemaError, ServiceFileError
from chartgen.service import schema as checking
from chartgen.service.file import parse
from chartgen.service.load import load
from chartgen.service.merge import merge
from chartgen.service.node import Source, to_data
from chartgen.service.vocabulary import schema
from tests.attack.cases import COUNT, SEED, Case, case
from tests.attack.valid import as_read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PARTS = 10
ORACLE = jsonschema_rs.validator_for(schema())

pytestmark = pytest.mark.parametrize(
    "part", [part if part % 2 else pytest.param(part, marks=pytest.mark.full) for part in range(PARTS)]
)


def _cases(part: int) -> Iterator[Case]:
    return (case(number) for number in range(part, COUNT, PARTS))


def _report(part: int, wrong: Callable[[Case], str | None]) -> None:
    """Fails with the first few cases that something is wrong with."""
    found = [f"{why}\nin {one}" for one in _cases(part) if (why := wrong(one))]
    assert not found, f"{len(found)} files, with CHARTGEN_TEST_SEED={SEED}\n" + "\n\n".join(found[:3])


def _told(content: bytes) -> list[tuple[str | None, str]]:
    """What is told of a file, as `place` and `path`; nothing for one that is accepted."""
    try:
        load(["-"], stdin=io.BytesIO(content))
    except SchemaError as error:
        return [(violation.where, violation.path) for violation in error.violations]
    except ServiceFileError as error:
        return [(error.where, "")]
    return []


def test_a_valid_file_is_read_as_it_was_meant_and_a_defect_is_told_at_its_place(part: int, in_project: Path) -> None:
    def wrong(one: Case) -> str | None:
        told = _told(one.content)
        expected = [(f"stdin:{one.told[0]}", one.told[1])] if one.told else []
        if told != expected:
            return f"told {told[:4]}, not {expected}"
        if one.kind != "valid":
            return None
        read = to_data(parse(one.content, Source("stdin", 0, in_project)))
        return None if read == as_read(one.document) else f"read {read}"

    _report(part, wrong)


def test_two_validators_give_one_verdict(part: int, in_project: Path) -> None:
    def wrong(one: Case) -> str | None:
        try:
            document = merge([parse(one.content, Source("stdin", 0, in_project))])
        except ServiceFileError:
            return None  # there is no document that could be judged
        findings = [found for found in checking.check(document) if not _is_planned(found.message)]
        data: Any = to_data(document)
        verdict = ORACLE.is_valid(data)
        return None if verdict == (not findings) else f"jsonschema-rs says {verdict}, chartgen {findings}"

    _report(part, wrong)


def _is_planned(message: str) -> bool:
    """What comes later is declared in the schema, and so valid for a plain validator."""
    return "is not supported yet" in message
