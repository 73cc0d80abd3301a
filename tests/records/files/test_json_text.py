"""Errors in JSON files say in words where they are."""

import json

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from wgan_resampler.exceptions import DataFileError
from wgan_resampler.records.files.json_records import read_records

SAFE = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


def message_for(folder, content):
    path = folder / "data.json"
    path.write_bytes(content)
    with pytest.raises(DataFileError) as caught:
        read_records(path)
    return str(caught.value).removeprefix(f"{path} is not valid JSON in ")


CASES = {
    b'{"features": [[1, 2], [3, NaN]]}': "line 1, column 27, in record 1 of 'features': NaN is not part of JSON",
    b'{"mfcc": [[[1], [-Infinity]]]}': "line 1, column 19, in record 0 of 'mfcc': Infinity is not part of JSON",
    b'{"features": [nan]}': "line 1, column 16, in value 0 of 'features': nan is not part of JSON",
    b'{\n"labels": [0],\n"mapping": ["a", None]}': "line 3, column 18, in value 1 of 'mapping': None is not part",
    b'{"is_synthetic": [False]}': "line 1, column 19, in value 0 of 'is_synthetic': False is not part of JSON",
    b'{"labels": [0, 1,]}': "line 1, column 18, in value 2 of 'labels': ']' is not expected here",
    b"{'labels': [0]}": "line 1, column 2: strings are written in double quotes",
    '{"é": {"a": inf}}'.encode(): "line 1, column 13, at 'é': inf is not part of JSON",
    b'{"mapping": ["m\xfasica"]}': "line 1, column 16, in value 0 of 'mapping': byte 0xfa is not UTF-8",
    b'{"mapping": ["nan\xfa"]}': "line 1, column 18, in value 0 of 'mapping': byte 0xfa is not UTF-8",
    b'{"title": "\xed\xa0\x80"}': "line 1, column 13, at 'title': the text is not UTF-8",
    b'{"title": "two\nlines"}': "line 1, column 15, at 'title': a string must not hold a line break",
    b'{"features": [[1, 2], [3': "line 1, column 25, in record 1 of 'features': the file ends too early",
    b'{"features": [[1, 2], [3.': "line 1, column 26, in record 1 of 'features': the file ends too early",
    b'{"title": "\xc3': "line 1, column 13, at 'title': the file ends too early",
    b'{"labels": [0]}\n\n}': "line 3, column 1: more text follows after the end",
    '{"labels": [0, x]}'.encode("utf-16"): "line 1, column 16, in value 1 of 'labels': 'x' is not expected here",
    b"": "line 1, column 1: the file ends too early",
}


@pytest.mark.parametrize(("content", "start"), CASES.items())
def test_an_error_says_where_it_is(tmp_path, content, start):
    assert message_for(tmp_path, content).startswith(start)


@given(st.integers(0, 8000), st.sampled_from([1, 5, 13]), st.booleans())
@settings(SAFE, max_examples=15)
def test_the_place_of_an_error_is_right_in_files_of_many_chunks(tmp_path, n_before, width, in_lines):
    separator = ",\n" if in_lines else ", "
    before = '{"mapping": ["a"], "features": [' + (json.dumps([0.5] * width) + separator) * n_before + "["
    lines = before.split("\n")
    place = f"line {len(lines)}, column {len(lines[-1]) + 1}, in record {n_before} of 'features': NaN is not"
    assert message_for(tmp_path, f"{before}NaN]]}}".encode()).startswith(place)


@given(st.integers(0, 2**16 + 50), st.integers(1, 5000))
@settings(SAFE, max_examples=25)
def test_an_integer_of_many_digits_does_not_crash_the_process(tmp_path, n_before, n_digits):
    path = tmp_path / "data.json"
    text = f'{{"features": [[1]], "labels": [0], "mapping": ["a"], "id":{" " * n_before}{"7" * n_digits}}}'
    path.write_text(text)
    if n_digits < 310:
        assert read_records(path).extra["id"] == int("7" * n_digits)
    elif n_digits >= 620:
        with pytest.raises(DataFileError, match="over 310 digits"):
            read_records(path)


@given(st.integers(0, 200), st.sampled_from(["utf-8", "utf-16", "utf-8-sig"]))
@settings(SAFE, max_examples=100)
def test_a_file_that_is_cut_anywhere_is_refused(tmp_path, end, encoding):
    content = '{"features": [[1.5e3, -2], [3, 4]], "labels": [0, 1], "mapping": ["é", "\\u00e9"], "x": [true, null]}'
    content = content.encode(encoding)
    (tmp_path / "data.json").write_bytes(content[: min(end, len(content) - 1)])
    with pytest.raises(DataFileError, match="is not valid JSON in line 1, column"):
        read_records(tmp_path / "data.json")
