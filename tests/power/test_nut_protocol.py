"""Lines of NUT's protocol: what they say is understood, and no line breaks anything."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.nut.protocol import ProtocolError, Refusal, number, refusal, variable, words


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ('VAR ups ups.status "OL CHRG"', ["VAR", "ups", "ups.status", "OL CHRG"]),
        (r'VAR ups a "say \"hello\" \\ there"', ["VAR", "ups", "a", r'say "hello" \ there']),
        ('VAR ups a ""', ["VAR", "ups", "a", ""]),
        ("  END   LIST ", ["END", "LIST"]),
        ("", []),
    ],
)
def test_words_of_a_line(line, found):
    assert words(line) == found


@pytest.mark.parametrize(
    "line",
    ['VAR ups a "no end', 'VAR other a "1"', "VAR ups a", "NUT ups a b", "", 'VAR ups battery.ru\ufffdntime "5"'],
)
def test_what_is_no_variable_of_this_supply_is_refused(line):
    with pytest.raises(ProtocolError):
        variable(line, "ups")


@pytest.mark.parametrize(
    ("text", "value"),
    [("100", 100.0), (" 12.5 ", 12.5), ("-3", -3.0), ("", None), ("nan", None), ("1e9", None), (None, None)],
)
def test_numbers(text, value):
    assert number(text) == value


@given(st.text(max_size=200))
def test_no_line_breaks_the_reading(line):
    try:
        found = words(line)
        assert all(isinstance(word, str) for word in found)
    except ProtocolError:
        pass
    assert refusal(line) is None or isinstance(refusal(line), Refusal)
    number(line)


@given(st.text(st.characters(blacklist_characters="\n", blacklist_categories=("Cs",)), max_size=60))
def test_every_value_comes_through_its_quotes(value):
    quoted = value.replace("\\", "\\\\").replace('"', '\\"')
    if not value.endswith(tuple(" \t\r\x0b\x0c\x1c\x1d\x1e\x1f\x85\u2028\u2029\u00a0\u1680\u3000")):
        assert variable(f'VAR ups a.b "{quoted}"', "ups") == ("a.b", value)
