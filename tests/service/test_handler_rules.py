"""A handler is judged by its text and never run."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chartgen.service.handler import problems


@pytest.mark.parametrize(
    "text",
    [
        "def preprocess(value): return value",
        "def predict(model, inputs): return model",
        "def load(model): return model",
        "def postprocess(value, scale=2): return value",
        "def predict(*everything): pass",
        "def predict(model, inputs, /, *, verbose=False): pass",
        "predict = lambda model, inputs: 1",
        "from somewhere import predict",
        "import somewhere\npredict = somewhere.make()",
        "try:\n    import fast\nexcept ImportError:\n    def preprocess(value): pass\nelse:\n    preprocess = fast.run",
        "import functools\n@functools.cache\ndef preprocess(): pass",
        "raise SystemExit\ndef predict(model, inputs): pass",
        "match = '\\d'\ndef preprocess(value): pass",
    ],
)
def test_a_handler_that_can_be_called_is_taken(text: str) -> None:
    assert problems(text.encode()) == []


@pytest.mark.parametrize(
    ("content", "message", "line"),
    [
        (b"def helper(value): pass", "defines none of the functions that are called", 0),
        (b"class A:\n    def predict(self, model): pass", "defines none of the functions that are called", 0),
        (b"", "defines none of the functions that are called", 0),
        (b"\ndef predict(inputs): pass", "`predict` cannot be called with 2 arguments", 2),
        (b"def preprocess(): pass", "`preprocess` cannot be called with 1 argument", 1),
        (b"def postprocess(value, extra): pass", "`postprocess` cannot be called with 1 argument", 1),
        (b"def predict(model, inputs, *, key): pass", "`predict` cannot be called with 2 arguments", 1),
        (b"def load(): pass", "`load` cannot be called with 1 argument", 1),
        (b"predict = lambda model: 1", "`predict` cannot be called with 2 arguments", 1),
        (b"async def predict(model, inputs): pass", "`predict` is an async function, and is called without await", 1),
        (b"x = 1\ndef f(:\n", "is not Python: invalid syntax", 2),
        (b"\xef\xbb\xbfdef preprocess(value): pass", "starts with a byte-order mark", 0),
        (b"a = 1\nb = '\xff'", "holds the byte 0xff, which is not UTF-8", 2),
    ],
)
def test_a_handler_that_cannot_be_called_is_refused(content: bytes, message: str, line: int) -> None:
    assert [(problem.message, problem.line) for problem in problems(content)] == [(message, line)]


def test_every_function_that_does_not_fit_is_told() -> None:
    assert len(problems(b"def predict(): pass\ndef preprocess(): pass\ndef postprocess(value): pass")) == 2


@pytest.mark.parametrize(
    "content", [b"a\0b", b"(" * 100_000, b"-" * 100_000 + b"1", b"a = " + b"[" * 5000 + b"]" * 5000]
)
def test_what_python_itself_stumbles_over_is_refused(content: bytes) -> None:
    assert "is not Python" in problems(content)[0].message


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_judged(content: bytes) -> None:
    assert all(problem.message for problem in problems(content))
