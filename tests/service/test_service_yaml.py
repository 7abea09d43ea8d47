"""Service files as YAML: what is read, what is refused, and at which place."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from chartgen.errors import ServiceError, ServiceFileError
from chartgen.service.file import parse
from chartgen.service.node import Listing, Mapping, Source, find, key_position, to_data

SOURCE = Source("service.yaml", 0, Path("/models"))


def data(text: str | bytes) -> Any:
    return to_data(parse(text if isinstance(text, bytes) else text.encode(), SOURCE))


def refusal(text: str | bytes) -> ServiceFileError:
    with pytest.raises(ServiceFileError) as caught:
        data(text)
    return caught.value


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("no", "no"),
        ("on", "on"),
        ("y", "y"),
        ("Yes", "Yes"),
        ("true", True),
        ("True", True),
        ("FALSE", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("12:30:45", "12:30:45"),
        ("2020-01-01", "2020-01-01"),
        ("1e3", 1000.0),
        ("1.10", 1.1),
        (".5", 0.5),
        ("1.", 1.0),
        ("0o17", 15),
        ("0x1F", 31),
        ("010", 10),
        ("1_000", "1_000"),
        ("0b1", "0b1"),
        ("+1", 1),
        ("-0", 0),
        ("=", "="),
        ("9007199254740993", 9007199254740993),
        ("123456789012345678901234567890", 123456789012345678901234567890),
        ("'1'", "1"),
        ('"\\u2028\\x7f"', "\u2028\x7f"),
        ("!!str 12", "12"),
        ("! 12", "12"),
        ("!!int 0o17", 15),
        ("!!float 1", 1.0),
        ("|\n  a\n  b\n", "a\nb\n"),
        ("{a: [1, {b: c}]}", {"a": [1, {"b": "c"}]}),
    ],
)
def test_plain_text_is_read_by_the_core_schema_of_yaml_1_2(written: str, value: object) -> None:
    result = data(f"x: {written}")["x"]
    assert (type(result), result) == (type(value), value)


@pytest.mark.parametrize("key", ["Y", "on", "1e3", "404", "0x1F", "null", "1.10", "2020-01-01", "~"])
def test_keys_are_text_as_written(key: str) -> None:
    assert data(f"{key}: 1") == {key: 1}


@pytest.mark.parametrize("written", ["1.10", "no", "0o17", "1e3", "2020-01-01", ".nan", "1e999", "9" * 5000, "TRUE"])
def test_environment_variables_are_text_as_written(written: str) -> None:
    assert data(f"env:\n  X: {written}\n") == {"env": {"X": written}}


def test_quantities_are_text_as_written() -> None:
    text = "cpu: 0.50\nmemory: {request: 1e9, limit: 2000000000}\n"
    assert data(text) == {"cpu": "0.50", "memory": {"request": "1e9", "limit": "2000000000"}}


@pytest.mark.parametrize("char", ["\x85", "\u2028", "\u2029", "\ufeff"])
@pytest.mark.parametrize("quote", ["", "'", '"'])
def test_what_ends_no_line_in_yaml_1_2_stays_in_the_text(char: str, quote: str) -> None:
    document = parse(f"a: {quote}x{char}y{quote}\nb: 1\n".encode(), SOURCE)
    assert to_data(document) == {"a": f"x{char}y", "b": 1}
    assert str(key_position(document, ("b",))) == "service.yaml:2:1"


def test_a_private_character_beside_a_line_separator_stays_itself() -> None:
    text = 'a: "\U000f0000 \\U000F0001 \u2028"'
    assert data(text) == {"a": "\U000f0000 \U000f0001 \u2028"}


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ('"\\ud83d\\ude00 \u2028\\uD83D\\uDE00"', "😀 \u2028😀"),
        ("'\\ud83d\\ude00'", "\\ud83d\\ude00"),
        ("\\ud83d\\ude00", "\\ud83d\\ude00"),
        ('"\\\\\\ud83d\\ude00"', "\\😀"),
    ],
)
def test_a_character_in_two_escapes_is_read_as_in_json(written: str, value: str) -> None:
    document = parse(f"{{a: {written}, b: 1}}".encode(), SOURCE)
    assert to_data(document) == {"a": value, "b": 1}
    assert str(key_position(document, ("b",))) == f"service.yaml:1:{len(written) + 7}"


@pytest.mark.parametrize("written", ['"\\ud83d"', '"\\\\ud83d\\ude00"', '"\\ude00\\ud83d"'])
def test_half_a_character_is_refused(written: str) -> None:
    error = refusal(f"a: {written}")
    assert "invalid Unicode character escape code" in error.message
    assert error.hint


def test_a_byte_order_mark_at_the_start_is_no_part_of_the_text() -> None:
    document = parse(b"\xef\xbb\xbfname: iris\n", SOURCE)
    assert to_data(document) == {"name": "iris"}
    assert str(document.where) == "service.yaml:1:1"


def test_aliases_repeat_values() -> None:
    assert data("a: &x {b: [1]}\nc: *x\nd: &k e\n*k : f") == {"a": {"b": [1]}, "c": {"b": [1]}, "d": "e", "e": "f"}


def test_a_repeated_value_is_placed_where_it_is_repeated() -> None:
    document = parse(b"a: &x {b: 1}\nc: *x\nd: [&y text, *y]\n", SOURCE)
    for path, place in {("c",): "2:4", ("c", "b"): "1:11", ("d", 1): "3:14"}.items():
        found = find(document, path)
        assert found is not None
        assert str(found.where) == f"service.yaml:{place}"


def test_every_value_knows_its_line_and_column() -> None:
    document = parse("name: iris\nenv:\n  Ä: {secretKeyRef: x}\nlist:\n- a\n- [b, c]\n".encode(), SOURCE)
    assert str(key_position(document, ("env", "Ä", "secretKeyRef"))) == "service.yaml:3:7"
    assert str(key_position(document, ("list", 1, 1))) == "service.yaml:6:7"
    listing = find(document, ("list",))
    assert isinstance(listing, Listing)
    assert str(listing.where) == "service.yaml:5:1"


@pytest.mark.parametrize(
    ("text", "where", "message"),
    [
        ("a: 1\nb: 2\na: 3", "3:1", "the key `a` is here twice"),
        ('a: 1\n"a": 2', "2:1", "the key `a` is here twice"),
        ("x: {b: 1, b: 2}", "1:11", "the key `b` is here twice"),
        ("base: &b {a: 1}\nx:\n  <<: *b\n", "3:3", "merge keys (`<<`) are not read"),
        ("a: !!python/object:os.system x", "1:4", "the tag `!!python/object:os.system` is not read"),
        ("a: !!binary aGk=", "1:4", "the tag `!!binary` is not read"),
        ("a: !foo b", "1:4", "the tag `!foo` is not read"),
        ("a: !!set {b}", "1:4", "the tag `!!set` is not read"),
        ("a: !!int b", "1:4", "`b` is no !!int"),
        ("a: !!bool yes", "1:4", "`yes` is no !!bool"),
        ("!!str a: b", "1:1", None),
        ("!!int 1: b", "1:1", "a key has a tag"),
        ("? [a]\n: b", "1:3", "a key is a list or a mapping"),
        ("x: &x [1]\n? *x\n: 1", "2:3", "a key is a list or a mapping"),
        ("a: 1\n---\nb: 2", "2:1", "a second document starts here"),
        ("a: &x [1, *x]", "1:11", "`*x` stands inside what it repeats"),
        ("a: *x", "1:4", "nothing above is marked `&x`"),
        ("a: .nan", "1:4", ".nan is no number that JSON knows"),
        ("a: [1, -.INF]", "1:8", "-.INF is no number that JSON knows"),
        ("a: 1e999", "1:4", "1e999 is larger than any number that JSON readers know"),
        ("a: " + "1" * 3501, "1:4", "a number has more than 3,500 digits"),
        ("a: " + "[" * 64, "1:67", "the values lie deeper than 64 levels"),
        ("a: &a {b: &b {c: 1}}\nd: " + "[" * 62 + "*a", "2:66", "the values lie deeper than 64 levels"),
        ("name: \x07", "1:7", "the control character U+0007 stands here"),
        ("a: b\nc: d\x7f", "2:5", "the control character U+007F stands here"),
        ("a: \0", "1:4", "the control character U+0000 stands here"),
        (b"\xef\xbb\xbfa: b\r\nc: \xe9", "2:4", "the byte 0xe9 is not UTF-8"),
        ("a: b: c", "1:5", "this is not YAML: mapping values are not allowed in this context"),
        ("a: @b", "1:4", "this is not YAML: found character that cannot start any token"),
        ("\ta: b", "1:1", "this is not YAML: found character that cannot start any token"),
        ("a: 'b\nc: d", "1:4", "this is not YAML: found unexpected end of stream"),
        ('a: "b\\xz"', "1:6", "this is not YAML: did not find expected hexdecimal number"),
        ('a: "b\\ud800"', "1:6", "this is not YAML: found invalid Unicode character escape code"),
        ('a: "b\\q"', "1:6", "this is not YAML: found unknown escape character"),
        ("- a", "1:1", "the file does not hold a mapping"),
        ("just text", "1:1", "the file does not hold a mapping"),
    ],
)
def test_what_a_service_file_must_not_be_is_refused_at_its_place(
    text: str | bytes, where: str, message: str | None
) -> None:
    if message is None:
        assert data(text) == {"a": "b"}
        return
    error = refusal(text)
    assert (error.where, error.message) == (f"service.yaml:{where}", message)


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing\n", "---\n", "null", "~\n...\n"])
def test_a_file_that_holds_nothing_is_refused(text: str) -> None:
    assert refusal(text).message == "the file holds nothing"


def test_an_alias_bomb_is_refused_before_it_goes_off() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 30)]
    error = refusal("\n".join(lines))
    assert error.message == "the aliases in this value repeat more than a service file may hold"
    assert error.where == "service.yaml:7:5"


def test_a_long_text_repeated_by_aliases_is_refused_too() -> None:
    assert "repeat more" in refusal(f"a: &a {'x' * 100_000}\nb: [{', '.join(['*a'] * 100)}]").message


@pytest.mark.parametrize("opener", ["[", "{a: ", "- ", "? "])
def test_deep_nesting_is_refused_without_reading_on(opener: str) -> None:
    assert "deeper than 64" in refusal(opener * 100_000).message or opener == "? "


@pytest.mark.parametrize(
    "text", ["a: no\nb: [1, 'x\u2028'] # c\n", "a: b: c", 'a: "\\UFFFFFFFF"', 'a: "\\ud800"', "a: &x [*x]"]
)
def test_without_libyaml_the_same_is_read_and_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def outcome() -> object:
        try:
            return data(text)
        except ServiceFileError:
            return ServiceFileError

    with_libyaml = outcome()
    monkeypatch.delattr(yaml, "CSafeLoader")
    assert outcome() == with_libyaml


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
@example(b"? ? ? a")
@example(b"a: !<tag:yaml.org,2002:int> 0x")
@example(b"%TAG ! tag:yaml.org,2002:\n---\na: !int 5")
@example(b'"\\ud800": 1')
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    with contextlib.suppress(ServiceError):
        assert isinstance(parse(content, SOURCE), Mapping)


@given(
    st.lists(st.sampled_from([*"abc[]{}:,-?&*!|>'\"%@`#\n ", "\n  ", "\n- ", ": ", "&a ", "*a ", "!!int ", "---\n"]))
)
def test_any_arrangement_of_yaml_signs_is_read_or_refused(signs: list[str]) -> None:
    with contextlib.suppress(ServiceError):
        assert isinstance(parse("".join(signs).encode(), SOURCE), Mapping)


# What YAML lets stand in double quotes as it is; everything else has an escape.
TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(TEXT.filter(lambda key: key not in {"env", "cpu", "memory"}), JSON, max_size=4), st.booleans())
def test_json_is_read_as_json(document: dict[str, Any], escaped: bool) -> None:
    assert data(json.dumps(document, ensure_ascii=escaped)) == document


@given(st.dictionaries(TEXT.filter(lambda key: key not in {"env", "cpu", "memory"}), JSON, max_size=4))
def test_what_a_yaml_writer_quotes_is_read_back(document: dict[str, Any]) -> None:
    written = yaml.dump(document, Dumper=yaml.CSafeDumper, default_style='"', allow_unicode=False)
    keys = find(parse(written.encode(), SOURCE), ())
    assert isinstance(keys, Mapping)
    assert set(keys.entries) == set(document)
