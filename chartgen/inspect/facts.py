"""What a model file says of itself."""

from __future__ import annotations

from dataclasses import dataclass, field

from chartgen.inspect.sizing import Sizing, suggested

_NAME_WIDTH = 100

Dimension = int | str | None
"""A fixed size, the name of a dynamic one, or None for a dynamic one without a name."""


METHODS = ("predict", "predict_proba", "predict_log_proba", "decision_function", "score_samples", "transform")
"""What `model.method` may name."""


@dataclass(frozen=True)
class Signature:
    """One input or output of a model.

    Attributes:
        name: Its name; empty where the format has none.
        dtype: The element type by NumPy's name (`float32`, `int64`, `bool`, `string`), or the kind of a value that is
            no tensor (`sequence`, `map`, `optional`, `sparse`); None where the file does not say.
        shape: The dimensions, the batch first; None where the file does not say.
    """

    name: str
    dtype: str | None
    shape: tuple[Dimension, ...] | None

    def __str__(self) -> str:
        if self.shape is None:
            return self.dtype or "unknown"
        dims = ", ".join("?" if size is None else str(size) for size in self.shape)
        return f"{self.dtype or 'unknown'}[{dims}]"


@dataclass(frozen=True)
class Library:
    """A library that wrote the model or that it needs.

    Attributes:
        name: The name on the package index, such as `scikit-learn`.
        version: The version that wrote the file; None where the file does not say.
    """

    name: str
    version: str | None = None

    def __str__(self) -> str:
        return f"{self.name} {self.version}" if self.version else self.name


@dataclass(frozen=True)
class Column:
    """A column of the table that a model was fitted on.

    Attributes:
        name: Its name.
        dtype: `float64` where only numbers and booleans will do, `string` where only text will; None where either may,
            or where the file does not say.
        example: A value that the model knows, where it keeps some.
        needed: Whether the model looks at it.
    """

    name: str
    dtype: str | None = None
    example: str | float | bool | None = None
    needed: bool = True

    @property
    def shown(self) -> str:
        """The name as it is shown: the file may hold anything."""
        text = self.name if self.name.isprintable() else ascii(self.name)
        return text if len(text) <= _NAME_WIDTH else text[:_NAME_WIDTH] + "…"

    def __str__(self) -> str:
        return f"{self.shown} {self.dtype or 'unknown'}" + ("" if self.needed else " (not used)")


@dataclass(frozen=True)
class Abilities:
    """What can be asked of a pickled object, or of a PyTorch file; only what is certain is said.

    Attributes:
        instead: What it is when it is no model at all, such as `dict`; None for a model, or what may be one.
        lacks: The methods that it does not have, each with what lacks it, such as `SVC with probability=False`.
        unfitted: The class of a step that was never fitted; None for none.
        needs_table: Whether it works on a table of pandas: it was fitted on one, or makes one on its way.
        takes_texts: Whether it was fitted with texts, so that it cannot answer numbers.
        takes_categories: Whether it was fitted on columns of categories, for whose numbers any other may be sent.
    """

    instead: str | None = None
    lacks: dict[str, str] = field(default_factory=dict)
    unfitted: str | None = None
    needs_table: bool = False
    takes_texts: bool = False
    takes_categories: bool = False


@dataclass(frozen=True)
class ModelFacts:
    """What a model file says of itself, read and never executed.

    Attributes:
        format: `onnx`, `pickle`, `torch` or `keras`.
        size: The file's size in bytes.
        sha256: The file's digest, 64 lower-case hexadecimal digits.
        producer: What wrote the file.
        libraries: The libraries that the pod needs to load it.
        inputs: The inputs; empty where the file does not say.
        outputs: The outputs; empty where the file does not say.
        columns: The columns of the one input, in their order, where that is a table whose columns have names.
        opsets: ONNX operator sets by domain (the default domain is `ai.onnx`).
        operators: ONNX: the operators in use that the file does not define, as domain (empty for ONNX's own) and name.
        imports: Pickle: every dotted name that loading would import, sorted.
        untrusted: Pickle: those of `imports` that are not on the allow-list; empty unless the file is called trusted.
        abilities: Pickle and PyTorch: what can be asked of the object in it.
        details: Further facts for people, by label.
    """

    format: str
    size: int
    sha256: str
    producer: Library | None = None
    libraries: tuple[Library, ...] = ()
    inputs: tuple[Signature, ...] = ()
    outputs: tuple[Signature, ...] = ()
    columns: tuple[Column, ...] = ()
    opsets: dict[str, int] = field(default_factory=dict)
    operators: tuple[tuple[str, str], ...] = ()
    imports: tuple[str, ...] = ()
    untrusted: tuple[str, ...] = ()
    abilities: Abilities = Abilities()
    details: dict[str, str] = field(default_factory=dict)

    @property
    def sizing(self) -> Sizing:
        """What a pod is given for it, when the service file says nothing."""
        return suggested(self.size)
