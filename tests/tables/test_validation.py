"""Tables that can be used for training, and the messages for all others."""

import datetime as dt
import enum
import subprocess
import sys
import warnings
from decimal import Decimal

import dask.dataframe
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from scipy import sparse

from wgan_resampler.exceptions import InvalidDataError, InvalidParameterError
from wgan_resampler.tables.validation import check_table, check_target


class Color(enum.Enum):
    RED = 1
    BLUE = 2


GOOD = np.arange(12.0).reshape(6, 2)
NAN, INF = np.nan, np.inf
with warnings.catch_warnings():
    warnings.simplefilter("ignore", PendingDeprecationWarning)  # numpy itself advises against them
    MATRIX = np.matrix(GOOD)


def with_cell(value, dtype=np.float64):
    table = GOOD.astype(dtype)
    table[4, 1] = value
    return table


def frame(**columns):
    return pd.DataFrame(columns)


@pytest.mark.parametrize(
    "table",
    [
        GOOD,
        GOOD.astype(np.float16),
        GOOD > 3,
        GOOD.tolist(),
        sparse.csr_array(GOOD),
        sparse.csc_matrix(GOOD),
        frame(a=[1, 2], b=[True, False], c=pd.array([1, None], dtype="Int64"), d=["u", None]),
        pl.DataFrame({"a": [1, None], "b": ["u", "v"]}),
    ],
    ids=lambda table: type(table).__name__,
)
def test_good_tables_stay_what_they_are(table):
    checked = check_table(table)
    assert checked.n_rows == len(table) if isinstance(table, list) else table.shape[0]
    assert type(checked.rows) is type(table)
    assert checked.rows is table or checked.rows.dtype == table.dtype


def test_missing_cells_pass_unless_they_are_an_error():
    for table in (with_cell(NAN), with_cell(None, object).tolist(), sparse.csr_array(with_cell(NAN))):
        assert check_table(table).cells[1].missing.tolist() == [False] * 4 + [True, False]
        with pytest.raises(InvalidDataError, match=r"Input X contains NaN: column 1 has 1 missing .* in row 4"):
            check_table(table, missing_values="error")


MISSING = {
    "array": (with_cell(NAN), "auto", "column 1 has 1 missing .* first in row 4"),
    "list": ([[1, None], [None, None]], "auto", "column 0 has 1 missing .* first in row 1"),
    "list of categories": ([[1, "u"], [2, None]], [1], "column 1 has 1 missing .* first in row 1"),
    "dates": (np.array([["2020-01-01"], ["NaT"]], dtype="M8[D]"), "auto", "column 0 has 1 missing .* first in row 1"),
    "sparse": (sparse.csc_array(with_cell(NAN)), "auto", "column 1 has 1 missing .* first in row 4"),
    "frame": (frame(a=[1.0, NAN]), "auto", "column 'a' has 1 missing .* first in row 1"),
    "Int64": (frame(n=pd.array([1, None, 3], dtype="Int64")), "auto", "column 'n' has 1 missing .* first in row 1"),
    "boolean": (frame(n=pd.array([True, None, None], dtype="boolean")), "auto", "column 'n' has 2 missing .* row 1"),
    "Sparse": (frame(n=pd.arrays.SparseArray([0.0, NAN, 1.0])), "auto", "column 'n' has 1 missing .* first in row 1"),
    "category": (frame(n=pd.Categorical(["u", None])), "auto", "column 'n' has 1 missing .* first in row 1"),
    "polars null": (pl.DataFrame({"n": [1, None]}), "auto", "column 'n' has 1 missing .* first in row 1"),
    "polars NaN": (pl.DataFrame({"n": [1.0, NAN]}), "auto", "column 'n' has 1 missing .* first in row 1"),
    "polars strings": (pl.DataFrame({"n": [None, "u"]}), "auto", "column 'n' has 1 missing .* first in row 0"),
}


@pytest.mark.parametrize(("table", "categorical_features", "fragment"), MISSING.values(), ids=MISSING)
def test_missing_cells_as_an_error(table, categorical_features, fragment):
    check_table(table, categorical_features)
    with pytest.raises(InvalidDataError, match=f"contains NaN: {fragment}.*SimpleImputer.*missing_values='keep'"):
        check_table(table, categorical_features, "error")


NAME_IT = "If it holds categories, name it in categorical_features"
REFUSED = {
    # infinity
    "inf in an array": (with_cell(INF), "contains infinity: column 1 has 1 infinite .* inf, in row 4. Replace"),
    "-inf in float32": (with_cell(-INF, np.float32), "column 1 .* first, -inf, in row 4. Replace infinite values"),
    "inf in a list": (with_cell(INF).tolist(), "contains infinity: column 1 .* inf, in row 4"),
    "inf in objects": (with_cell(INF, object), "contains infinity: column 1 .* inf, in row 4"),
    "inf in a sparse table": (sparse.csc_array(with_cell(INF)), "contains infinity: column 1 .* inf, in row 4"),
    "inf in a frame": (pd.DataFrame(with_cell(INF), columns=["a", "b"]), "column 'b' has 1 infinite .* in row 4"),
    "inf in Float64": (frame(a=pd.array([None, INF], dtype="Float64")), "column 'a' has 1 infinite .* in row 1"),
    "inf in Sparse": (frame(a=pd.arrays.SparseArray([0.0, INF])), "column 'a' has 1 infinite .* in row 1"),
    "inf in arrow": (frame(a=pd.array([0.0, INF], dtype="double[pyarrow]")), "column 'a' has 1 infinite .* in row 1"),
    "inf in polars": (pl.DataFrame({"a": [None, 1.0, INF]}), "column 'a' has 1 infinite .* inf, in row 2"),
    # strings
    "strings in a list": ([[1.0, None], [2.0, "u"]], f"Column 1 does not hold numbers: row 1 holds 'u'. {NAME_IT}"),
    "strings in an array": (GOOD.astype(str), f"Column 0 does not hold numbers but .* row 0 holds '0.0'. {NAME_IT}"),
    "bytes": (np.array([[b"u"]]), f"Column 0 does not .* dtype .S1: row 0 holds b'u'. {NAME_IT}"),
    "strings in objects": (with_cell("u", object), f"Column 1 does not hold numbers: row 4 holds 'u'. {NAME_IT}"),
    "numbers as strings": ([["1.5"], [2]], f"row 0 holds '1.5'. {NAME_IT}"),
    "a long string": ([["u" * 1000]], r"row 0 holds 'u{56}\.\.\.\. If"),
    # nested and other objects
    "a dict in a list": ([[1], [{"u": 2}]], r"Column 0 .* row 1 holds \{'u': 2\}, a dict\. .* Convert it"),
    "a dict in an array": (with_cell({"u": 2}, object), r"Column 1 .* row 4 holds \{'u': 2\}, a dict"),
    "a list in a list": ([[1, 2], [3, [4, 5]]], r"Column 1 .* row 1 holds \[4, 5\], a list"),
    "Decimal": ([[Decimal("1.5")]], r"row 0 holds Decimal.'1.5'., a Decimal\. .* Convert it first"),
    "dates as objects": ([[pd.Timestamp("2020-01-01")]], r"row 0 holds Timestamp.*, a Timestamp\. .* Convert it first"),
    "lists in a frame": (frame(a=["u", [1, 2]]), r"Column 'a' .* row 1 holds \[1, 2\], and a list cannot be compared"),
    "dicts in a frame": (frame(a=[{}, "u"]), r"Column 'a' .* row 0 holds \{\}, and a dict cannot be compared"),
    "long integers": ([[1], [2**70]], "Column 0 holds integers of more than 64 bits: row 1 holds 11805916.*"),
    "long of both signs": ([[-1], [2**63]], "Column 0 holds integers of more than 64 bits: row 1 holds 92233720"),
    "structured": (np.array([[(1, 2.0)]], dtype="i4,f4"), "Column 0 does not hold numbers but is of dtype"),
    # complex
    "complex": (GOOD + 1j, "Complex data not supported"),
    "complex in a list": ([[1.0], [2 + 1j]], "Complex data not supported: column 0 holds .2.1j. in row 1"),
    "complex in a frame": (frame(z=[1j, 2j]), "Complex data not supported: column 'z' holds 1j in row 0"),
    "complex and sparse": (sparse.csr_array(GOOD + 1j), "Complex data not supported"),
    # dtypes of frames
    "intervals": (frame(a=pd.interval_range(0, 2)), "Column 'a' does not .* dtype interval.* row 0 holds Interval"),
    "arrow lists": (frame(a=pd.Series([[1]], dtype=pd.ArrowDtype(pa.list_(pa.int8())))), "Column 'a' .* dtype list"),
    "arrow binary": (frame(a=pd.Series([b"u"], dtype=pd.ArrowDtype(pa.binary()))), "Column 'a' .* dtype binary"),
    "polars list": (pl.DataFrame({"a": [[1]]}), r"Column 'a' is of dtype List\(Int64\).*row 0 holds \[1\]. Drop"),
    "polars lazy": (pl.LazyFrame({"a": [1.0]}), r"LazyFrame holds no rows yet. Pass X.collect\(\)"),
    "same names": (pd.DataFrame(GOOD, columns=["a", "a"]), "must be unique, but 'a' occurs more than once. Rename"),
    "mixed names": (pd.DataFrame(GOOD, columns=[7, "a"]), r"all strings or .* got 7, 'a'. Rename .*astype\(str\)"),
    # shapes
    "1-D": (GOOD[:, 0], "Expected 2D array, got 1D array"),
    "1-D list": ([1, 2], "Expected 2D array, got 1D array"),
    "pandas series": (pd.Series(GOOD[:, 0]), "Expected a 2-dimensional container"),
    "polars series": (pl.Series([1, 2]), "Expected 2D array, got 1D array"),
    "3-D": (GOOD[:, :, None], "dim 3"),
    "3-D list": (GOOD[:, :, None].tolist(), "dim 3"),
    "scalar": (3.0, "Expected 2D array, got scalar"),
    "None": (None, "Expected 2D array, got scalar"),
    "ragged": ([[1, 2], [3, 4], [5]], r"row 0 is of 2 cell\(s\), but row 2 is of 1 cell\(s\). Fill .* None"),
    "ragged tuples": (((1, 2), 3), r"row 0 is of 2 cell\(s\), but row 1 is a single cell"),
    "no rows": (GOOD[:0], "0 sample"),
    "no columns": (GOOD[:, :0], "0 feature"),
    "no rows, sparse": (sparse.csr_array((0, 2)), "0 sample"),
    "no rows, frame": (pd.DataFrame(GOOD).iloc[:0], "0 sample"),
    "no columns, frame": (pd.DataFrame(index=range(3)), r"0 feature\(s\)"),
    "no rows, polars": (pl.DataFrame({"a": []}, schema={"a": pl.Int8}), "0 sample"),
    "nothing, polars": (pl.DataFrame(), "0 sample"),
    "empty list": ([], "Expected 2D array"),
    "empty rows": ([[], []], r"0 feature\(s\)"),
    "masked": (np.ma.masked_equal(GOOD, 3), r"Masked values are not supported. Pass X.filled\(numpy.nan\)"),
    "matrix": (MATRIX, "np.matrix is not supported"),
}


@pytest.mark.parametrize(("table", "fragment"), REFUSED.values(), ids=REFUSED)
def test_refused_tables(table, fragment):
    with pytest.raises(InvalidDataError, match=f"(?s){fragment}"):
        check_table(table)


@pytest.mark.parametrize(
    ("column", "fragment"),
    [
        (pd.Series([None, "v"]), "Column 't' does not hold numbers.*row 1 holds 'v'"),
        (pd.Series([None, "v"], dtype=object), "Column 't' does not hold numbers: row 1 holds 'v'"),
        (pd.Series([None, "v"], dtype="string"), "dtype string: row 1 holds 'v'"),
        (pd.Series(["u"], dtype="string[pyarrow]"), "dtype string: row 0 holds 'u'"),
        (pd.Series(["u", "v"], dtype="category"), "dtype category: row 0 holds 'u'"),
        (pd.Series([1, 2], dtype="category"), "dtype category: row 0 holds 1"),
        (pl.Series(["u", "v"]), "dtype String: row 0 holds 'u'"),
        (pl.Series(["u", "v"], dtype=pl.Categorical), "dtype Categorical.*row 0 holds 'u'"),
    ],
)
def test_columns_left_out_of_the_categories_must_hold_numbers(column, fragment):
    table = (pl.DataFrame if isinstance(column, pl.Series) else pd.DataFrame)({"t": column, "n": [1] * len(column)})
    for chosen in ([], ["n"], [False, True]):
        with pytest.raises(InvalidDataError, match=f"{fragment}.*{NAME_IT}"):
            check_table(table, chosen)


@pytest.mark.parametrize(
    ("table", "fragment"),
    [
        ([["u", 1], [["v"], 2]], r"Column 0 does not hold categories: row 1 holds \['v'\], and a list cannot"),
        (with_cell({}, object), r"Column 1 does not hold categories: row 4 holds \{\}, and a dict cannot"),
        (frame(a=[1, 2], b=[{1}, {2}]), r"Column 'b' does not hold categories: row 0 holds \{1\}, and a set cannot"),
        (pl.DataFrame({"a": [1], "b": [[2]]}), "Column 'b' is of dtype List"),
    ],
)
def test_categories_must_be_told_apart(table, fragment):
    with pytest.raises(InvalidDataError, match=fragment):
        check_table(table, [0, 1])


@pytest.mark.parametrize(
    ("table", "chosen", "fragment"),
    [
        (GOOD, ["a"], "'a', but X has no column names"),
        (GOOD.tolist(), [2], "column 2, but X has 2 columns"),
        (frame(a=[1], b=[2]), ["c"], "'c', which X does not have. Its columns: 'a', 'b'"),
        (pl.DataFrame({"a": [1]}), [True, False], "a mask of 2 columns, but X has 1 columns"),
        (sparse.csr_array(GOOD), "none", "got 'none'"),
    ],
)
def test_categorical_features_that_do_not_fit(table, chosen, fragment):
    with pytest.raises(InvalidParameterError, match=f"categorical_features.*{fragment}"):
        check_table(table, chosen)


def test_other_objects_are_a_type_error_too():
    with pytest.raises(TypeError, match=r"argument must be .* string.* number"):  # the wording of numpy
        check_table(with_cell({"foo": "bar"}, object))


@pytest.mark.parametrize(
    ("target", "labels"),
    [
        ([0, 1, 0], [0, 1, 0]),
        ((0, 1, 0), [0, 1, 0]),
        (["u", "v", "u"], ["u", "v", "u"]),
        (np.array([-3, 5, -3], dtype=np.int8), [-3, 5, -3]),
        (np.array([True, False, True]), [True, False, True]),
        (np.array([0.0, 1.0, 2.0]), [0, 1, 2]),
        (np.array(["u", "v", "u"], dtype=object), ["u", "v", "u"]),
        (np.array([2**60, 2**60 + 1, 7], dtype=object), [2**60, 2**60 + 1, 7]),
        (np.array([[0], [1], [0]]), [0, 1, 0]),
        ([[0], [1], [0]], [0, 1, 0]),
        (pd.Series(["u", "v", "u"], dtype="category"), ["u", "v", "u"]),
        (pd.Series(["u", "v", "u"], dtype="string"), ["u", "v", "u"]),
        (pd.Series([2**60, 2**60 + 1, 7], dtype="Int64"), [2**60, 2**60 + 1, 7]),
        (pd.Series([True, False, True], dtype="boolean"), [True, False, True]),
        (pd.DataFrame({"y": ["u", "v", "u"]}), ["u", "v", "u"]),
        (pd.DataFrame({"y": pd.array([1, 2, 1], dtype="Int64")}), [1, 2, 1]),
        (pl.Series(["u", "v", "u"]), ["u", "v", "u"]),
        (pl.Series(["v", "u", "v"], dtype=pl.Categorical), ["v", "u", "v"]),
        (pl.Series(["v", "u", "v"], dtype=pl.Enum(["w", "v", "u"])), ["v", "u", "v"]),
        (pl.Series([True, False, True]), [True, False, True]),
        (pl.Series([2**60, 2**60 + 1, 7]), [2**60, 2**60 + 1, 7]),
        (pl.DataFrame({"y": ["u", "v", "u"]}), ["u", "v", "u"]),
        (pd.Series([3, 1, 3], dtype="category"), [3, 1, 3]),
        (pd.Series(["u", "v", "u"], dtype="string[pyarrow]"), ["u", "v", "u"]),
    ],
)
def test_labels_of_any_type(target, labels):
    found, one_hot = check_target(target, 3)
    assert found.tolist() == labels
    assert found.ndim == 1
    assert not one_hot


@pytest.mark.parametrize(
    "make",
    [
        np.array,
        list,
        lambda rows: np.array(rows, dtype=bool),
        lambda rows: np.array(rows, dtype=np.float32),
        lambda rows: pd.DataFrame(rows, columns=["u", "v", "w"]),
        lambda rows: pd.DataFrame(rows, columns=["u", "v", "w"], dtype="Int64"),
        lambda rows: pl.DataFrame(rows, schema=["u", "v", "w"], orient="row"),
    ],
)
def test_one_hot_targets_give_column_numbers(make):
    labels, one_hot = check_target(make([[0, 0, 1], [1, 0, 0], [0, 0, 1], [0, 1, 0]]), 4)
    assert labels.tolist() == [2, 0, 2, 1]
    assert one_hot


@pytest.mark.parametrize(
    ("target", "n_rows", "fragment"),
    [
        ([0, 1, 0], 4, r"inconsistent numbers of samples: \[4, 3\]"),
        (np.array([0.0, np.nan, 1.0]), 3, "y contains NaN: 1 label.* in row 1.*Drop these rows"),
        (["u", None, None], 3, "y contains NaN: 2 label.* in row 1"),
        (np.array(["u", np.nan, "v"], dtype=object), 3, "y contains NaN: 1 label.* in row 1"),
        (pd.Series([1, None, 0], dtype="Int64"), 3, "y contains NaN: 1 label.* in row 1"),
        (pd.Series(["u", "v", pd.NA], dtype="string"), 3, "y contains NaN: 1 label.* in row 2"),
        (pd.Series(["u", None, "v"], dtype="category"), 3, "y contains NaN: 1 label.* in row 1"),
        (pd.DataFrame({"y": ["u", "v", None]}), 3, "y contains NaN: 1 label.* in row 2"),
        (np.array([[1.0, 0.0], [0.0, np.nan]]), 2, "y contains NaN: 1 label.* in row 1"),
        (np.array(["2020-01-01", "NaT"], dtype="M8[D]"), 2, "y contains NaN: 1 label.* in row 1"),
        (pd.Series([1, None, 0], dtype="category"), 3, "y contains NaN: 1 label.* in row 1"),
        (pd.Series([True, None], dtype="bool[pyarrow]"), 2, "y contains NaN: 1 label.* in row 1"),
        (pl.Series(["u", None]), 2, "y contains NaN: 1 label.* in row 1"),
        (pl.Series([1, 2, None]), 3, "y contains NaN: 1 label.* in row 2"),
        (pl.Series([1.0, NAN]), 2, "y contains NaN: 1 label.* in row 1"),
        (pl.Series(["u", None], dtype=pl.Enum(["u"])), 2, "y contains NaN: 1 label.* in row 1"),
        (pl.Series([[1], [2]]), 2, "Labels of type ndarray cannot be used as classes"),
        (pd.Series([(1, 2), (3, 4)]), 2, r"Labels of type tuple cannot be used as classes; got \(1, 2\). Convert them"),
        (pd.Series([{1}, {2}]), 2, "Labels of type set cannot be used"),
        (pd.Series([frozenset([1]), frozenset([2])]), 2, "Labels of type frozenset cannot be used"),
        (np.array([1j, 2j]), 2, "Labels of type complex128 cannot be used"),
        (np.array([(1, 2), (3, 4)], dtype=[("a", int), ("b", int)]), 2, "Labels of type void cannot be used"),
        ([Color.RED, Color.BLUE], 2, "Labels of type Color cannot be used as classes; got <Color.RED: 1>"),
        ([dt.date(2024, 1, 1), "u"], 2, r"of one type; got datetime.date\(2024, 1, 1\) and 'u'"),
        (
            [dt.datetime(2024, 1, 1), dt.datetime(2024, 1, 2, tzinfo=dt.UTC)],
            2,
            "Labels of type datetime cannot be used",
        ),
        (
            np.ma.array([0, 1, 1], mask=[0, 1, 0]),
            3,
            r"Input y is masked: 1 label\(s\) have a mask. .* y.filled\(label\)",
        ),
        (np.ma.array(["u", "v"], mask=[1, 0]), 2, "Input y is masked: 1 label"),
        (np.ma.array([[0], [1]], mask=[[1], [1]]), 2, "Input y is masked: 2 label"),
        (iter([0, 1]), 2, "y must hold one label for each row"),
        ({"u": 0}, 1, "y must hold one label for each row"),
        (np.array([0.0, np.inf]), 2, "Input y contains infinity"),
        ([1, "u", 1], 3, "Labels must be of one type; got 1 and 'u'"),
        (np.array(["u", 2.5, "v"], dtype=object), 3, "Labels must be of one type; got 'u' and 2.5"),
        (np.array([0.1, 0.2, 0.3]), 3, "Unknown label type: continuous"),
        (np.array([[1, 1], [0, 1]]), 2, "Multilabel and multioutput targets are not supported"),
        (np.array([[1, 5], [3, 4]]), 2, "1d array"),
        (np.zeros((2, 1, 1)), 2, "one label for each row, but has 3 dimensions"),
        (sparse.csr_array(np.eye(2)), 2, r"sparse target is not supported. Pass y.toarray\(\)"),
        (None, 2, "None"),
        (pl.LazyFrame({"y": [0, 1]}), 2, r"LazyFrame holds no rows yet. Pass y.collect\(\)"),
    ],
)
def test_refused_targets(target, n_rows, fragment):
    with pytest.raises(InvalidDataError, match=fragment):
        check_target(target, n_rows)


IMPORTS = """
import sys
import numpy as np
from scipy import sparse
from wgan_resampler.tables.validation import check_table, check_target
from wgan_resampler.tables.containers.targets import TargetFormat
libraries = {"pandas", "polars", "pyarrow"}
for library in libraries & set(sys.modules):  # imbalanced-learn may bring them
    del sys.modules[library]
rows = [["u", 1.0], ["v", None], ["u", 2.0]]
for table in (rows, np.array(rows, dtype=object), sparse.csr_array(np.eye(3))):
    read = check_table(table, [0])
    read.format.stack(read.rows, read.format.build(read.cells))
for target in (["u", "v", "u"], np.array([0, 1, 0]), [[0], [1], [0]], np.array([[0, 1], [1, 0], [1, 0]])):
    labels, one_hot = check_target(target, 3)
    TargetFormat.of(target, labels, one_hot=one_hot).stack(target, labels, labels)
print(*libraries & set(sys.modules))
"""


def test_arrays_and_lists_need_neither_pandas_nor_polars():
    done = subprocess.run([sys.executable, "-c", IMPORTS], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_frames_of_other_libraries_are_not_read_as_arrays():
    frame = dask.dataframe.from_pandas(pd.DataFrame({"a": [1.0, 2.0]}), npartitions=1)
    with pytest.raises(InvalidDataError, match=r"X is a dask DataFrame, .* X.to_pandas\(\) or X.compute\(\)"):
        check_table(frame)
    with pytest.raises(InvalidDataError, match=r"y is a dask DataFrame, .* y.compute\(\)"):
        check_target(frame, 2)
