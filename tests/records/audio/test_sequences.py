"""Synthetic sequences change over time like the real sequences whose time course they have."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra import numpy as npst
from sequence_motion import autocorrelation, frame_variance
from shared_data import shared_file

from wgan_resampler.exceptions import InvalidDataError
from wgan_resampler.records.audio.sequences import MIN_SPREAD, describe, move, rounded_like
from wgan_resampler.records.files.json_records import read_records

FLOATS = st.floats(-1e4, 1e4)


def ar1(rng, n_frames, coefficient, spread):
    noise = rng.normal(size=n_frames)
    values = np.empty(n_frames)
    values[0] = noise[0]
    for i in range(1, n_frames):
        values[i] = coefficient * values[i - 1] + np.sqrt(1 - coefficient**2) * noise[i]
    return spread * values


@given(
    npst.arrays(np.float64, st.tuples(st.integers(1, 20), st.just(3)), elements=FLOATS),
    npst.arrays(np.float64, 3, elements=FLOATS),
    npst.arrays(np.float64, 3, elements=st.floats(np.log(MIN_SPREAD) + 0.01, 5)),
)
@settings(deadline=None)
def test_a_moved_record_has_the_means_and_spreads_it_was_moved_to(record, means, log_spreads):
    moved = move(record, np.concatenate([means, log_spreads]))
    assert moved.shape == record.shape
    np.testing.assert_allclose(moved.mean(axis=0), means, atol=1e-6)
    varies = record.std(axis=0) >= MIN_SPREAD
    np.testing.assert_allclose(moved.std(axis=0)[varies], np.exp(log_spreads)[varies], rtol=1e-6)
    np.testing.assert_allclose(moved.std(axis=0)[~varies], 0, atol=1e-9)


@given(npst.arrays(np.float64, st.tuples(st.integers(1, 20), st.just(3)), elements=FLOATS))
@settings(deadline=None)
def test_moved_to_its_own_description_a_record_stays(record):
    np.testing.assert_allclose(move(record, describe(record)), record, atol=10 * MIN_SPREAD)


def test_autocorrelation_is_that_of_the_real_record_and_variance_that_of_the_new_spread():
    rng = np.random.default_rng(0)
    real = np.column_stack([ar1(rng, 5000, c, s) for c, s in ((0.9, 20.0), (0.5, 3.0), (-0.5, 1.0))])
    before = autocorrelation([real])
    np.testing.assert_allclose(before, [0.9, 0.5, -0.5], atol=0.05)
    # For AR(1) the mean squared difference of neighbors is 2 (1 - coefficient) times the variance.
    np.testing.assert_allclose(frame_variance([real]), [2 * 0.1 * 400, 2 * 0.5 * 9, 2 * 1.5 * 1], rtol=0.1)
    factors = np.array([2.0, 0.5, 3.0])
    target = describe(real) + np.concatenate([[5, -5, 0], np.log(factors)])
    moved = move(real, target)
    np.testing.assert_allclose(autocorrelation([moved]), before, atol=1e-9)
    np.testing.assert_allclose(frame_variance([moved]), frame_variance([real]) * factors**2)


def test_relations_between_coefficients_stay():
    rng = np.random.default_rng(0)
    record = rng.normal(size=(200, 4)) @ rng.normal(size=(4, 4))
    moved = move(record, np.array([1, 2, 3, 4, 0, 1, 2, 0.5]))
    np.testing.assert_allclose(np.corrcoef(moved.T), np.corrcoef(record.T), atol=1e-9)


def test_silence_stays_silent_and_a_single_frame_stays_single():
    silence = np.tile([-1131.37, 0.0], (50, 1))
    moved = move(silence, np.array([-900.0, 1.0, 3.0, 3.0]))
    assert (moved == [-900.0, 1.0]).all()
    assert move(np.array([[1.0, 2.0]]), np.array([5.0, 6.0, 1.0, 1.0])).tolist() == [[5.0, 6.0]]


def test_rounding_is_not_blown_up():
    record = np.column_stack([np.full(100, 3.0) + 1e-4 * (np.arange(100) % 2), np.sin(np.arange(100))])
    moved = move(record, np.array([0.0, 0.0, np.log(50), 0.0]))
    assert np.abs(moved[:, 0]).max() == 0
    assert moved[:, 1].std() == pytest.approx(1)


def test_a_spread_at_the_floor_means_constant():
    record = np.random.default_rng(0).normal(size=(10, 1))
    assert (move(record, np.array([4.0, np.log(MIN_SPREAD)])) == 4).all()


@pytest.mark.parametrize(
    ("record", "description", "fragment"),
    [
        (np.zeros(13), np.zeros(26), "got shape"),
        (np.zeros((0, 13)), np.zeros(26), "got shape"),
        (np.full((2, 1), np.nan), np.zeros(2), "finite numbers"),
        (np.zeros((2, 13)), np.zeros(25), "26 numbers"),
        (np.zeros((2, 1)), np.array([np.inf, 0]), "finite means"),
        (np.zeros((2, 1)), np.array([0, 1e6]), "finite means"),
    ],
)
def test_bad_input(record, description, fragment):
    with pytest.raises(InvalidDataError, match=fragment):
        move(record, description)


def test_moved_clips_move_as_real_clips_do():
    # Each clip's time course at the means and spreads of another clip of its genre, as a good generator would draw.
    file = read_records(shared_file("gtzan/gtzan_13_clips.json.gz"))
    moved = []
    for genre in range(len(file.mapping)):
        clips = [record for record, label in zip(file.records, file.labels, strict=True) if label == genre]
        moved += [move(clip, describe(other)) for clip, other in zip(clips, [*clips[1:], clips[0]], strict=True)]
    np.testing.assert_allclose(frame_variance(moved), frame_variance(file.records), rtol=0.35)
    np.testing.assert_allclose(autocorrelation(moved), autocorrelation(file.records), atol=1e-9)
    assert (frame_variance(moved) > 1).all()
    descriptions = [np.stack([describe(record) for record in records]) for records in (moved, file.records)]
    np.testing.assert_allclose(*(np.sort(each, axis=0) for each in descriptions), atol=1e-6)


@pytest.mark.parametrize("decimals", [0, 1, 4])
def test_a_moved_record_has_as_many_decimals_as_the_real_one(decimals):
    # bug: MFCCs of four decimals got fifteen in the synthetic records
    rng = np.random.default_rng(0)
    record = rng.normal(0, 50, (40, 3)).round(decimals)
    moved = rounded_like(record, move(record, np.array([1.23456789, -20.0, 3.0, 3.1, 3.2, 3.3])))
    assert moved.tolist() == moved.round(decimals).tolist()
    np.testing.assert_allclose(moved.mean(axis=0), [1.23456789, -20.0, 3.0], atol=10.0**-decimals)
