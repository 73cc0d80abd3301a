"""Tables on disk: CSV and Parquet in and out, and what is refused."""

import contextlib
import gzip
import time

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from shared_data import shared_file

from wgan_resampler.exceptions import DataFileError
from wgan_resampler.records.files.labelled_data import read_labelled
from wgan_resampler.records.files.table_files import read_table, write_table

NAMES = ["songs.csv", "songs.csv.gz", "songs.parquet"]
SAFE = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


def songs():
    floats = np.random.default_rng(0).normal(size=5) * 10.0 ** np.arange(-200, 300, 100)
    return pd.DataFrame({"loudness": floats, "bars": [1, 2, 3, 4, 5], "key": list("abcab"), "genre": list("xxyyy")})


@pytest.mark.parametrize("name", NAMES)
def test_what_is_written_is_read(tmp_path, name):
    write_table(tmp_path / name, songs())
    table = read_table(tmp_path / name, "genre")
    pd.testing.assert_frame_equal(table.frame, songs(), check_exact=True)
    assert list(table.features.columns) == ["loudness", "bars", "key"]
    assert table.names.tolist() == list("xxyyy")
    assert not table.is_synthetic.any()


@pytest.mark.parametrize("name", NAMES)
def test_the_mark_of_synthetic_rows_is_no_feature(tmp_path, name):
    write_table(tmp_path / name, songs().assign(is_synthetic=[False] * 3 + [True] * 2))
    table = read_table(tmp_path / name, "genre")
    assert table.is_synthetic.tolist() == [False] * 3 + [True] * 2
    assert "is_synthetic" not in table.features


def test_equal_frames_make_equal_packed_files(tmp_path):
    for name in ("a.csv.gz", "b.csv.gz"):
        write_table(tmp_path / name, songs())
    assert (tmp_path / "a.csv.gz").read_bytes() == (tmp_path / "b.csv.gz").read_bytes()


BAD = {
    "empty": ("x.csv", b"", "no valid CSV"),
    "header only": ("x.csv", b"a,genre\n", "no rows"),
    "ragged": ("x.csv", b"a,genre\n1,x\n1,x,3,4\n", "no valid CSV"),
    "no UTF-8": ("x.csv", b"a,genre\n\xff\xfe,x\n", "no valid CSV"),
    "no target": ("x.csv", b"a,b\n1,2\n", "no column 'genre'"),
    "missing class": ("x.csv", b"a,genre\n1,x\n2,\n", "1 rows without a class"),
    "odd mark": ("x.csv", b"a,genre,is_synthetic\n1,x,maybe\n", "True or False"),
    "random parquet": ("x.parquet", np.random.default_rng(0).bytes(3000), "no valid Parquet"),
    "empty parquet": ("x.parquet", b"", "no valid Parquet"),
    "packed twice wrong": ("x.csv.gz", b"a,genre\n1,x\n", "no whole gzip"),
    "bomb": ("x.csv.gz", gzip.compress(b"genre\n" + b"1\n" * 20_000_000), "unpacks to over"),
    "a million columns": ("x.csv", b"," * 1_000_000 + b"genre\n", "1000001 columns"),
    "other name": ("x.xlsx", b"", "no table by its name"),
}


@pytest.mark.parametrize(("name", "content", "fragment"), BAD.values(), ids=BAD.keys())
def test_bad_tables_end_in_one_error_that_names_the_file(tmp_path, name, content, fragment):
    path = tmp_path / name
    path.write_bytes(content)
    started = time.process_time()
    with pytest.raises(DataFileError, match=fragment) as caught:
        read_table(path, "genre")
    assert time.process_time() - started < 1
    assert str(path) in str(caught.value)


def test_columns_of_one_name_are_refused(tmp_path):
    columns = [pa.array([1]), pa.array([2]), pa.array(["x"])]
    pq.write_table(pa.Table.from_arrays(columns, names=["a", "a", "genre"]), tmp_path / "x.parquet")
    with pytest.raises(DataFileError, match="same name"):
        read_table(tmp_path / "x.parquet", "genre")


def test_a_parquet_file_that_claims_more_than_it_can_hold_is_refused(tmp_path):
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"genre": pa.array(np.zeros(20_000_000, dtype=np.int8))}), path)
    assert path.stat().st_size < 100_000
    started = time.process_time()
    with pytest.raises(DataFileError, match="claims 20000000 rows"):
        read_table(path, "genre")
    assert time.process_time() - started < 1


@given(st.binary(max_size=200), st.sampled_from(["x.csv", "x.csv.gz"]))
@SAFE
def test_arbitrary_bytes_raise_only_the_file_error(tmp_path, content, name):
    (tmp_path / name).write_bytes(content)
    with contextlib.suppress(DataFileError):
        read_table(tmp_path / name, "genre")


# Always the same examples: the reader is C++, and a crash of the whole test run should at least come every time.
@given(st.integers(0, 10**6), st.binary(min_size=1, max_size=2))
@settings(SAFE, derandomize=True)
def test_changed_parquet_files_raise_only_the_file_error(tmp_path, position, replacement):
    write_table(tmp_path / "good.parquet", songs())
    content = bytearray((tmp_path / "good.parquet").read_bytes())
    position %= len(content)
    content[position : position + len(replacement)] = replacement
    (tmp_path / "x.parquet").write_bytes(content)
    with contextlib.suppress(DataFileError):
        read_table(tmp_path / "x.parquet", "genre")


def test_records_and_tables_look_alike_to_what_needs_only_classes(tmp_path):
    write_table(tmp_path / "x.csv", songs())
    data = read_labelled(tmp_path / "x.csv", "genre")
    assert data.is_table
    assert data.names.tolist() == list("xxyyy")
    assert data.groups("key").tolist() == [0, 1, 2, 0, 1]
    (tmp_path / "x.json").write_text(
        '{"features": [[1], [2], [3]], "labels": [0, 1, 1], "mapping": ["x", "y"], "track": ["b", "a", "b"],'
        ' "is_synthetic": [false, false, true], "other": [1]}'
    )
    data = read_labelled(tmp_path / "x.json")
    assert not data.is_table
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
    assert read_labelled(tmp_path / "x.json", keep_sequences=True).samples[0].tolist() == [[1, 2], [3, 4]]


def test_target_is_for_tables_and_only_for_them(tmp_path):
    write_table(tmp_path / "x.csv", songs())
    with pytest.raises(DataFileError, match="--target COLUMN"):
        read_labelled(tmp_path / "x.csv")
    with pytest.raises(DataFileError, match=r"--target genre is for \.csv"):
        read_labelled(tmp_path / "x.json", "genre")


def test_groups_without_a_value_are_refused(tmp_path):
    (tmp_path / "x.csv").write_text("a,track,genre\n1,t,x\n2,,y\n")
    with pytest.raises(DataFileError, match="original record 1 no text or number under 'track'"):
        read_labelled(tmp_path / "x.csv", "genre").groups("track")


def test_a_shared_table_with_missing_cells_and_texts():
    table = read_table(shared_file("benchmark/stroke.csv.gz"), "target")
    assert len(table.frame) == 5110
    assert table.features.shape[1] == 10
    assert set(table.names) == {"0", "1"}
    assert table.frame["bmi"].isna().any()
