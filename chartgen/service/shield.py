"""Carries past PyYAML what it reads by the rules of YAML 1.1, or not at all, and YAML 1.2 and JSON read otherwise.

Every stand-in takes as many characters as what it stands for, so that lines and columns stay what an editor shows.
"""

from __future__ import annotations

import re

# Characters that end a line in YAML 1.1, and so for PyYAML, but not in YAML 1.2 nor in an editor; and the byte-order
# mark, which PyYAML drops at the start of a line.
NO_LINE_ENDS = "\x85\u2028\u2029\ufeff"

# One character beyond U+FFFF as JSON escapes it; PyYAML refuses each half.
PAIR = re.compile(
    r"(?<!\\)(?P<before>(?:\\\\)*)\\u(?P<high>[dD][89abAB][0-9a-fA-F]{2})\\u(?P<low>[dD][c-fC-F][0-9a-fA-F]{2})"
)


class Shield:
    """A text for PyYAML, and the way back.

    Args:
        text: The document.
    """

    def __init__(self, text: str) -> None:
        self._restore: dict[int, str] = {}
        self._pair: re.Pattern[str] | None = None
        present = [char for char in NO_LINE_ENDS if char in text]
        pairs = PAIR.search(text) is not None
        if present or pairs:
            lowered = text.lower()
            # A stand-in occurs neither as itself nor as the number of an escape in the text.
            free = (code for code in range(0xF0000, 0xFFFFE) if chr(code) not in text and f"{code:x}" not in lowered)
            self._restore = {next(free): char for char in present}
            text = text.translate({ord(char): code for code, char in self._restore.items()})
            if pairs:
                backslash = next(free)
                text = PAIR.sub(rf"\g<before>{chr(backslash)}u\g<high>{chr(backslash)}u\g<low>", text)
                self._pair = re.compile(f"{chr(backslash)}u(.{{4}}){chr(backslash)}u(.{{4}})")
                self._restore[backslash] = "\\"
        self.text = text

    def undo(self, value: str, *, in_double_quotes: bool) -> str:
        """What a value that PyYAML read says without the stand-ins.

        Args:
            value: The value.
            in_double_quotes: Whether it is written where escapes mean something.
        """
        if not self._restore:
            return value
        if self._pair and in_double_quotes:
            value = self._pair.sub(lambda pair: _joined(pair[1], pair[2]), value)
        return value.translate(self._restore)


def _joined(high: str, low: str) -> str:
    """The character that two halves of a surrogate pair, in hexadecimal digits, make together."""
    return (chr(int(high, 16)) + chr(int(low, 16))).encode("utf-16", "surrogatepass").decode("utf-16")
