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
from wgan_resampler.tables.files.table_files import TABLE_SUFFIXES, read_table, write_table

NAMES = [f"songs{suffix}" for suffix in TABLE_SUFFIXES]
SAFE = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


def songs():
    floats = np.random.default_rng(0).normal(size=5) * 10.0 ** np.arange(-200, 300, 100)
    return pd.DataFrame({"loudness": floats, "bars": [1, 2, 3, 4, 5], "key": list("abcab"), "genre": list("xxyyy")})


@pytest.mark.parametrize("name", NAMES)
def test_what_is_written_is_read(tmp_path, name):
    write_table(tmp_path / name, songs())
    table = read_table(tmp_path / name, "genre")
    pd.testing.assert_frame_equal(table, songs(), check_exact=True)


def test_equal_frames_make_equal_packed_files(tmp_path):
    for name in ("a.csv.gz", "b.csv.gz"):
        write_table(tmp_path / name, songs())
    assert (tmp_path / "a.csv.gz").read_bytes() == (tmp_path / "b.csv.gz").read_bytes()


BAD = {
    "empty": ("x.csv", b"", "not a valid CSV file"),
    "header only": ("x.csv", b"a,genre\n", "no rows"),
    "ragged": ("x.csv", b"a,genre\n1,x\n1,x,3,4\n", "not a valid CSV file"),
    "rows longer than the header": ("x.csv", b"a,genre\n1,x,3\n2,y,4\n", "more cells than its header"),
    "no UTF-8": ("x.csv", b"a,genre\n\xff\xfe,x\n", "not a valid CSV file"),
    "no target": ("x.csv", b"a,b\n1,2\n", "no column 'genre'"),
    "random parquet": ("x.parquet", np.random.default_rng(0).bytes(3000), "not a valid Parquet file"),
    "empty parquet": ("x.parquet", b"", "not a valid Parquet file"),
    "packed twice wrong": ("x.csv.gz", b"a,genre\n1,x\n", "not a complete gzip"),
    "bomb": ("x.csv.gz", gzip.compress(b"genre\n" + b"1\n" * 20_000_000), "unpacks to over"),
    "a million columns": ("x.csv", b"," * 1_000_000 + b"genre\n", "1000001 columns"),
    "other name": ("x.xlsx", b"", "not a table by its name"),
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


def test_words_for_missing_values_count_in_numbers_and_not_in_strings(tmp_path):
    (tmp_path / "x.csv").write_text(
        "size,plays,live,mood,None,size\n0.1,3,True,None,NA,a\n,NA,NA,NA,x,b\nnan,5,False,,,NaN\n"
    )
    table = read_table(tmp_path / "x.csv")
    assert list(table.columns) == ["size", "plays", "live", "mood", "None", "size.1"]
    assert [dtype.kind for dtype in table.dtypes[:2]] == ["f", "f"]
    assert table["size"].isna().tolist() == [False, True, True]
    assert table["size"][0] == 0.1
    assert table["plays"].isna().tolist() == [False, True, False]
    assert table["live"].isna().tolist() == [False, True, False]
    assert table["live"].tolist()[::2] == [True, False]
    assert table["mood"].tolist()[:2] == ["None", "NA"]
    assert table["mood"].isna().tolist() == [False, False, True]
    assert table["size.1"].tolist() == ["a", "b", "NaN"]


def test_a_shared_table_with_missing_values_and_strings():
    table = read_table(shared_file("benchmark/stroke.csv.gz"), "target")
    assert table.shape == (5110, 11)
    assert set(table["target"]) == {0, 1}
    assert table["bmi"].isna().any()
