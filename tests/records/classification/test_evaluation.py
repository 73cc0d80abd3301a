"""Classifiers with and without synthetic records: training and test records, and reproducibility."""

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.preprocessing import StandardScaler

from wgan_resampler.exceptions import InvalidDataError, InvalidParameterError
from wgan_resampler.records.classification import CLASSIFIERS
from wgan_resampler.records.classification.evaluation import evaluate
from wgan_resampler.records.classification.lstm import MAX_FRAMES, LSTMNetwork, lstm_predictions, padded, sequences
from wgan_resampler.records.files.labelled_data import LabelledData

RNG = np.random.default_rng(0)
NAMES = np.array(["high", "low", "rare"] * 20)
LEVELS = np.array([3.0, -3.0, 0.0] * 20)


def data(records, names=NAMES, is_synthetic=None):
    is_synthetic = np.zeros(len(names), dtype=bool) if is_synthetic is None else is_synthetic
    return LabelledData("memory", records, names, is_synthetic)


VECTORS = [level + RNG.normal(size=3) / 2 for level in LEVELS]
# Time courses with equal means: only a classifier that sees sequences can distinguish them.
COURSES = [np.sin(np.arange(12)[:, None] * (1 + i % 3)) + RNG.normal(size=(12, 2)) / 10 for i in range(60)]
TRAIN, TEST = np.arange(42), np.arange(42, 60)


@pytest.mark.parametrize("model", CLASSIFIERS)
def test_classes_that_lie_apart_are_recognised(model):
    result = evaluate(data(VECTORS), model, TRAIN, TEST)
    assert result.classes == ("high", "low", "rare")
    assert result.confusion.tolist() == (6 * np.eye(3, dtype=int)).tolist()
    assert set(result.summary.values()) == {1}
    assert result.n_train.tolist() == [14, 14, 14]
    assert result.n_synthetic.tolist() == [0, 0, 0]


@pytest.mark.parametrize("model", CLASSIFIERS)
def test_the_seed_decides(model):
    noisy = data([record + RNG.normal(0, 4, size=3) for record in VECTORS])
    first, again = (evaluate(noisy, model, TRAIN, TEST, seed=5).confusion.tolist() for _ in range(2))
    assert first == again


def test_the_lstm_sees_sequences_and_the_others_their_means():
    assert evaluate(data(COURSES), "lstm", TRAIN, TEST).summary["accuracy"] > 0.9
    assert evaluate(data(COURSES), "svm", TRAIN, TEST).summary["accuracy"] < 0.8
    longer = [np.concatenate([course, course]) if i % 2 else course for i, course in enumerate(COURSES)]
    assert evaluate(data(longer), "lstm", TRAIN, TEST).summary["accuracy"] > 0.8


def test_synthetic_records_train_and_never_test():
    # The synthetic records have the wrong class: training on them lowers the scores, testing on them adds rows.
    wrong = data([*VECTORS, *VECTORS * 3], np.concatenate([NAMES, np.tile(np.roll(NAMES, 1), 3)]), np.arange(240) >= 60)
    with_synthetic = evaluate(wrong, "random_forest", TRAIN, TEST)
    without = evaluate(wrong, "random_forest", TRAIN, TEST, with_synthetic=False)
    assert without.summary["accuracy"] == 1
    assert with_synthetic.summary["accuracy"] < 0.2
    assert with_synthetic.n_synthetic.tolist() == [60, 60, 60]
    assert without.n_synthetic.tolist() == [0, 0, 0]
    assert with_synthetic.confusion.sum(axis=1).tolist() == without.confusion.sum(axis=1).tolist() == [6, 6, 6]
    assert with_synthetic.n_train.tolist() == [14, 14, 14]


def test_positions_count_originals_wherever_synthetic_records_stand():
    mixed = [record for original in VECTORS for record in (np.full(3, 99.0), original)]
    names = np.repeat(NAMES, 2)
    is_synthetic = np.tile([True, False], 60)
    result = evaluate(data(mixed, names, is_synthetic), "svm", TRAIN, TEST, with_synthetic=False)
    assert result.summary["accuracy"] == 1


def test_tables_with_strings_and_missing_values():
    frame = pd.DataFrame(VECTORS, columns=["a", "b", "c"]).assign(
        text=["x", "y", None] * 20, flag=[True, False] * 30, empty=np.nan, track=np.arange(60)
    )
    frame.loc[::7, "a"] = np.nan
    for model in CLASSIFIERS:
        assert evaluate(data(frame), model, TRAIN, TEST, left_out="track").summary["accuracy"] > 0.9


def test_columns_that_are_left_out_are_not_seen():
    frame = pd.DataFrame({"noise": RNG.normal(size=60), "answer": NAMES})
    assert evaluate(data(frame), "svm", TRAIN, TEST).summary["accuracy"] > 0.9
    assert evaluate(data(frame), "svm", TRAIN, TEST, left_out="answer").summary["accuracy"] < 0.7


@pytest.mark.parametrize("model", ["svm", "lstm"])
def test_a_class_without_training_or_test_records(model):
    train = np.flatnonzero(NAMES != "rare")[:20]
    test = np.flatnonzero(NAMES != "high")[-10:]
    result = evaluate(data(VECTORS), model, train, test)
    assert np.isnan(result.scores["recall"]).tolist() == [True, False, False]
    assert result.summary["balanced_accuracy"] == pytest.approx(np.nanmean(result.scores["recall"]))
    plain = result.to_plain()
    assert plain["per_class"]["high"]["recall"] is None
    assert plain["per_class"]["rare"] == {
        "precision": 0.0,
        "recall": 0.0,
        "f1": 0.0,
        "n_test": int((NAMES[test] == "rare").sum()),
        "n_train_original": 0,
        "n_train_synthetic": 0,
    }


def test_bad_requests():
    with pytest.raises(InvalidParameterError, match=r"must be one of lstm, .* got 'bayes'"):
        evaluate(data(VECTORS), "bayes", TRAIN, TEST)
    with pytest.raises(InvalidDataError, match="one class only"):
        evaluate(data(VECTORS), "svm", np.flatnonzero(NAMES == "low")[:5], TEST)


def test_padding_does_not_matter():
    network = LSTMNetwork(2, 3)
    x = torch.randn(2, 5, 2)
    padded = torch.cat([x, torch.full((2, 4, 2), 99.0)], dim=1)
    lengths = torch.tensor([5, 5])
    torch.testing.assert_close(network(padded, lengths), network(x, lengths))


def test_long_sequences_are_shortened_by_means():
    long = np.arange(10 * MAX_FRAMES, dtype=float)[:, None]
    (shortened,) = sequences([long])
    assert shortened.shape == (MAX_FRAMES, 1)
    assert shortened.mean() == pytest.approx(long.mean())
    odd = np.arange(MAX_FRAMES + 1, dtype=float)[:, None]
    assert [len(each) for each in sequences([odd, odd[:-1], np.zeros(1)])] == [MAX_FRAMES, MAX_FRAMES, 1]


def test_constant_coefficients_are_no_division_by_zero():
    record = np.ones((3, 2))
    assert padded([record], StandardScaler().fit(record))["x"].tolist() == [[[0.0, 0.0]] * 3]


def test_torch_is_left_as_it_was():
    state, n_threads = torch.random.get_rng_state(), torch.get_num_threads()
    lstm_predictions(VECTORS, np.arange(60) % 3, VECTORS, "passthrough", seed=0)
    assert torch.equal(torch.random.get_rng_state(), state)
    assert torch.get_num_threads() == n_threads
