"""Models that take each text for the name of a file: they would open any file of the pod for whoever asks them.

scikit-learn's vectorizers do so where they were made with `input="filename"`, which is handy for fitting; with
`input="file"` they read from objects, which no request holds. Both are settings of the object, so one that was fitted
so takes texts once its `input` is set to `content` again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chartgen.errors import ModelUnsupportedError
from chartgen.inspect.picklevalues import Entries, Made, Value, class_of

if TYPE_CHECKING:
    from chartgen.inspect.modelfile import ModelFile

_MODULE = "sklearn.feature_extraction.text"
_VECTORIZERS = frozenset({"CountVectorizer", "HashingVectorizer", "TfidfVectorizer"})
_SETTING = "input"
_CONTENT = "content"
_OPENED = ("file", "filename")


def opener(made: Made, state: Value) -> str | None:
    """What a vectorizer would open, as a part of a message; None for any other object, and for one that takes texts.

    Args:
        made: The object.
        state: The state that is about to be set.
    """
    cls = class_of(made)
    if cls is None or cls.name not in _VECTORIZERS or cls.module != _MODULE:
        return None
    for part in state if isinstance(state, tuple) else (state,):
        if not isinstance(part, Entries):
            continue
        have = part.head.get(_SETTING, _CONTENT)
        if have != _CONTENT or part.odd or part.count != len(part.head):  # not all is known of the last two
            return f"{cls.name} with {_SETTING}={repr(have) if have in _OPENED else '…'}"
    return None


def refuse_openers(file: ModelFile, found: set[str]) -> None:
    """Refuses a model that opens files, trusted or not: whoever trusts the file does not trust its clients.

    Args:
        file: The model file.
        found: What `opener` has said of its objects.

    Raises:
        ModelUnsupportedError: There is one.
    """
    if not found:
        return
    said = ", ".join(sorted(found))
    raise ModelUnsupportedError(
        f"the model's {said} opens what it is given: a client could have it read any file of the pod",
        where=str(file.path),
        expected=f'a vectorizer with `{_SETTING}="{_CONTENT}"`, which is given the texts themselves',
        hint=f'call `set_params({_SETTING}="{_CONTENT}")` on the vectorizer, which needs no new fit, and write the '
        "file again; clients then send texts",
    )
