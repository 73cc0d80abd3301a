"""JSON files are copied byte for byte."""

import io
import json

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from wgan_resampler.exceptions import DataFileError
from wgan_resampler.records.files.json_copy import copy_extended
from wgan_resampler.records.files.json_text import JSONText


def extended(content, entries, members=()):
    out = io.BytesIO()
    copy_extended(JSONText(io.BufferedReader(io.BytesIO(content)), "data.json"), out, entries, members)
    return out.getvalue()


def test_entries_and_members_are_added_and_nothing_else_changes():
    content = b'{\n  "x": [1.10, 2E03 ],\n  "y": {"x": [0]} , "z": ["]", "\\"]\\\\"]\n}\n'
    assert extended(content, {0: [b"3", b"4"], 2: [b'"c"']}, [b'"new": [5]']) == (
        b'{\n  "x": [1.10, 2E03, 3, 4 ],\n  "y": {"x": [0]} , "z": ["]", "\\"]\\\\", "c"], "new": [5]\n}\n'
    )


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=12,
)


@given(
    st.dictionaries(st.text(max_size=5), JSON_VALUES | st.lists(JSON_VALUES, min_size=1, max_size=9), min_size=1),
    st.sampled_from([None, 4]),
    st.booleans(),
    st.integers(0, 2**16 + 10),
)
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_any_object_is_extended(content, indent, ascii_only, padding):
    # The padding moves the end of the first chunk to any place of the text.
    text = " " * padding + json.dumps(content, indent=indent, ensure_ascii=ascii_only)
    text = text.encode()
    content = json.loads(text)
    lists = [i for i, value in enumerate(content.values()) if isinstance(value, list) and value]
    found = json.loads(extended(text, {i: [b"1e5", b'{"a": "]"}'] for i in lists}, [b'"further key": 1']))
    for i, (key, value) in enumerate(content.items()):
        assert found[key] == ([*value, 1e5, {"a": "]"}] if i in lists else value)
    assert list(found) == [*content, "further key"]
    assert extended(text, {}, []) == text


def test_a_file_that_was_changed_in_between_is_noticed():
    with pytest.raises(DataFileError, match="was changed while it was copied"):
        extended(b'{"x": [1]}', {1: [b"2"]})
