"""Reads a pickle: what it would import, which library wrote it, and the model's shape. It is walked, never loaded."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from chartgen.errors import ModelUnsupportedError
from chartgen.inspect.abilities import abilities
from chartgen.inspect.allowlist import may_call, may_mention
from chartgen.inspect.boosters import LIGHTGBM, LIGHTGBM_FORMAT, XGBOOST, is_wrapper
from chartgen.inspect.columns import columns_of
from chartgen.inspect.estimator import SCIKIT_LEARN, describe
from chartgen.inspect.facts import Column, Library, ModelFacts, Signature
from chartgen.inspect.packages import distribution
from chartgen.inspect.picklecalls import PARTIAL
from chartgen.inspect.picklefunctions import refuse_functions
from chartgen.inspect.picklemachine import PickleMachine
from chartgen.inspect.picklerefusal import unsafe
from chartgen.inspect.picklestream import PickleStream
from chartgen.inspect.pickletrace import Trace
from chartgen.inspect.printable import SHOWN, printable
from chartgen.inspect.textfiles import refuse_openers

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chartgen.inspect.modelfile import ModelFile
    from chartgen.inspect.picklevalues import Global


def _operations(size: int) -> int:
    """How many opcodes a file of `size` bytes may have.

    It bounds the time where a compressed file unpacks to much. Compressed text has up to about one opcode a byte.
    """
    return min(20_000_000, 1_000_000 + size)


def read_pickle(file: ModelFile, digest: str, *, trusted: bool) -> ModelFacts:
    """Reads the facts of a pickle that pickle, joblib or cloudpickle wrote.

    Args:
        file: The file.
        digest: Its sha256.
        trusted: Whether names that are not on the allow-list may be imported.

    Returns:
        The facts; `untrusted` is empty unless `trusted`.

    Raises:
        ModelUnreadableError: It is truncated, corrupt, or no pickle.
        ModelUnsafeError: It would import or do what is not allowed; the message lists all of it.
        ModelUnsupportedError: The pod could not load it, or it would open files for its clients.
    """
    stream = PickleStream(file)
    trace = Trace(_operations(file.size))
    value = PickleMachine(stream, trace, str(file.path)).run()
    if not stream.at_end():
        raise stream.corrupt("something follows its end")
    untrusted = _untrusted(trace)
    if not trusted and (untrusted or trace.oddities):
        if all(found.module == "__main__" for found in untrusted):  # Then trust is no way out.
            _refuse_main(file, trace)
        raise unsafe(file, untrusted, trace)
    if not trusted:
        refuse_functions(file, trace.functions)
    _refuse_main(file, trace)
    refuse_openers(file, trace.openers)
    facts = describe(value, trace)
    able = abilities(value)
    columns = columns_of(value)
    details = {
        **facts.details,
        "protocol": str(trace.protocol) if trace.protocol else "0 or 1",
        **_written_by(stream, trace),
    }
    if trace.lightgbm_formats:
        details[LIGHTGBM_FORMAT] = ", ".join(trace.lightgbm_formats)
    if unusual := trace.oddities | trace.functions:
        details["unusual"] = "; ".join(sorted(unusual))
    return ModelFacts(
        format="pickle",
        size=file.size,
        sha256=digest,
        producer=facts.producer,
        libraries=_libraries(stream, trace, facts.producer, needs_table=able.needs_table),
        inputs=_inputs(facts.inputs, columns),
        outputs=facts.outputs,
        columns=columns,
        imports=tuple(sorted(str(found) for found in trace.imports)),
        untrusted=tuple(str(found) for found in untrusted),
        abilities=able,
        details=details,
    )


def _inputs(inputs: tuple[Signature, ...], columns: tuple[Column, ...]) -> tuple[Signature, ...]:
    if not columns:
        return inputs
    numeric = all(column.dtype == "float64" for column in columns)
    return (Signature("", "float64" if numeric else None, (None, len(columns))),)


def _untrusted(trace: Trace) -> list[Global]:
    refused = {found for found in trace.imports if not may_mention(found)}
    refused |= {found for found in trace.calls if not may_call(found)}
    if trace.own_partials:
        refused.discard(PARTIAL)
    return sorted(refused, key=str)


def _refuse_main(file: ModelFile, trace: Trace) -> None:
    """Refuses what was defined in the script that wrote the pickle: the pod has no such script.

    Raises:
        ModelUnsupportedError: There is such a name.
    """
    names = sorted(printable(found.name) for found in trace.imports if found.module == "__main__")
    if names:
        raise ModelUnsupportedError(
            f"the pickle needs {', '.join(names[:SHOWN])} of the script that wrote it, which the pod does not have",
            where=str(file.path),
            hint="define it in a package that can be installed, or write the file with cloudpickle",
        )


def _written_by(stream: PickleStream, trace: Trace) -> dict[str, str]:
    details = {}
    if trace.arrays or (stream.compression and stream.compression != "gzip"):
        details["file format"] = "joblib"
    elif any(found.module.split(".")[0] == "cloudpickle" for found in trace.imports):
        details["file format"] = "cloudpickle"
    if stream.compression:
        details["compression"] = stream.compression
    if any(found.module.startswith("numpy._core") for found in trace.imports):
        details["numpy"] = "2 or newer"
    elif any(found.module.startswith("numpy.core") for found in trace.imports):
        details["numpy"] = "1"
    return details


def _first(name: str, versions: Iterable[str]) -> Library | None:
    """The library in the version that a file mentions first."""
    first = next(iter(versions), None)
    return Library(name, first) if first else None


def _libraries(
    stream: PickleStream, trace: Trace, producer: Library | None, *, needs_table: bool
) -> tuple[Library, ...]:
    """What must be installed to load the file, by name."""
    modules = {found.module.split(".")[0] for found in trace.imports}
    names = {distribution(module) for module in modules if module not in sys.stdlib_module_names}
    if stream.compression:
        names.add("joblib")  # Only its loader unpacks.
    if needs_table:
        names.add("pandas")  # The pod makes the table that it was fitted on; the file itself does not mention it.
    if LIGHTGBM in names or any(is_wrapper(str(found)) for found in trace.imports):
        # The wrappers are made on its base classes, though their pickles may not mention it; and its wheel has the
        # OpenMP that LightGBM's lacks.
        names.add(SCIKIT_LEARN)
    found = {name: Library(name) for name in names}
    for library in (producer, _first(SCIKIT_LEARN, trace.sklearn_versions), _first(XGBOOST, trace.xgboost_versions)):
        if library is not None and library.name in found and found[library.name].version is None:
            found[library.name] = library
    return tuple(found[name] for name in sorted(found))
