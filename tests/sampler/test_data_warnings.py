"""Warnings about data that will train but give poor results. Mixed tables have tests of what triggers them."""

import warnings

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sampler.over_sampler.quick import X, quick

from wgan_resampler.exceptions import (
    FileNameColumnWarning,
    IdentifierColumnWarning,
    ManyClassesWarning,
    NumbersAsTextWarning,
    SingleClassWarning,
    ThinClassWarning,
)
from wgan_resampler.sampler.data_warnings import about_classes, about_column, columns_of
from wgan_resampler.tables import check_table

IDENTIFIERS = pd.DataFrame({"id": [f"customer {i}" for i in range(60)], "x": np.arange(60.0)})
CHARGES = pd.DataFrame({"charges": [f"{i}.5" for i in range(29)] + [" "]})
SOUNDS = pd.DataFrame({"file": [f"jazz.{i:05}.wav" for i in range(30)]})
MANY = np.arange(60) // 2
WARNED = {
    "thin class": (X, [0] * 27 + [1] * 3, ThinClassWarning),
    "identifier": (IDENTIFIERS, [0, 0, 1] * 20, IdentifierColumnWarning),
    "numbers": (CHARGES, [0, 0, 1] * 10, NumbersAsTextWarning),
    "files": (SOUNDS, [0, 0, 1] * 10, FileNameColumnWarning),
    "regression": (IDENTIFIERS[["x"]], np.append(np.arange(40), np.arange(20)), ManyClassesWarning),
}


@pytest.mark.parametrize("method", ["fit", "fit_resample"])
@pytest.mark.parametrize(("table", "target", "category"), WARNED.values(), ids=WARNED)
def test_bug_warnings_pointed_into_scikit_learn_instead_of_the_callers_line(table, target, category, method):
    with pytest.warns(category) as caught:
        getattr(quick(), method)(table, target)
    assert [warning.filename for warning in caught] == [__file__]


def found_in(values, make=pd.DataFrame):
    """Return the category of warnings and the message for a column of these categories."""
    (column,) = columns_of(check_table(make({"a": values}), [0]))
    return about_column(column) or (None, "")


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame, pa.table])
def test_any_frame_is_looked_at(make):
    assert found_in([f"{i}.5" for i in range(9)], make)[0] is NumbersAsTextWarning


@pytest.mark.parametrize(
    ("texts", "shown"),
    [
        (
            [f"{i}.5" for i in range(9)],
            "'a' holds strings that look like numbers, such as '0.5'. Each of the 9 strings",
        ),
        ([*(f"{i},5" for i in range(18)), "?"], "such as '0,5', but not '?'. Each of the 19 strings"),
        (list(map(str, range(100, 130))), "such as '100'"),
        ([f"-{i}.25e-3" for i in range(9)], "'-0.25e-3'"),
        ([f" {i}.5 %" for i in range(9)], "' 0.5 %'"),
        ([f"${i}.50" for i in range(9)], "'$0.50'"),
        ([f"-{i},50 €" for i in range(9)], "'-0,50 €'"),
        ([f"1,234,{i}" for i in range(100, 130)], "'1,234,100'"),
        (list(map(str, range(3000))), "Each of the 3000 strings"),
    ],
)
def test_strings_that_look_like_numbers(texts, shown):
    category, message = found_in(texts)
    assert category is NumbersAsTextWarning
    assert shown in message
    assert "convert the column" in message


@pytest.mark.parametrize(
    "texts",
    [
        ["0", "1"],
        ["1", "2", "3", "4"],  # codes of categories
        [f"{i:03}" for i in range(90, 140)],  # postal codes
        [f"+49{i}" for i in range(100, 140)],  # telephone numbers
        ["1.0", "1.1", "2.0"],  # versions
        [f"{i} kg" for i in range(30)],
        ["nan", "inf", "Infinity"],
        [f"2024-01-{day}" for day in range(10, 31)],
        [*map(str, range(20)), *"abcdefgh"],
        [f"{i}.5" for i in range(2)],
        list(range(30)),
        [0.5, 1.5, 2.5],
        [],
    ],
    ids=str,
)
def test_categories_that_are_no_numbers(texts):
    assert found_in([*texts, None]) == (None, "")


@pytest.mark.parametrize(
    "names",
    [
        ["a.wav", "b.wav", "c.mp3"],
        ["C:\\x\\a.WAV", "C:\\x\\b.WAV", "C:\\x\\c.WAV"],
        ["my photo.jpeg", "../b.png", "/data/c.tar.gz"],
        [f"jazz/track {i}" for i in range(60)],
        [f"/data/{i}/jazz" for i in range(60)],
    ],
    ids=str,
)
def test_names_of_files(names):
    category, message = found_in(names)
    assert category is FileNameColumnWarning
    assert f"Column 'a' holds names of files, such as {names[0]!r}" in message
    assert "Leave the column out" in message


@pytest.mark.parametrize("names", [["n/a", "yes/no", "m/s"], [".wav", ".mp3", ".png"], ["wav", "mp3", "v1.2"]], ids=str)
def test_categories_that_are_no_files(names):
    assert found_in(names) == (None, "")


def test_dates_are_no_paths_but_like_an_identifier():
    dates = pd.date_range("2024-01-01", periods=60).strftime("%Y/%m/%d").tolist()
    assert found_in(dates)[0] is IdentifierColumnWarning


@pytest.mark.parametrize(
    ("labels", "category", "fragment"),
    [
        (["jazz"] * 9, SingleClassWarning, "All 9 rows are of one class, 'jazz', so there is nothing to balance"),
        (np.arange(404) // 4, ManyClassesWarning, "101 different values in 404 rows, like a regression target"),
        (np.arange(30), ManyClassesWarning, "30 different values in 30 rows"),
        (["u"] * 9 + ["v"] * 3 + ["w"] * 5, ThinClassWarning, "synthetic rows: 'v' (3), 'w' (5). The spread"),
        ([0] * 9 + list(range(1, 18)) * 2, ThinClassWarning, "9 (2), 10 (2) and 7 more. The spread"),
    ],
)
def test_doubtful_classes(labels, category, fragment):
    found, message = about_classes(np.array(labels))
    assert found is category
    assert fragment in message


@pytest.mark.parametrize("labels", [np.arange(400) // 4, np.arange(20), ["u"] * 5 + ["v"] * 5, [0] * 6 + [1] * 9])
def test_classes_without_doubt(labels):
    assert about_classes(np.array(labels)) is None


def test_only_classes_that_grow_are_thin():
    labels = np.array(["u"] * 9 + ["v"] * 3)
    assert about_classes(labels, {"u": 0, "v": 0}) is None
    _, message = about_classes(labels, {"u": 0, "v": 1})
    assert "out of the resampling with sampling_strategy=" in message


def test_good_data_cause_no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        quick().fit(pd.DataFrame({"x": X[:, 0], "city": ["Rome", "Oslo", "Lima"] * 10}), [0, 1] * 15)
