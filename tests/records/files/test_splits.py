"""Splits: whole groups on one side, all classes on both, written once, checked when read."""

import contextlib
import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from wgan_resampler.exceptions import DataFileError, InvalidDataError, InvalidParameterError, SplitWarning
from wgan_resampler.records.files.json_records import RecordFile
from wgan_resampler.records.files.labelled_data import LabelledData
from wgan_resampler.records.files.splits import (
    Split,
    consecutive_groups,
    divide,
    fingerprint,
    make_split,
    read_split,
    write_split,
)

NAMES = np.array(["blues"] * 30 + ["rock"] * 20)
SPLIT = Split(
    train=(0, 1, 3),
    test=(2,),
    n_records=5,
    fingerprint="abc",
    seed=7,
    test_size=0.25,
    group_key="é",
    max_train={"b": 2},
)


def test_each_class_gives_its_share():
    train, test = make_split(NAMES, test_size=0.2)
    assert sorted([*train, *test]) == list(range(50))
    assert (NAMES[test] == "blues").sum() == 6
    assert (NAMES[test] == "rock").sum() == 4


def test_the_seed_decides():
    first, again, other = (make_split(NAMES, seed=seed)[1].tolist() for seed in (1, 1, 2))
    assert first == again
    assert first != other


@given(st.data())
@settings(deadline=None)
def test_no_group_is_on_both_sides_and_no_class_is_missing(data):
    n_groups = data.draw(st.integers(2, 30))
    of_group = data.draw(st.lists(st.sampled_from("abc"), min_size=n_groups, max_size=n_groups))
    sizes = data.draw(st.lists(st.integers(1, 12), min_size=n_groups, max_size=n_groups))
    order = np.random.default_rng(data.draw(st.integers(0, 99))).permutation(sum(sizes))
    groups = np.repeat(np.arange(n_groups), sizes)[order]
    names = np.repeat(np.array(of_group), sizes)[order]
    with contextlib.suppress(SplitWarning):
        train, test = make_split(names, groups, test_size=data.draw(st.floats(0.05, 0.95)), seed=3)
        assert not set(groups[train]) & set(groups[test])
        assert sorted([*train, *test]) == list(range(len(names)))
        if len(test):  # `divide` refuses a file in which every class has a single group
            assert set(names[train]) == set(names[test]) == set(names)


def test_groups_of_mixed_classes_stay_whole():
    groups = np.arange(50) // 7  # the fifth has both classes
    train, test = make_split(NAMES, groups, test_size=0.3)
    assert not set(groups[train]) & set(groups[test])
    assert len(train) + len(test) == 50


def test_a_class_with_a_single_group_trains_and_is_named():
    with pytest.warns(SplitWarning, match=r"have a single group\. .*: 'rock'\."):
        train, test = make_split(NAMES, np.array([*range(30), *[30] * 20]))
    assert set(NAMES[test]) == {"blues"}
    assert (NAMES[train] == "rock").sum() == 20


def test_a_class_can_be_made_rare():
    groups = np.arange(50) // 5
    train, test = make_split(NAMES, groups, test_size=0.25, max_train={"blues": 12})
    whole_train, whole_test = make_split(NAMES, groups, test_size=0.25)
    assert test.tolist() == whole_test.tolist()
    assert set(train) < set(whole_train)
    assert (NAMES[train] == "blues").sum() == 10
    with pytest.raises(InvalidParameterError, match="no class 'jazz'"):
        make_split(NAMES, max_train={"jazz": 1})
    with pytest.raises(InvalidParameterError, match="first group has 5"):
        make_split(NAMES, groups, max_train={"blues": 4})


def test_consecutive_groups_must_fit():
    assert consecutive_groups(NAMES, 10).tolist() == [i // 10 for i in range(50)]
    with pytest.raises(InvalidDataError, match="50 records cannot be divided into groups of 7"):
        consecutive_groups(NAMES, 7)
    with pytest.raises(InvalidDataError, match=r"Records 25 to 49 .* blues, rock"):
        consecutive_groups(NAMES, 25)


def tracks(names, **extra):
    records = [np.zeros(2)] * len(names)
    file = RecordFile(records, np.zeros(len(names), dtype=int), ("jazz",), extra=extra)
    return LabelledData("tracks.json", records, file.names, file.is_synthetic, file)


def test_segments_of_a_track_stay_together_without_being_told():
    names = [f"jazz/{i // 4}.wav" for i in range(40)]
    split = divide(tracks(names, track=names), group_key=None, group_size=None, test_size=0.3, seed=0)
    assert split.group_key == "track"
    assert not {names[i] for i in split.train} & {names[i] for i in split.test}
    # Synthetic records have no track: `augment` leaves the list of the original records as it was.
    augmented = tracks([*names, "new"], track=names, is_synthetic=[False] * 40 + [True])
    again = divide(augmented, group_key=None, group_size=None, test_size=0.3, seed=0)
    assert (again.train, again.test, again.group_key) == (split.train, split.test, "track")


@pytest.mark.parametrize("track", [[str(i) for i in range(40)], ["a"] * 30, [None] * 40, {"a": 1}])
def test_a_key_that_does_not_group_records_by_track_is_left_alone(track):
    split = divide(tracks(["x"] * 40, track=track), group_key=None, group_size=None, test_size=0.3, seed=0)
    assert split.group_key is None


def test_tracks_are_divided_on_request():
    data = tracks(["x"] * 40, track=["a"] * 20 + ["b"] * 20)
    split = divide(data, group_key=None, group_size=1, test_size=0.3, seed=0)
    assert (split.group_key, len(split.test)) == (None, 12)


def test_what_is_written_is_read_and_never_overwritten(tmp_path):
    path = tmp_path / "split.json"
    write_split(path, SPLIT, "data.json")
    assert read_split(path) == SPLIT
    content = json.loads(path.read_text())
    assert (content["format"], content["version"], content["data"]) == ("wgan-resampler split", 1, "data.json")
    with pytest.raises(FileExistsError, match="written once"):
        write_split(path, SPLIT, "data.json")


def test_a_split_is_for_its_records_only():
    split = replace(SPLIT, n_records=50, fingerprint=fingerprint(NAMES))
    split.check_against("data.json", NAMES)
    with pytest.raises(DataFileError, match=r"50 original records, and not for the 49 of data\.json"):
        split.check_against("data.json", NAMES[:-1])
    with pytest.raises(DataFileError, match=r"classes or order differ"):
        split.check_against("data.json", NAMES[::-1])


BAD = {
    "no JSON": (b"{", "not valid JSON"),
    "another file": (b'{"features": [[1]], "labels": [0], "mapping": ["a"]}', "not a split file"),
    "newer": ({"version": 2}, "version 2 of the split format"),
    "both sides": ({"test": [1]}, "record 1 is both a training and a test record"),
    "twice": ({"train": [0, 0]}, "'train' must hold .* in ascending order and each once"),
    "unordered": ({"train": [3, 0]}, "in ascending order"),
    "no test": ({"test": []}, "array of length >= 1 - at test"),
    "outside": ({"test": [5]}, "'test' must hold positions from 0 to 4"),
    "negative": ({"test": [-1]}, r"int >= 0 - at test\[0\]"),
    "text": ({"test": ["1"]}, r"Expected int, got str - at test\[0\]"),
    "bool": ({"test": [True]}, r"Expected int, got bool - at test\[0\]"),
    "no number": ({"n_records": None}, "Expected int, got null - at n_records"),
    "no fingerprint": ({"fingerprint": 3}, "at fingerprint"),
    "odd groups": ({"group_size": "ten"}, "at group_size"),
}


@pytest.mark.parametrize(("change", "fragment"), BAD.values(), ids=BAD.keys())
def test_bad_splits_end_in_one_error_that_names_the_file(tmp_path, change, fragment):
    path = tmp_path / "split.json"
    write_split(path, SPLIT, "data.json")
    if isinstance(change, dict):
        change = json.dumps({**json.loads(path.read_text()), **change}).encode()
    path.write_bytes(change)
    with pytest.raises(DataFileError, match=fragment) as caught:
        read_split(path)
    assert str(path) in str(caught.value)


@given(st.integers(0, 10**6), st.binary(min_size=1, max_size=3))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_changed_splits_raise_only_the_file_error(tmp_path, position, replacement):
    path = tmp_path / "split.json"
    path.unlink(missing_ok=True)
    write_split(path, SPLIT, "data.json")
    content = bytearray(path.read_bytes())
    position %= len(content)
    content[position : position + len(replacement)] = replacement
    path.write_bytes(content)
    with contextlib.suppress(DataFileError):
        split = read_split(path)
        assert not set(split.train) & set(split.test)
