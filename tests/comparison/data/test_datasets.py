import gzip

import numpy as np
import pandas as pd
import polars
import pyarrow as pa
import pytest
from scipy import sparse

from wgan_resampler.comparison.data.datasets import categorical_columns, load_datasets
from wgan_resampler.exceptions import ComparisonWarning, DataFileError, InvalidDataError, InvalidParameterError
from wgan_resampler.tables import CsvOptions

CSV = "size,colour,target\n1.5,red,a\n,,b\n2,None,a\n3,red,b\n"


def load_one(source, **options):
    (dataset,) = load_datasets(source, **options)
    return dataset


def test_only_empty_cells_of_a_file_are_missing(tmp_path):
    with gzip.open(tmp_path / "some.data.csv.gz", "wt") as file:
        file.write(CSV)
    dataset = load_one(tmp_path / "some.data.csv.gz")
    assert dataset.name == "some.data"
    assert dataset.X["size"].isna().tolist() == [False, True, False, False]
    assert dataset.X["colour"].isna().tolist() == [False, True, False, False]
    assert dataset.X["colour"][2] == "None"
    assert dataset.y.tolist() == ["a", "b", "a", "b"]
    facts = dataset.facts()
    assert (facts.numeric_columns, facts.categorical_columns, facts.missing_cells) == (1, 1, 2)


def test_parquet_files_and_other_target_names(tmp_path):
    pd.DataFrame({"x": [1, 2, 3, 4], "kind": [0, 1, 0, 1]}).to_parquet(tmp_path / "p.parquet")
    dataset = load_one([str(tmp_path / "p.parquet")], target="kind")
    assert dataset.name == "p"
    assert dataset.y.tolist() == [0, 1, 0, 1]


@pytest.mark.parametrize(
    "container",
    [
        lambda X: X.tolist(),
        lambda X: pd.DataFrame(X, columns=["x0", "x1"], index=[9, 8, 7, 6]),
        lambda X: polars.DataFrame(X, schema=["x0", "x1"], orient="row"),
        sparse.csr_matrix,
    ],
)
def test_containers_give_the_same_dataset(container):
    X, y = np.array([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0], [6.0, 7.0]]), ["a", "b", "a", "b"]
    expected, dataset = load_one((X, y)), load_one((container(X), y))
    pd.testing.assert_frame_equal(dataset.X, expected.X)
    assert dataset.fingerprint == expected.fingerprint


def test_the_fingerprint_follows_every_cell():
    X, y = pd.DataFrame({"a": [1.0, 2.0, 3.0, 4.0], "b": ["u", "v", "u", None]}), np.array([0, 1, 0, 1])
    prints = {load_one((X, y)).fingerprint}
    changed = X.copy()
    changed.loc[0, "a"] += 1e-9
    prints.add(load_one((changed, y)).fingerprint)
    changed = X.copy()
    changed.loc[3, "b"] = "v"
    prints.add(load_one((changed, y)).fingerprint)
    prints.add(load_one((X.rename(columns={"a": "c"}), y)).fingerprint)
    prints.add(load_one((X, y[::-1])).fingerprint)
    prints.add(load_one((X, y, [0, 0, 1, 1])).fingerprint)
    assert len(prints) == 6


def test_columns_that_hold_no_numbers_are_categories():
    frame = pd.DataFrame({"n": [1, 2], "b": [True, False], "s": ["a", "b"], "c": pd.Categorical(["x", "y"])})
    frame["i"] = pd.array([1, None], dtype="Int64")
    assert categorical_columns(frame) == ["s", "c"]


@pytest.mark.parametrize(
    ("columns", "names"),
    [
        (pd.MultiIndex.from_tuples([("size", "x"), ("size", "y")]), ["size_x", "size_y"]),
        (pd.MultiIndex.from_tuples([("size", 1), ("kind", 2)]), ["size_1", "kind_2"]),
        (pd.Index([3, 4]), ["3", "4"]),
    ],
)
def test_bug_columns_of_several_levels_could_not_be_compared_on(columns, names):
    X = pd.DataFrame([[1.0, "u"], [2.0, "v"], [3.0, "u"]], columns=columns)
    (dataset,) = load_datasets((X, [0, 1, 1]))
    assert dataset.X.columns.tolist() == names
    with pytest.raises(InvalidDataError, match="several columns of the same name"):
        load_datasets((X.set_axis([("a", "b_c"), ("a_b", "c")], axis=1), [0, 1, 1]))


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        (["a", "a\0", "a"], ["a", "a\0"]),
        ([b"a", b"b", b"a"], ["b'a'", "b'b'"]),
        (pd.date_range("2024-01-01", periods=2, tz="UTC").take([0, 1, 0]), 2),
        (pd.Series(pd.period_range("2024-01", periods=2, freq="M").take([0, 1, 0])), ["2024-01", "2024-02"]),
        (pd.cut([0, 1, 0], 2), 2),
        (pa.array(["u", "v", "u"]), ["u", "v"]),
    ],
)
def test_bug_classes_of_other_types_were_merged_or_refused(labels, classes):
    (dataset,) = load_datasets((pd.DataFrame({"a": [1.0, 2.0, 3.0]}), labels))
    assert dataset.counts.tolist() == [2, 1]
    assert isinstance(classes, int) or dataset.classes.tolist() == classes
    assert all(isinstance(name, str) for name in dataset.classes.tolist())


def test_a_table_of_pyarrow_is_a_frame():
    table = pa.table({"a": [1.5, None, 2.5], "b": ["u", "v", None], "c": pa.nulls(3)})
    (dataset,) = load_datasets((table, pa.array([0, 1, 1])))
    assert dataset.X.columns.tolist() == ["a", "b", "c"]
    assert dataset.facts().numeric_columns == 1


def test_a_sample_keeps_proportions_and_small_classes():
    y = np.repeat([0, 1, 2], [900, 94, 6])
    X = np.arange(1000.0)[:, None]
    groups = np.arange(1000) // 2
    dataset = load_one((X, y, groups), max_rows=100, random_state=1)
    assert dataset.counts.tolist() == [90, 9, 5]
    np.testing.assert_array_equal(dataset.y, y[dataset.X["x0"].astype(int)])
    np.testing.assert_array_equal(dataset.groups, groups[dataset.X["x0"].astype(int)])
    assert load_one((X, y, groups), max_rows=100, random_state=1).fingerprint == dataset.fingerprint
    assert load_one((X, y, groups), max_rows=100, random_state=2).fingerprint != dataset.fingerprint


def test_the_minority_of_two_equal_classes_is_the_positive_one():
    assert load_one(([[0]] * 4, [0, 1, 0, 1])).minority == 1
    assert load_one(([[0]] * 5, [0, 1, 0, 1, 1])).minority == 0


@pytest.mark.parametrize(
    ("X", "y", "fragment"),
    [
        ([[1.0], [2.0]], [0, 1, 1], "inconsistent"),
        ([[1.0], [2.0], [3.0]], [0, 0, 0], "1 classes"),
        ([[1.0], [2.0], [3.0], [4.0], [5.0], [6.0]], [0.1, 0.2, 0.3, 0.4, 0.5, 0.6], "'d': .* type: continuous"),
        (np.arange(8.0).reshape(4, 2), [1, 2, 3, 4], "right target"),
        (np.ma.array([[1.0], [2.0], [3.0]], mask=[[0], [1], [0]]), [0, 1, 1], r"Masked .* X.filled\(numpy.nan\)"),
        ([[1.0], [2.0], [3.0]], np.ma.array([0, 1, 1], mask=[0, 0, 1]), "'d': Input y is masked: 1 label"),
        ([[1.0], [2.0], [3.0]], [0, "0", 1], "'d': Labels must be of one type; got 0 and '0'"),
        ([[np.inf], [2.0], [3.0], [1.0]], [0, 1, 0, 1], "infinite"),
        ([[1.0], [2.0], [3.0], [1.0]], ["a", None, "a", "b"], "'d': Input y contains NaN: 1 label"),
        ([1.0, 2.0, 3.0, 1.0], [0, 1, 0, 1], "two dimensions"),
        ([[1.0], [2.0]], [[0, 1], [1, 0]], "one dimension"),
    ],
)
def test_what_cannot_be_compared_on_is_refused(X, y, fragment):
    with pytest.raises(InvalidDataError, match=fragment):
        load_datasets({"d": (X, y)})


def test_synthetic_rows_of_an_augmented_file_are_left_out_and_said(tmp_path):
    rows = "".join(f"{i},{'ab'[i % 2]},{i > 5}\n" for i in range(9))
    (tmp_path / "x.csv").write_text(f"a,target,is_synthetic\n{rows}")
    with pytest.warns(ComparisonWarning, match="'x' holds 3 synthetic rows. .* about the 6 original rows"):
        (dataset,) = load_datasets(tmp_path / "x.csv")
    assert dataset.X.to_dict("list") == {"a": [0, 1, 2, 3, 4, 5]}


def test_synthetic_rows_without_a_mark_are_known_by_the_file_beside_them(tmp_path):
    (tmp_path / "x.csv").write_text("a,target\n" + "".join(f"{i},{'ab'[i % 2]}\n" for i in range(9)))
    (tmp_path / "x.csv.meta.json").write_text('{"original_samples": 6, "synthetic_samples": 3}')
    with pytest.warns(ComparisonWarning, match="3 synthetic rows"):
        (dataset,) = load_datasets(tmp_path / "x.csv")
    assert len(dataset.y) == 6


@pytest.mark.parametrize("names", [["1.1", "1.10"], ["9" * 25, "9" * 24 + "8"]])
def test_bug_classes_of_a_file_were_merged_where_train_told_them_apart(tmp_path, names):
    (tmp_path / "x.csv").write_text("a,t\n" + f"1,{names[0]}\n2,{names[1]}\n" * 3)
    (dataset,) = load_datasets(tmp_path / "x.csv", target="t")
    assert dataset.classes.tolist() == sorted(names)


def test_a_reader_that_is_told_how_a_file_is_written(tmp_path):
    (tmp_path / "x.csv").write_text("1;x\n?;y\n3;x\n4;y\n")
    options = CsvOptions(separator=";", missing=("?",), header=False)
    (dataset,) = load_datasets(tmp_path / "x.csv", target="1", csv_options=options)
    assert dataset.X["0"].isna().tolist() == [False, True, False, False]


def test_a_fingerprint_does_not_depend_on_how_missing_integers_are_held():
    y = ["a", "a", "b", "b"]
    frames = [pd.DataFrame({"x": pd.array([1, 2, None, 3], dtype=dtype)}) for dtype in ("Int64", "float64")]
    assert len({load_datasets({"x": (frame, y)})[0].fingerprint for frame in frames}) == 1


def test_a_table_without_features_is_refused(tmp_path):
    (tmp_path / "x.csv").write_text("target\na\nb\na\nb\n")
    with pytest.raises(InvalidDataError, match="no column but the target"):
        load_datasets(tmp_path / "x.csv")


def test_files_that_cannot_be_read_are_refused(tmp_path):
    (tmp_path / "no_target.csv").write_text("a,b\n1,2\n")
    (tmp_path / "bad.parquet").write_text("nonsense")
    (tmp_path / "x.xlsx").write_text("")
    (tmp_path / "empty.csv").write_text("")
    for name, fragment in [
        ("no_target.csv", "Its columns: 'a', 'b'"),
        ("bad.parquet", "not a valid Parquet file"),
        ("x.xlsx", "Convert it in Python: pandas.read_excel"),
        ("empty.csv", "not a valid CSV file"),
    ]:
        with pytest.raises(DataFileError, match=fragment):
            load_datasets(tmp_path / name)
    with pytest.raises(FileNotFoundError):
        load_datasets(tmp_path / "absent.csv")
    with pytest.raises(InvalidParameterError, match="are called x"):
        load_datasets([tmp_path / "a" / "x.csv", tmp_path / "b" / "x.csv"])
    with pytest.raises(InvalidParameterError, match="are called 1"):
        load_datasets({1: ([[1.0], [2.0]], [0, 1]), "1": ([[1.0], [2.0]], [0, 1])})


@pytest.mark.parametrize(
    ("groups", "fragment"),
    [
        ([0, 0, 1, np.nan], "1 rows have no group"),
        (["a", None, "b", None], "2 rows have no group"),
        ([[0, 1], [0, 1], [2, 3], [2, 3]], "group must have one dimension, not 2"),
        ([0, 1], "inconsistent"),
    ],
)
def test_groups_that_cannot_be_kept_together_are_refused(groups, fragment):
    with pytest.raises(InvalidDataError, match=fragment):
        load_datasets({"d": ([[1.0], [2.0], [3.0], [4.0]], [0, 1, 0, 1], groups)})


def test_groups_may_be_a_frame_of_one_column_or_of_mixed_types():
    X, y = [[1.0], [2.0], [3.0], [4.0]], [0, 1, 0, 1]
    assert load_one((X, y, pd.DataFrame({"g": ["a", "a", "b", "b"]}))).groups.tolist() == ["a", "a", "b", "b"]
    assert load_one((X, y, np.array(["a", "a", 1, 1], dtype=object))).groups.tolist() == ["a", "a", "1", "1"]


def test_a_column_of_a_file_holds_the_groups(tmp_path):
    frame = pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.0], "patient": ["p", "p", "q", "q"], "target": [0, 1, 0, 1]})
    frame.to_csv(tmp_path / "d.csv", index=False)
    dataset = load_one(tmp_path / "d.csv", groups="patient")
    assert dataset.X.columns.tolist() == ["x"]
    assert dataset.groups.tolist() == ["p", "p", "q", "q"]
    assert dataset.facts().grouped
    as_arrays = load_one((frame[["x"]], frame["target"], frame["patient"]))
    assert as_arrays.fingerprint == dataset.fingerprint
    assert load_one(tmp_path / "d.csv").X.columns.tolist() == ["x", "patient"]


def test_a_column_of_groups_that_cannot_be_taken_is_named(tmp_path):
    (tmp_path / "d.csv").write_text("x,who,target\n1,p,0\n2,,1\n3,q,0\n4,q,1\n")
    with pytest.raises(DataFileError, match=r"no column 'patient'.*'x', 'who', 'target'"):
        load_datasets(tmp_path / "d.csv", groups="patient")
    with pytest.raises(InvalidDataError, match="1 rows have no group"):
        load_datasets(tmp_path / "d.csv", groups="who")
    with pytest.raises(InvalidParameterError, match="both name the column 'target'"):
        load_datasets(tmp_path / "d.csv", groups="target")
    with pytest.raises(InvalidParameterError, match="no dataset is a file"):
        load_datasets(([[1.0], [2.0]], [0, 1]), groups="who")
