import numpy as np
import pytest

from wgan_resampler.records.classification.evaluation import Evaluation
from wgan_resampler.records.classification.gain import chance_of_difference, gain_in_words


def evaluation(truth, is_right):
    truth = np.asarray(truth)
    counts = np.bincount(truth)
    predicted = np.where(is_right, truth, 1 - truth)
    return Evaluation(("jazz", "rock"), truth, predicted, counts, counts)


def test_a_difference_on_few_records_may_be_chance():
    truth = [0, 0, 0, 0, 1, 1]
    without, with_synthetic = evaluation(truth, [1, 1, 1, 1, 0, 0]), evaluation(truth, [1, 1, 1, 0, 1, 1])
    words = gain_in_words(without, with_synthetic)
    assert words.startswith("Balanced accuracy 0.875 with the synthetic records, 0.500 without: +0.375.")
    assert "With 6 test records, this may be chance" in words


def test_the_chance_is_that_of_all_swaps():
    # Three records count 1/4 each, and all changes point in one direction: 2 of 8 ways to swap give as much.
    without, with_synthetic = evaluation([0, 0, 1, 1], [0, 0, 0, 1]), evaluation([0, 0, 1, 1], [1, 1, 1, 1])
    assert chance_of_difference(without, with_synthetic) == pytest.approx(2 / 8, abs=0.03)
    assert chance_of_difference(with_synthetic, without) == pytest.approx(2 / 8, abs=0.03)
    # In one group, the three changes are swapped together, so each way gives as much.
    assert chance_of_difference(without, with_synthetic, np.zeros(4, dtype=int)) == 1


def test_a_large_difference_on_many_records_is_hardly_chance():
    truth = np.arange(200) % 2
    without, with_synthetic = evaluation(truth, np.arange(200) < 100), evaluation(truth, np.ones(200, dtype=bool))
    assert gain_in_words(without, with_synthetic) == (
        "Balanced accuracy 1.000 with the synthetic records, 0.500 without: +0.500. With 200 test records, chance "
        "alone rarely gives such a large difference (p = 0.001)."
    )
    assert gain_in_words(with_synthetic, without).startswith(
        "Balanced accuracy 0.500 with the synthetic records, 1.000 without: -0.500."
    )
    words = gain_in_words(without, with_synthetic, np.arange(200) // 100)
    assert "With 200 test records in 2 groups, this may be chance" in words


def test_equal_results_are_said_to_be_equal():
    one = evaluation([0, 0, 1], [1, 1, 0])
    assert gain_in_words(one, one).endswith("+0.000. Both classifiers get the same of the 3 test records right.")
