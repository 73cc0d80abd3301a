"""Records and tables in one form, and the reader of tables that all commands share."""

import zipfile

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from wgan_resampler.comparison.data.datasets import load_datasets
from wgan_resampler.exceptions import DataFileError
from wgan_resampler.records.files.labelled_data import read_labelled
from wgan_resampler.records.training_data import read_training_data
from wgan_resampler.tables import check_table, write_table


def songs():
    floats = np.random.default_rng(0).normal(size=5)
    return pd.DataFrame({"loudness": floats, "bars": [1, 2, 3, 4, 5], "key": list("abcab"), "genre": list("xxyyy")})


@pytest.mark.parametrize("name", ["songs.csv", "songs.csv.gz", "songs.parquet"])
def test_the_mark_of_synthetic_rows_is_no_feature(tmp_path, name):
    write_table(tmp_path / name, songs().assign(is_synthetic=[False] * 3 + [True] * 2))
    table = read_labelled(tmp_path / name, "genre")
    assert table.is_synthetic.tolist() == [False] * 3 + [True] * 2
    assert list(table.samples.columns) == ["loudness", "bars", "key"]
    assert table.names.tolist() == list("xxyyy")


@pytest.mark.parametrize("target", [None, "label"])
def test_json_lines_of_vectors_are_refused_with_the_command_that_makes_columns_of_the_vectors(tmp_path, target):
    (tmp_path / "x.jsonl").write_text('{"features": [1.5, 2.5], "label": "blues"}\n')
    with pytest.raises(DataFileError, match=r"x\.jsonl holds JSON lines, .*t\.pop\('features'\)"):
        read_labelled(tmp_path / "x.jsonl", target)


def test_a_zip_archive_of_any_name_is_known_by_the_file_in_it(tmp_path):
    for names in (["songs.csv"], ["data.json"], ["songs.csv", "more.csv"]):
        with zipfile.ZipFile(tmp_path / f"{len(names)}{names[0][:4]}.zip", "w") as archive:
            for name in names:
                json_text = '{"features": [[1]], "labels": [0], "mapping": ["x"]}'
                archive.writestr(name, "a,genre\n1,x\n" if name.endswith("csv") else json_text)
    assert read_labelled(tmp_path / "1song.zip", "genre").names.tolist() == ["x"]
    assert read_labelled(tmp_path / "1data.zip").names.tolist() == ["x"]
    with pytest.raises(DataFileError, match=r"holds 2 files: 'songs\.csv', 'more\.csv'"):
        read_labelled(tmp_path / "2song.zip", "genre")


@pytest.mark.parametrize(
    ("content", "fragment"),
    [
        ("a,genre\n1,x\n2,\n", "1 rows without a class"),
        ("a,genre,is_synthetic\n1,x,maybe\n", "True or False"),
    ],
)
def test_rows_without_a_class_or_a_mark_are_refused(tmp_path, content, fragment):
    (tmp_path / "x.csv").write_text(content)
    with pytest.raises(DataFileError, match=fragment):
        read_labelled(tmp_path / "x.csv", "genre")


@pytest.mark.filterwarnings("ignore::wgan_resampler.exceptions.DataFileWarning")
def test_all_commands_read_an_odd_file_alike(tmp_path):
    # Words for missing values among numbers and among strings, a class called "NA", a number as the name of a column.
    rows = ["1,NA,None,NA", ",0.25,NA,NA", "3,nan,,b", "4,0.75,sad,b"] * 3
    (tmp_path / "odd.csv").write_text("\n".join(["1,size,mood,genre", *rows]))
    (compared,) = load_datasets(tmp_path / "odd.csv", target="genre")
    classified = read_labelled(tmp_path / "odd.csv", "genre")  # split, augment and classify
    trained = read_training_data(tmp_path / "odd.csv", "genre")
    pd.testing.assert_frame_equal(compared.X, classified.samples)
    assert compared.y.tolist() == classified.names.tolist() == trained.names.tolist()
    for expected, found in zip(check_table(compared.X).cells, trained.cells, strict=True):
        assert vars(found).keys() == vars(expected).keys()
        for name, values in vars(expected).items():
            np.testing.assert_array_equal(getattr(found, name), values)
    assert set(compared.y) == {"NA", "b"}
    assert compared.X.columns.tolist() == ["1", "size", "mood"]
    assert compared.X.isna().sum().tolist() == [3, 6, 3]
    assert compared.X["mood"][0] == "None"


@pytest.mark.parametrize(
    ("name", "content"),
    [("x.csv", b"a,genre\n1,x,3,4\n"), ("x.csv.gz", b"no gzip"), ("x.parquet", b""), ("x.npy", b"")],
)
def test_all_commands_refuse_a_bad_table_alike(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    messages = set()
    readers = [lambda path: load_datasets(path, target="genre")]
    readers += [] if name == "x.npy" else [lambda path: read_labelled(path, "genre")]
    for read in readers:
        with pytest.raises(DataFileError) as caught:
            read(tmp_path / name)
        messages.add(str(caught.value))
    assert len(messages) == 1


def test_a_class_whose_name_numpy_would_cut_is_refused(tmp_path):
    (tmp_path / "x.json").write_text('{"features": [[1], [2]], "labels": [0, 1], "mapping": ["a", "a\\u0000"]}')
    pq.write_table(pa.table({"x": [1, 2], "genre": ["a", "a\0"]}), tmp_path / "x.parquet")
    for name, target in (("x.json", None), ("x.parquet", "genre")):
        with pytest.raises(DataFileError, match="ends in a null character"):
            read_labelled(tmp_path / name, target)


def test_a_table_without_features_is_refused(tmp_path):
    (tmp_path / "x.csv").write_text("genre\nx\ny\n")
    with pytest.raises(DataFileError, match="no column but 'genre'"):
        read_labelled(tmp_path / "x.csv", "genre")


def test_records_and_tables_look_alike_to_what_needs_only_classes(tmp_path):
    write_table(tmp_path / "x.csv", songs())
    data = read_labelled(tmp_path / "x.csv", "genre")
    assert data.names.tolist() == list("xxyyy")
    assert data.groups("key").tolist() == [0, 1, 2, 0, 1]
    (tmp_path / "x.json").write_text(
        '{"features": [[1], [2], [3]], "labels": [0, 1, 1], "mapping": ["x", "y"], "track": ["b", "a", "b"],'
        ' "is_synthetic": [false, false, true], "other": [1]}'
    )
    data = read_labelled(tmp_path / "x.json")
    assert data.names.tolist() == ["x", "y", "y"]
    assert data.originals.tolist() == [0, 1]
    assert data.groups("track").tolist() == [0, 1]
    (tmp_path / "y.json").write_text((tmp_path / "x.json").read_text().replace('"b", "a", "b"', '"b", "a"'))
    assert read_labelled(tmp_path / "y.json").groups("track").tolist() == [0, 1]
    for key in ("other", "nothing"):
        with pytest.raises(DataFileError, match=f"no key '{key}' with one value .* Such keys: 'track'\\."):
            data.groups(key)


def test_sequences_are_kept_only_where_they_are_wanted(tmp_path):
    (tmp_path / "x.json").write_text('{"mfcc": [[[1, 2], [3, 4]]], "labels": [0], "mapping": ["x"]}')
    assert read_labelled(tmp_path / "x.json").samples[0].tolist() == [2, 3]
    assert read_labelled(tmp_path / "x.json", reduce=None).samples[0].tolist() == [[1, 2], [3, 4]]


@pytest.mark.parametrize("name", ["x.csv", "x.json"])
def test_a_file_of_synthetic_samples_only_is_refused(tmp_path, name):
    json_text = '{"features": [[1]], "labels": [0], "mapping": ["x"], "is_synthetic": [true]}'
    (tmp_path / name).write_text("a,genre,is_synthetic\n1,x,True\n" if name == "x.csv" else json_text)
    with pytest.raises(DataFileError, match=f"{name} holds synthetic records only"):
        read_labelled(tmp_path / name, "genre" if name == "x.csv" else None)


def test_target_is_for_tables_and_only_for_them(tmp_path):
    write_table(tmp_path / "x.csv", songs())
    with pytest.raises(DataFileError, match="target=COLUMN"):
        read_labelled(tmp_path / "x.csv")
    with pytest.raises(DataFileError, match=r"target=genre is only used with .*\.csv"):
        read_labelled(tmp_path / "x.json", "genre")


def test_groups_without_a_value_are_refused(tmp_path):
    (tmp_path / "x.csv").write_text("a,track,genre\n1,t,x\n2,,y\n")
    with pytest.raises(DataFileError, match="no string or number under 'track' for original record 1"):
        read_labelled(tmp_path / "x.csv", "genre").groups("track")
