"""Tables on disk: reading and writing CSV and Parquet, and files that are refused."""

import contextlib
import gzip
import time
import zipfile

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from shared_data import shared_file

from wgan_resampler.exceptions import DataFileError
from wgan_resampler.tables.files.table_files import (
    TABLE_SUFFIXES,
    open_table,
    read_table,
    synthetic_rows,
    write_table,
)

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
    "rows longer than the header": ("x.csv", b"a,genre\n1,x,3,5\n2,y,4,5\n", "has 4 cells instead of 2"),
    "a row shorter than the header": ("x.csv", b"a,genre\n1,x\n2\n", "record 3, .* has 1 cells instead of 2"),
    "no UTF-8": ("x.csv", b"a,genre\n\xff\xfe,x\n", "not a valid CSV file"),
    "no target": ("x.csv", b"a,b\n1,2\n", "no column 'genre'"),
    "random parquet": ("x.parquet", np.random.default_rng(0).bytes(3000), "not a valid Parquet file"),
    "empty parquet": ("x.parquet", b"", "not a valid Parquet file"),
    "packed twice wrong": ("x.csv.gz", b"a,genre\n1,x\n", "not a complete gzip"),
    "bomb": ("x.csv.gz", gzip.compress(b"genre\n" + b"1\n" * 20_000_000), "unpacks to over"),
    "a million columns": ("x.csv", b"," * 1_000_000 + b"genre\n", "1000001 columns"),
    "other name": ("x.mp3", b"", "not have the name of a table file"),
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


# Always the same examples: the reader is written in C++, and a crash of the test run should at least be reproducible.
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


@pytest.mark.parametrize("suffix", ["xlsx", "xlsm", "arff", "feather", "jsonl", "dta", "hdf5", "xpt"])
def test_a_table_of_another_kind_is_refused_with_the_call_that_converts_it(tmp_path, suffix):
    with pytest.raises(DataFileError, match=rf"x\.{suffix}'.*\.to_csv\('x\.csv', index=False\)$"):
        read_table(tmp_path / f"x.{suffix}")


@pytest.mark.parametrize(
    ("content", "suffix"),
    [
        (b"PAR1\x15\x04", "parquet"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(9), "xls"),
        (b"\x89HDF\r\n", "h5"),
        (b"@RELATION iris\n", "arff"),
        (b"\n<!DOCTYPE html>\n", "html"),
        (b'[\n  {"a": 1}]', "json"),
        (b'{ "a": [1]}', "json"),
    ],
)
def test_a_file_of_another_kind_that_is_named_like_text_is_known_by_its_content(tmp_path, content, suffix):
    (tmp_path / "x.csv").write_bytes(content)
    with pytest.raises(DataFileError, match=rf"x.csv is an? .* by its content\. Rename it to end in \.{suffix},"):
        read_table(tmp_path / "x.csv")


def test_an_excel_file_that_is_named_like_text_is_known_by_its_content(tmp_path):
    with zipfile.ZipFile(tmp_path / "x.csv", "w") as archive:
        archive.writestr("docProps/app.xml", "")
        archive.writestr("xl/workbook.xml", "")
    with pytest.raises(DataFileError, match="is an Excel file by its content"):
        read_table(tmp_path / "x.csv")


def test_a_pointer_of_git_lfs_is_named(tmp_path):
    (tmp_path / "x.csv").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:4d\nsize 12\n")
    with pytest.raises(DataFileError, match="git lfs pull"):
        read_table(tmp_path / "x.csv")


@pytest.mark.parametrize(
    ("content", "fragment"),
    [("a^b\n1^2\n", "divided by ','.*separator=';'"), ("1,x\n2,y\n", "holds no names, say so with --no-header")],
)
def test_a_column_that_is_missing_because_of_the_writing_is_said(tmp_path, content, fragment):
    (tmp_path / "x.csv").write_text(content)
    with pytest.raises(DataFileError, match=fragment):
        read_table(tmp_path / "x.csv", "genre")


def test_a_name_that_is_nearly_there_is_suggested(tmp_path):
    (tmp_path / "x.csv").write_text("Genre ,b\n1,2\n")
    with pytest.raises(DataFileError, match=r"no column 'genre'\. Did you mean 'Genre '\?"):
        read_table(tmp_path / "x.csv", "genre")


@pytest.mark.parametrize("name", ["x.csv", "x.parquet"])
def test_augmented_files_are_known_by_their_column_and_by_the_file_beside_them(tmp_path, name):
    table = songs().assign(is_synthetic=[False, False, False, True, True])
    write_table(tmp_path / name, table)
    assert synthetic_rows(open_table(tmp_path / name)).tolist() == [False] * 3 + [True] * 2
    write_table(tmp_path / name, songs())
    assert not synthetic_rows(open_table(tmp_path / name)).any()
    (tmp_path / f"{name}.meta.json").write_text('{"original_samples": 3, "synthetic_samples": 2}')
    assert synthetic_rows(open_table(tmp_path / name)).tolist() == [False] * 3 + [True] * 2
    (tmp_path / f"{name}.meta.json").write_text('{"original_samples": 3, "synthetic_samples": 3}')
    assert not synthetic_rows(open_table(tmp_path / name)).any()


def test_a_shared_table_with_missing_values_and_strings():
    table = read_table(shared_file("benchmark/stroke.csv.gz"), "target")
    assert table.shape == (5110, 11)
    assert set(table["target"]) == {0, 1}
    assert table["bmi"].isna().any()
