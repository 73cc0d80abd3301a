import numpy as np
import pandas as pd
import pytest
from scipy import stats

from wgan_resampler.comparison.results import statistics

# Table 6 of Demsar (2006): AUC of C4.5 with parameter m, cf and both tuned. For "voting", the table has .975 twice but
# different ranks, so the unrounded numbers differed.
DEMSAR = pd.DataFrame(
    [
        [0.763, 0.768, 0.771, 0.798],  # adult
        [0.599, 0.591, 0.590, 0.569],  # breast cancer
        [0.954, 0.971, 0.968, 0.967],  # breast cancer Wisconsin
        [0.628, 0.661, 0.654, 0.657],  # cmc
        [0.882, 0.888, 0.886, 0.898],  # ionosphere
        [0.936, 0.931, 0.916, 0.931],  # iris
        [0.661, 0.668, 0.609, 0.685],  # liver disorders
        [0.583, 0.583, 0.563, 0.625],  # lung cancer
        [0.775, 0.838, 0.866, 0.875],  # lymphography
        [1.000, 1.000, 1.000, 1.000],  # mushroom
        [0.940, 0.962, 0.965, 0.962],  # primary tumor
        [0.619, 0.666, 0.614, 0.669],  # rheum
        [0.972, 0.981, 0.9751, 0.975],  # voting
        [0.957, 0.978, 0.946, 0.970],  # wine
    ]
)


def test_the_worked_example_of_demsar_comes_out():
    test = statistics.friedman(DEMSAR)
    np.testing.assert_allclose(test.mean_ranks, [3.143, 2.000, 2.893, 1.964], atol=5e-4)
    # The paper computes 9.28, from rounded ranks and without the correction for ties.
    k, n = 4, len(DEMSAR)
    ties = [np.unique(row, return_counts=True)[1] for row in statistics.rank(DEMSAR).to_numpy()]
    correction = 1 - sum(float((count**3 - count).sum()) for count in ties) / (n * k * (k**2 - 1))
    assert test.statistic * correction == pytest.approx(9.28, abs=0.01)
    assert test.p_value < 0.05
    assert test.critical_difference == pytest.approx(1.25, abs=0.005)
    assert statistics.critical_difference(4, 14, alpha=0.10) == pytest.approx(1.12, abs=0.005)
    # "the difference between the two best and the worst is greater than the critical difference of alpha .10"
    assert test.mean_ranks[0] - test.mean_ranks[3] > 1.12
    assert test.mean_ranks[0] - test.mean_ranks[1] > 1.12


def test_nemenyi_and_the_critical_difference_agree():
    ranks = statistics.friedman(DEMSAR).mean_ranks
    p_values = statistics.nemenyi(DEMSAR).to_numpy()
    for alpha in (0.05, 0.1, 0.2):
        apart = np.abs(np.subtract.outer(ranks, ranks)) > statistics.critical_difference(4, 14, alpha=alpha)
        np.testing.assert_array_equal(apart, p_values < alpha)


def test_less_is_better_turns_ranks_round():
    scores = pd.DataFrame([[0.1, 0.3, 0.2]])
    np.testing.assert_array_equal(statistics.rank(scores, greater_is_better=False), [[1, 3, 2]])
    np.testing.assert_array_equal(statistics.rank(scores), [[3, 1, 2]])


def test_what_failed_ranks_last_and_shares_its_place():
    np.testing.assert_array_equal(statistics.rank(pd.DataFrame([[np.nan, 0.5, np.nan, 0.1]])), [[3.5, 1, 3.5, 2]])
    assert statistics.friedman(pd.DataFrame([[0.5, 0.4, np.nan]] * 5)).mean_ranks == (1, 2, 3)


def test_samplers_that_are_equal_everywhere_do_not_differ():
    test = statistics.friedman(pd.DataFrame(np.full((4, 3), 0.5)))
    assert (test.mean_ranks, test.p_value, test.statistic) == ((2.0, 2.0, 2.0), 1.0, 0.0)


@pytest.mark.parametrize("shape", [(1, 4), (5, 2)])
def test_too_little_for_friedman(shape):
    assert statistics.friedman(pd.DataFrame(np.random.default_rng(0).random(shape))) is None


def compared(scores, reference, **options):
    """Return the comparison of one sampler with the reference."""
    both = pd.DataFrame({"reference": reference, "sampler": scores})
    return statistics.compare_with_reference(both, "reference", **options).loc[1]


def test_a_paired_comparison_counts_and_tests():
    rng = np.random.default_rng(0)
    reference = rng.random(20)
    gain = np.concatenate([np.full(12, 0.05), np.zeros(3), np.full(5, -0.02)]) + rng.normal(scale=1e-4, size=20)
    outcome = compared(reference + gain, reference)
    assert (outcome.wins, outcome.ties, outcome.losses) == (12, 3, 5)
    assert outcome.effect_low <= outcome.median_effect <= outcome.effect_high
    assert outcome.p_value == pytest.approx(stats.wilcoxon(gain, zero_method="zsplit").pvalue)
    turned = compared(reference + gain, reference, greater_is_better=False)
    assert (turned.wins, turned.losses, turned.median_effect) == (5, 12, -outcome.median_effect)


def test_a_sampler_compared_with_itself_is_a_tie():
    scores = np.array([0.1, 0.2, 0.3])
    outcome = compared(scores, scores)
    assert (outcome.ties, outcome.median_effect, outcome.p_value) == (3, 0.0, 1.0)


def test_datasets_on_which_one_failed_are_left_out_of_a_paired_comparison():
    outcome = compared(np.array([0.9, np.nan, 0.9]), np.array([0.8, 0.1, np.nan]))
    assert (outcome.wins, outcome.ties, outcome.losses) == (1, 0, 0)
    assert np.isnan(outcome.p_value)


def test_holm_leaves_missing_values_alone():
    corrected = statistics.holm(pd.Series([0.01, np.nan, 0.04, 0.03]))
    assert np.isnan(corrected[1])
    assert [corrected[index] for index in (0, 2, 3)] == pytest.approx([0.03, 0.06, 0.06])


def test_the_corrected_t_test_widens_the_variance_by_the_share_of_test_rows():
    differences = np.random.default_rng(1).normal(0.02, 0.03, size=10)
    plain = stats.ttest_1samp(differences, 0).pvalue
    assert statistics.corrected_t_test(differences, 0.0) == pytest.approx(plain)
    # Nadeau and Bengio: t = mean / sqrt((1/n + n_test/n_train) * variance).
    t = differences.mean() / np.sqrt((1 / 10 + 1 / 4) * differences.var(ddof=1))
    assert statistics.corrected_t_test(differences, 1 / 4) == pytest.approx(2 * stats.t.sf(abs(t), 9))
    assert statistics.corrected_t_test(np.zeros(5), 0.25) == 1.0


def cells(scores):
    rows = [
        {"dataset": d, "sampler": s, "classifier": c, "repeat": 0, "fold": f, "m": value}
        for (d, s, c), values in scores.items()
        for f, value in enumerate(values)
    ]
    return pd.DataFrame(rows)


def test_a_sampler_that_failed_in_one_fold_has_no_score_on_the_dataset():
    frame = cells(
        {("d", "a", "c"): [0.1, 0.2], ("d", "b", "c"): [0.9, np.nan], ("e", "a", "c"): [0.5], ("e", "b", "c"): [0.7]}
    )
    scores = statistics.dataset_scores(frame, "m", ["c"], ["a", "b"])
    assert scores.loc["d", "a"] == pytest.approx(0.15)
    assert np.isnan(scores.loc["d", "b"])
    assert scores.loc["e", "b"] == 0.7


def test_cells_that_no_sampler_has_do_not_count():
    frame = cells(
        {
            ("d", "a", "c"): [0.1, np.nan],
            ("d", "b", "c"): [0.9, np.nan],
            ("e", "a", "c"): [np.nan],
            ("e", "b", "c"): [np.nan],
        }
    )
    scores = statistics.dataset_scores(frame, "m", ["c"], ["a", "b"])
    assert scores.index.tolist() == ["d"]
    assert scores.loc["d"].tolist() == [0.1, 0.9]
