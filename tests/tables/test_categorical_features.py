"""The choice of categorical columns by name, by position or by a mask."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

from wgan_resampler.exceptions import InvalidParameterError
from wgan_resampler.tables.validation import categorical_positions

NAMES = ["age", "job", "city"]


@pytest.mark.parametrize(
    ("chosen", "positions"),
    [
        ("auto", [1]),
        ([], []),
        ((), []),
        (np.array([]), []),
        (["job", "city"], [1, 2]),
        (np.array(["city"]), [2]),
        (pd.Index(["age"]), [0]),
        (pl.Series(["age", "city"]), [0, 2]),
        ({"job"}, [1]),
        ([0, -1], [0, 2]),
        ([2, -1, 2], [2]),
        (np.array([0, 2], dtype=np.uint8), [0, 2]),
        (range(2), [0, 1]),
        (slice(0, 2).indices(3)[:2], [0, 2]),
        ([0, "city"], [0, 2]),
        ([True, False, True], [0, 2]),
        (np.array([False, False, False]), []),
        (pd.Series([False, True, True]), [1, 2]),
    ],
)
def test_what_is_understood(chosen, positions):
    assert sorted(categorical_positions(chosen, 3, NAMES, auto=[1])) == positions


def test_auto_means_nothing_unless_the_container_says_so():
    assert categorical_positions("auto", 3) == frozenset()


def test_names_may_be_tuples():
    names = [("size", "x"), ("size", "y"), ("kind", "")]
    assert categorical_positions([("kind", "")], 3, names) == {2}


@pytest.mark.parametrize("names", [[1, 2, 0], np.array([1, 2, 0]), pd.Index([1, 2, 0]), [1.0, 2.0, 0.0]])
@pytest.mark.parametrize("chosen", [[1, 0], np.array([1, 0]), [1.0, 0.0]])
def test_bug_numbers_were_positions_where_columns_are_named_by_numbers(names, chosen):
    assert categorical_positions(chosen, 3, list(names)) == {0, 2}


def test_names_may_be_dates():
    days = pd.date_range("2024-01-01", periods=3)
    assert categorical_positions([days[1], 0], 3, list(days)) == {0, 1}


def test_numbers_that_pandas_has_given_are_names_and_positions():
    assert categorical_positions([1, -1], 3, list(pd.RangeIndex(3))) == {1, 2}


@pytest.mark.parametrize("chosen", [0, -1, 3, np.int64(3)])
def test_a_number_that_is_no_name_is_not_taken_for_a_position(chosen):
    with pytest.raises(InvalidParameterError, match=f"the column {int(chosen)}, which X does not have. .* 2019, 2020,"):
        categorical_positions([chosen], 3, list(pd.Index([2019, 2020, 2021])))


@pytest.mark.parametrize(
    ("chosen", "fragment"),
    [
        ("job", r"'auto', or a list of names, of positions, .*; got 'job'"),
        (b"auto", "got b'auto'"),
        (None, "got None"),
        (3, "got 3"),
        ([None], "got None"),
        ([1.0], "got 1.0"),
        (np.array([[0, 1]]), r"got array\(\[0, 1\]\)"),
        ([True, 1], "got True"),
        ([3], "names column 3, but X has 3 columns, numbered from 0"),
        ([-4], "names column -4, but X has 3 columns"),
        (["jobs"], "names the column 'jobs', which X does not have. Its columns: 'age', 'job', 'city'"),
        ([True, False], "a mask of 2 columns, but X has 3 columns"),
        (np.ones(4, dtype=bool), "a mask of 4 columns, but X has 3 columns"),
    ],
)
def test_what_is_refused(chosen, fragment):
    with pytest.raises(InvalidParameterError, match=f"categorical_features.*{fragment}"):
        categorical_positions(chosen, 3, NAMES)


def test_names_need_a_table_that_has_names():
    with pytest.raises(InvalidParameterError, match="names the column 'job', but X has no column names"):
        categorical_positions(["job"], 3)


def test_of_many_names_some_are_listed():
    with pytest.raises(InvalidParameterError, match="'c19' and 80 more"):
        categorical_positions(["d"], 100, [f"c{i}" for i in range(100)])
