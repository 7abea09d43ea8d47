"""Text that templates, YAML readers, shells, databases and terminals give a meaning to."""

from __future__ import annotations

import re

# None of these may be refused where text is free, and each of them arrives as it is written here.
HOSTILE: tuple[str, ...] = (
    # templates: Helm's, Jinja's as chartgen uses it, and Jinja's own
    "{{ .Values }}", "{{- fail \"x\" -}}", "{{/* x */}}", "{{", "}}", "[[ x ]]", "[% if %]", "[# x #]",
    "{% raw %}", "${x}", "<no value>", "a<no value>b<no value>",
    # what Kubernetes expands
    "$(HOME)", "$$(X)", "$$$(PATH)", "$", "$(", "$(A)$(B)",
    # line ends, and what some readers take for them
    "a\r\nb", "a\nb\n", "\n", "a\r", "\n\n  a\n", "a\u0085b", "a\u2028b\u2029c", "\ufeffa\ufeff", "a \n b \n\n",
    # YAML's own signs
    "---", "...", "a\n---\nb: c\n", "# a", "a #b", "a: b", "- a", "? a", "&a", "*a", "!!python/object:os.system x",
    "%", "%YAML 1.1",
    "<<", "=", "|", ">-", "@a", "`a`", "[a", "{a: b}", ",",
    # what YAML 1.1 or 1.2 reads as something else than text
    "1e3", "0o17", "017", "0x1F", "1_000", "no", "Yes", "on", "y", "null", "~", "true", "12:30:45", "2020-01-01",
    ".inf", ".NaN", "-0", "9007199254740993", "1.10", "",
    # space
    " ", "trailing  ", "  leading", "\ta\t", "\u00a0", "\u200b", "\u3000a",
    # quotes and backslashes
    "'", '"', "''", '""', "\\", "\\n", "\\u0041", "a\\", '"; drop', "it's",
    # other scripts, astral characters, marks that turn the direction, characters that are no characters
    "é", "e\u0301", "日本語", "😀", "👩‍👩‍👧", "\U0010ffff",
    "\u202eabc\u202c", "\u200fא", "\ufffd\ufffe\uffff", "\U0001fffe",
    # control characters but NUL
    "\x01\x02\x1f", "\x7f\x80\x9f", "\x1b[31mred\x1b[0m", "\a\b\f\v",
    # shells, databases, paths, markup
    "; rm -rf / #", "$(touch /tmp/x)", "`id`", "' OR '1'='1' --", "../../etc/passwd", "<script>alert(1)</script>",
    "%s%n", "a|b", "--set x=y",
)  # fmt: skip

# What the API server reads in no plain text of an object that is applied on its side: it refuses U+007F and the like,
# and takes U+0085 for a space. Annotations have no other form, so there they are refused.
LOST = re.compile("[\x7f-\x9f\ufffe\uffff]")
CARRIED: tuple[str, ...] = tuple(text for text in HOSTILE if not LOST.search(text))

LONG = "x{{ .Values }}'\"\\ é\n" * 5000  # 100 KB, as large as one variable may be

# Names that a process can have, and that YAML would read as something else, or Helm as a template.
NAMES: tuple[str, ...] = (
    "Y", "on", "no", "null", "true", "1e3", "0x1F", "0o17", "404", "1.10", "2020-01-01",
    "12:30:45", "~", "-", "--", ".", "..",
    "a.b-c", "{{ .Values }}", "[[ x ]]", "[% if %]", "$(HOME)", "$$(X)", "$", "<<", "&a", "*a", "!!str", "%", "#",
    "a #b", "a: b", "'", '"', "\\", "\\n", "`id`", " ", " a ", "; rm -rf /", "|", ">", "?", "@",
    ",", "[", "]", "{", "}", "x" * 300, "<no value>", "a<no value>",
)  # fmt: skip

# What Kubernetes takes for no name of a variable.
NO_NAMES: tuple[str, ...] = ("", "=", "a=b", "é", "日本", "a\n", "a\tb", "\x7f", "\u00a0", "😀", "\u2028", "\x01")

NUL = "a\0b"

# Half of a character beyond U+FFFF, as JSON can write it and no UTF-8 can hold it.
LONE_SURROGATES: tuple[str, ...] = ('"\\ud800"', '"a\\udfffb"', '"\\ude00\\ud83d"')
