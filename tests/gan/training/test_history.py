"""The training history as a sequence, and its JSON form."""

import contextlib
import json
import pickle
from collections.abc import Sequence

import pytest
from hypothesis import given, strategies as st

from wgan_resampler import TrainingHistory
from wgan_resampler.exceptions import InvalidDataError

RECORDS = [{"epoch": 1, "critic_loss": -0.5}, {"epoch": 2, "critic_loss": 0.1 + 0.2}, {"epoch": 3, "critic_loss": 2.0}]
NUMBERS = st.one_of(st.integers(), st.floats(allow_nan=False, allow_infinity=False))


def test_history_is_a_sequence_of_records():
    history = TrainingHistory(RECORDS)
    assert isinstance(history, Sequence)
    assert len(history) == 3
    assert list(history) == RECORDS
    assert history[0] == RECORDS[0]
    assert history[-1] == RECORDS[2]
    assert history[1:] == RECORDS[1:]
    assert list(reversed(history)) == RECORDS[::-1]
    assert RECORDS[1] in history
    assert history.index(RECORDS[2]) == 2
    with pytest.raises(IndexError):
        history[3]


def test_empty_history_is_false_and_has_no_columns():
    history = TrainingHistory()
    assert not history
    assert history.column("critic_loss") == []
    assert TrainingHistory.from_json(history.to_json()) == history


def test_column_is_one_quantity_over_all_epochs():
    assert TrainingHistory(RECORDS).column("epoch") == [1, 2, 3]
    with pytest.raises(KeyError, match="no_such_loss"):
        TrainingHistory(RECORDS).column("no_such_loss")


def test_records_are_copied_when_they_come_in():
    record = {"epoch": 1}
    history = TrainingHistory([record])
    history.append(record)
    record["epoch"] = 99
    assert history.column("epoch") == [1, 1]


def test_equality_is_that_of_the_records():
    assert TrainingHistory(RECORDS) == TrainingHistory(RECORDS)
    assert TrainingHistory(RECORDS) != TrainingHistory(RECORDS[:2])
    assert TrainingHistory(RECORDS) == RECORDS


def test_history_has_no_hash_because_it_can_change():
    with pytest.raises(TypeError, match="unhashable"):
        hash(TrainingHistory())


def test_repr_shows_the_records():
    assert repr(TrainingHistory(RECORDS[:1])) == "TrainingHistory([{'epoch': 1, 'critic_loss': -0.5}])"


def test_history_survives_pickle():
    assert pickle.loads(pickle.dumps(TrainingHistory(RECORDS))) == TrainingHistory(RECORDS)


def test_json_is_a_plain_list_of_objects():
    assert json.loads(TrainingHistory(RECORDS).to_json()) == RECORDS


@given(st.lists(st.dictionaries(st.text(), NUMBERS)))
def test_json_round_trip_is_exact(records):
    history = TrainingHistory(records)
    again = TrainingHistory.from_json(history.to_json())
    assert again == history
    assert again.to_json() == history.to_json()


@pytest.mark.parametrize(
    ("text", "fragment"),
    [
        ("", "must be a JSON list"),
        ("[{", "must be a JSON list"),
        ("\ud800", "must be a JSON list"),
        ("[" * 100_000, "must be a JSON list"),
        ("[" * 100_000 + "]" * 100_000, "must be a JSON list"),
        ('{"a":' * 100_000, "must be a JSON list"),
        ("[1" + "0" * 10_000 + "]", "must be a JSON list"),
        ('[{"a": NaN}]', "finite numbers only"),
        ('[{"a": -Infinity}]', "finite numbers only"),
        ("{}", "must be a JSON list"),
        ("3", "must be a JSON list"),
        ("null", "must be a JSON list"),
        ('"text"', "must be a JSON list"),
        ("[1]", "objects that hold finite numbers only"),
        ("[[]]", "objects that hold finite numbers only"),
        ('[{"a": "1"}]', "objects that hold finite numbers only"),
        ('[{"a": null}]', "objects that hold finite numbers only"),
        ('[{"a": true}]', "objects that hold finite numbers only"),
        ('[{"a": {"b": 1}}]', "objects that hold finite numbers only"),
        ('[{"a": 1e999}]', "finite numbers only"),
    ],
    ids=lambda value: value[:20].encode("unicode_escape").decode(),
)
def test_bad_json_is_refused(text, fragment):
    with pytest.raises(InvalidDataError, match=fragment):
        TrainingHistory.from_json(text)


@given(st.text())
def test_arbitrary_text_raises_only_the_data_error(text):
    with contextlib.suppress(InvalidDataError):
        TrainingHistory.from_json(text)
