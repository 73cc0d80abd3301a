"""JSON files of records: what is read, what is refused, and at what cost."""

import contextlib
import gzip
import json
import resource
import subprocess
import sys
import time

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings, strategies as st
from hypothesis.extra import numpy as npst
from shared_data import TRACKS, shared_file

from wgan_resampler.exceptions import DataFileError, InvalidDataError
from wgan_resampler.records.files.json_records import (
    JSON_SUFFIXES,
    RecordFile,
    mean_over_time,
    read_records,
    write_records,
)
from wgan_resampler.tables import MIN_UNPACKED_ALLOWANCE

TWO = {"features": [[1.0, 2.0], [3.0, 4.0]], "labels": [1, 0], "mapping": ["jazz", "rock"]}
FRAMES = [[[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0]]]
SAFE = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


def put(tmp_path, content, name="data.json"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return path


def with_(**changes):
    return {key: value for key, value in {**TWO, **changes}.items() if value is not None}


def test_vectors(tmp_path):
    file = read_records(put(tmp_path, TWO))
    assert [record.tolist() for record in file.records] == TWO["features"]
    assert file.labels.tolist() == [1, 0]
    assert file.mapping == ("jazz", "rock")
    assert file.names.tolist() == ["rock", "jazz"]
    assert (file.layout, file.is_sequence, file.n_features, file.extra) == ("features", False, 2, {})


@pytest.mark.parametrize("layout", ["features", "mfcc"])
def test_sequences_of_different_lengths_in_both_layouts(tmp_path, layout):
    file = read_records(put(tmp_path, {layout: FRAMES, "labels": [0, 0], "mapping": ["jazz"]}))
    assert [record.tolist() for record in file.records] == FRAMES
    assert (file.layout, file.is_sequence) == (layout, True)


def test_keys_come_in_any_order_and_further_ones_survive(tmp_path):
    extra = {"sample_rate": 22050, "notes": {"by": ["é", None, {"deep": [1, 2.5, True]}]}, "files": ["a", "b"]}
    file = read_records(put(tmp_path, {"mapping": ["jazz"], **extra, "labels": [0, 0], "mfcc": FRAMES}))
    assert file.extra == extra
    write_records(tmp_path / "copy.json", file)
    assert json.loads((tmp_path / "copy.json").read_text()) == {
        "mfcc": FRAMES,
        "labels": [0, 0],
        "mapping": ["jazz"],
        **extra,
    }


def test_is_synthetic_is_false_unless_the_file_says_so(tmp_path):
    assert read_records(put(tmp_path, TWO)).is_synthetic.tolist() == [False, False]
    assert read_records(put(tmp_path, with_(is_synthetic=[False, True]))).is_synthetic.tolist() == [False, True]


@given(
    st.lists(npst.arrays(np.float64, st.tuples(st.integers(1, 4), st.just(3)), elements=st.floats(-1e30, 1e30))),
    st.sampled_from([f"data{suffix}" for suffix in JSON_SUFFIXES]),
)
@SAFE
def test_writing_and_reading_gives_the_same_floats(tmp_path, records, name):
    records = [*records, np.zeros((1, 3))]
    write_records(tmp_path / name, RecordFile(records, np.zeros(len(records), dtype=int), ("a",), "mfcc"))
    found = read_records(tmp_path / name).records
    assert [record.tolist() for record in found] == [record.tolist() for record in records]


def test_equal_records_make_equal_packed_files(tmp_path):
    for name in ("a.json.gz", "b.json.gz"):
        write_records(tmp_path / name, read_records(put(tmp_path, TWO)))
    assert (tmp_path / "a.json.gz").read_bytes() == (tmp_path / "b.json.gz").read_bytes()


def test_nan_is_not_written(tmp_path):
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_records(tmp_path / "x.json", RecordFile([np.array([np.nan])], np.array([0]), ("a",)))
    assert list(tmp_path.iterdir()) == []


def test_a_further_key_cannot_take_the_place_of_labels():
    with pytest.raises(InvalidDataError, match="'labels' cannot be a further key"):
        RecordFile([np.zeros(1)], np.array([0]), ("a",), extra={"labels": [1]})
    with pytest.raises(InvalidDataError, match="1 records but 2 labels"):
        RecordFile([np.zeros(1)], np.array([0, 1]), ("a",))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be"])
def test_every_encoding_of_unicode_is_read(tmp_path, encoding):
    content = json.dumps(with_(mapping=["música", "日本"], title="\U0001f3b5" * 40_000), ensure_ascii=False)
    file = read_records(put(tmp_path, content.encode(encoding)))
    assert file.mapping == ("música", "日本")
    assert file.extra == {"title": "\U0001f3b5" * 40_000}


def test_integers_of_more_than_64_bits_beside_the_records_are_read(tmp_path):
    file = read_records(put(tmp_path, with_(ids=[2**64 + 1, 10**300], weights=[0.1, 1e-7])))
    assert file.extra == {"ids": [2**64 + 1, 10**300], "weights": [0.1, 1e-7]}
    assert [record.tolist() for record in file.records] == TWO["features"]


def test_the_order_of_keys_is_known(tmp_path):
    assert read_records(put(tmp_path, {"x": 1, **TWO, "a": 2})).keys == ("x", "features", "labels", "mapping", "a")


def test_reduce_keeps_only_what_it_returns(tmp_path):
    path = put(tmp_path, {"mfcc": FRAMES, "labels": [0, 0], "mapping": ["jazz"]})
    assert [record.tolist() for record in read_records(path, mean_over_time).records] == [[2.0, 3.0], [5.0, 6.0]]


NESTED = b"[" * 100_000
BAD = {
    "empty": (b"", "not valid JSON"),
    "random bytes": (np.random.default_rng(0).bytes(5000), "not valid JSON"),
    "no UTF-8": (b'{"\xff\xfe": 1}', "not valid JSON"),
    "two documents": (json.dumps(TWO).encode() * 2, "holds JSON lines, but a file of records is one object"),
    "truncated": (json.dumps(TWO).encode()[:-20], "not valid JSON"),
    "truncated in records": (b'{"features": [[1, 2], [3', "not valid JSON"),
    "list at the top": (b"[1, 2]", "holds a list, but a file of records is one object"),
    "text at the top": (b'"features"', "no object"),
    "nested 100 000 deep": (NESTED, "holds a list, but"),
    "records nested 100 000 deep": (b'{"features": ' + NESTED, "too deep"),
    "further key nested 100 000 deep": (b'{"x": ' + NESTED, "levels deep"),
    "objects nested 100 000 deep": (b'{"x": ' + b'{"x": ' * 100_000, "levels deep"),
    "NaN": (b'{"features": [[1, NaN]], "labels": [0], "mapping": ["a"]}', "not valid JSON"),
    "Infinity": (b'{"features": [[1, -Infinity]], "labels": [0], "mapping": ["a"]}', "not valid JSON"),
    "beyond floats": (
        b'{"features": [[1, 1e999]], "labels": [0], "mapping": ["a"]}',
        r"numbers from -1e\+30 to 1e\+30; record 0 of 'features' holds one beyond",
    ),
    "beyond floats of 32 bits": (with_(features=[[1, 2], [3, -1e300]]), "record 1 of 'features' holds one beyond"),
    "huge integer": (b'{"features": [[1' + b"0" * 305 + b"]]}", "record 0 of 'features' holds one beyond"),
    "beyond the largest float": (b'{"features": [[3' + b"0" * 308 + b"]]}", "record 0 of 'features' holds one beyond"),
    "10 000 digits": (b'{"features": [[1' + b"0" * 10_000 + b"]]}", "over 310 digits, which is too large"),
    "5000 digits on the border of two chunks": (
        b'{"x": "' + b" " * (2**16 - 2600) + b'", "features": [[1' + b"0" * 5000 + b"]]}",
        "over 310 digits",
    ),
    "600 digits on the border of two chunks": (
        b'{"x": "' + b" " * (2**16 - 320) + b'", "features": [[1' + b"0" * 600 + b"]]}",
        "holds one beyond",
    ),
    "no records": ({"labels": [0], "mapping": ["a"]}, "has no key 'features' or 'mfcc'"),
    "no keys": ({}, "has no key 'features' or 'mfcc', but .* Its keys: none"),
    "both layouts": (with_(mfcc=FRAMES), "both 'features' and 'mfcc'"),
    "a key twice": (b'{"labels": [0], "labels": [0]}', "twice"),
    "records no list": (with_(features=3), "list of records"),
    "a record no list": (with_(features=[[1, 2], 3]), "record 1"),
    "ragged vectors": (with_(features=[[1, 2], [3]]), "record 1 of 'features' has 1"),
    "ragged frames": (with_(features=[[[1, 2], [3, 4, 5]], [[1, 2]]]), "record 0 of 'features' has 3 in its row 1"),
    "empty vector": (with_(features=[[], []]), "at least one"),
    "empty frame": (with_(features=[[[]], [[]]]), "at least one"),
    "no frames": (with_(features=[[[1, 2]], []]), "record 1"),
    "vectors and sequences": (with_(features=[[1, 2], [[3, 4]]]), "record 1 of 'features' differs"),
    "a number among frames": (with_(features=[[[1, 2], 3, 4], [[1, 2]]]), "record 0"),
    "frames after numbers": (with_(features=[[1, [2, 3]], [1, 2]]), "record 0"),
    "too deep by one": (with_(features=[[[[1]]], [[[1]]]]), "too deep"),
    "text as number": (with_(features=[["1", "2"], ["3", "4"]]), "a string"),
    "null as number": (with_(features=[[1, None], [3, 4]]), "a null"),
    "bool as number": (with_(features=[[1, True], [3, 4]]), "a boolean"),
    "object as number": (with_(features=[[1, {}], [3, 4]]), "an object"),
    "vectors under mfcc": (with_(features=None, mfcc=[[1, 2], [3, 4]]), "must hold sequences"),
    "no labels": (with_(labels=None), "has no key 'labels'"),
    "labels no list": (with_(labels={"0": 1}), "Expected array, got object - at labels"),
    "a label missing": (with_(labels=[0]), "2 records, but 1 values under 'labels'"),
    "a label outside": (with_(labels=[0, 2]), "labels are positions in 'mapping', from 0 to 1"),
    "a label of 10^12": (with_(labels=[0, 10**12]), "holds 1000000000000, but labels"),
    "negative label": (with_(labels=[0, -1]), r"int >= 0 - at labels\[1\]"),
    "float label": (with_(labels=[0, 1.5]), r"Expected int, got float - at labels\[1\]"),
    "bool label": (with_(labels=[0, True]), r"Expected int, got bool - at labels\[1\]"),
    "text label": (with_(labels=[0, "rock"]), "label 1 is the string 'rock'"),
    "no mapping": (with_(mapping=None), "has no key 'mapping'"),
    "mapping an object": (with_(mapping={"jazz": 0, "rock": 1}), "must be a list of the names of the classes"),
    "empty mapping": (with_(mapping=[]), "length >= 1 - at mapping"),
    "mapping of numbers": (with_(mapping=[1, 2]), r"Expected str, got int - at mapping\[0\]"),
    "mapping twice a name": (with_(mapping=["a", "a"]), "each class name once"),
    "no record": ({"features": [], "labels": [], "mapping": ["a"]}, "no records. It must list at least one"),
    "marks too short": (with_(is_synthetic=[True]), "is_synthetic"),
    "marks no bool": (with_(is_synthetic=[0, 1]), r"Expected bool, got int - at is_synthetic\[0\]"),
    "marks null": (b'{"features": [[1]], "labels": [0], "mapping": ["a"], "is_synthetic": null}', "at is_synthetic"),
}


@pytest.mark.parametrize(("content", "fragment"), BAD.values(), ids=BAD.keys())
@pytest.mark.parametrize("name", ["data.json", "data.json.gz"])
def test_bad_files_end_in_one_error_that_names_the_file(tmp_path, content, fragment, name):
    import ijson  # noqa: F401 - what counts is the time after imports

    content = content if isinstance(content, bytes) else json.dumps(content).encode()
    path = put(tmp_path, gzip.compress(content) if name.endswith(".gz") else content, name)
    started = time.process_time()
    with pytest.raises(DataFileError, match=fragment) as caught:
        read_records(path)
    assert time.process_time() - started < 1
    assert str(path) in str(caught.value)
    assert str(caught.value).isprintable()  # one line, and no commands to the terminal


def test_a_packed_file_whose_name_does_not_say_so_is_named(tmp_path):
    with pytest.raises(DataFileError, match=r"data\.json is packed with gzip"):
        read_records(put(tmp_path, gzip.compress(json.dumps(TWO).encode())))


def test_numbers_that_nobody_uses_claim_nothing(tmp_path):
    assert len(read_records(put(tmp_path, with_(n_features=10**12, n_records=10**12))).records) == 2


@pytest.mark.parametrize("content", [b"no gzip", gzip.compress(b"{}", mtime=0)[:-9], b""])
def test_damaged_gzip_files(tmp_path, content):
    with pytest.raises(DataFileError, match=r"data\.json\.gz is no"):
        read_records(put(tmp_path, content, "data.json.gz"))


def test_a_gzip_bomb_is_stopped(tmp_path):
    bomb = gzip.compress(b'{"features": [[' + b"0," * 50 * 2**20)
    assert len(bomb) < 200_000
    path = put(tmp_path, bomb, "bomb.json.gz")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(DataFileError, match=r"bomb\.json\.gz unpacks to over"):
        read_records(path)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown * (1 if sys.platform == "darwin" else 1024) < 40 * MIN_UNPACKED_ALLOWANCE


def test_a_missing_file_is_an_oserror(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_records(tmp_path / "none.json")


@given(st.binary(max_size=300), st.sampled_from(["data.json", "data.json.gz"]))
@example(b'{"features": [[1]], "labels": [0], "mapping": ["a"]}', "data.json")
@SAFE
def test_arbitrary_bytes_raise_only_the_file_error(tmp_path, content, name):
    with contextlib.suppress(DataFileError):
        read_records(put(tmp_path, content, name))


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=12,
)
KEYS = st.sampled_from(["features", "mfcc", "labels", "mapping", "is_synthetic", "other"])


@given(st.dictionaries(KEYS, JSON_VALUES))
@SAFE
def test_arbitrary_json_raises_only_the_file_error(tmp_path, content):
    with contextlib.suppress(DataFileError):
        read_records(put(tmp_path, content))


@given(st.integers(0, 10**6), st.binary(min_size=1, max_size=3))
@settings(SAFE, max_examples=200)
def test_a_good_file_with_some_bytes_changed_raises_only_the_file_error(tmp_path, position, replacement):
    content = bytearray(json.dumps({**TWO, "files": ["a", "b"], "is_synthetic": [False, True]}).encode())
    position %= len(content)
    content[position : position + len(replacement)] = replacement
    with contextlib.suppress(DataFileError):
        file = read_records(put(tmp_path, bytes(content)))
        assert len(file.records) == len(file.labels)
        assert all(np.isfinite(record).all() for record in file.records)


def test_memory_follows_what_is_kept_and_not_the_text(tmp_path):
    record = np.round(np.random.default_rng(0).normal(0, 60, (130, 13)), 4)
    write_records(tmp_path / "big.json", RecordFile([record] * 800, np.zeros(800, dtype=int), ("a",), "mfcc"))
    assert (tmp_path / "big.json").stat().st_size > 12 * 10**6
    code = """
import resource, sys
from wgan_resampler.records.files.json_records import mean_over_time, read_records
import ijson
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
assert len(read_records(sys.argv[1], mean_over_time).records) == 800
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "big.json"], capture_output=True, text=True, check=True
    )
    assert int(done.stdout) * (1 if sys.platform == "darwin" else 1024) < 4 * 10**6


def test_the_tracks_of_the_examples():
    file = read_records(TRACKS)
    assert (len(file.records), file.n_features, len(file.mapping)) == (1000, 13, 10)
    assert np.bincount(file.labels).tolist() == [100] * 10


@pytest.mark.parametrize(
    ("name", "layout", "n_records", "n_frames"),
    [("gtzan_13_clips.json.gz", "features", 27, 1292), ("segments_13_clips.json.gz", "mfcc", 270, 130)],
)
def test_the_shared_clips(tmp_path, name, layout, n_records, n_frames):
    path = shared_file(f"gtzan/{name}")
    file = read_records(path)
    assert (file.layout, len(file.records), file.records[0].shape) == (layout, n_records, (n_frames, 13))
    with gzip.open(path) as packed:
        plain = json.load(packed)
    write_records(tmp_path / "copy.json", file)
    assert json.loads((tmp_path / "copy.json").read_text()) == plain
