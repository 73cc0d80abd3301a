"""Rejection of generated rows whose class is doubtful."""

import pytest
import torch
from gan.small_tables import table_of

from wgan_resampler import GanGenerator
from wgan_resampler.gan.networks import RowClassifier
from wgan_resampler.gan.rows import candidates as rejection
from wgan_resampler.gan.rows.batches import ClassBalancedBatches, one_hot
from wgan_resampler.gan.rows.candidates import (
    NeighborCandidates,
    best_of_each_class,
    class_rejection_rates,
    generate,
    train_classifier,
)
from wgan_resampler.gan.rows.training_rows import RealRows

RNG = torch.Generator().manual_seed(0)


class LineGenerator(GanGenerator):
    """Returns the noise itself for every class, so half of the rows lie in the region of the other class."""

    def forward(self, noise, condition):
        return noise.clamp(-3, 3) / 3


class SignClassifier(RowClassifier):
    """Class 1 right of zero, class 0 left of it."""

    def forward(self, features):
        return torch.cat([-features[:, :1], features[:, :1]], dim=1)


def line_generator():
    return LineGenerator(num_classes=2, feature_dim=1, noise_dim=1, hidden_dim=1, num_layers=1, random_state=0)


def sign_classifier():
    return SignClassifier(feature_dim=1, num_classes=2, random_state=0)


def rows_of(classes, rate):
    rng = torch.Generator().manual_seed(3)
    return generate(line_generator(), classes, rng, sign_classifier(), torch.tensor([rate, rate]))[:, 0]


def test_the_least_credible_rows_are_rejected():
    classes = torch.arange(4000) % 2
    rows = rows_of(classes, 0.5)
    assert (rows[classes == 1] > 0).float().mean() > 0.97
    assert (rows[classes == 0] < 0).float().mean() > 0.97
    rows = rows_of(classes, 0.25)
    assert (rows[classes == 1] > 0).float().mean() == pytest.approx(2 / 3, abs=0.04)


def test_each_row_has_the_class_of_its_place():
    classes = torch.tensor([1, 0, 0, 1, 1, 0])
    rows = rows_of(classes.repeat(200), 0.5)
    agree = (rows > 0).long() == classes.repeat(200)
    assert agree.float().mean() > 0.95


@pytest.mark.parametrize("n", [0, 1, 2, 3, 50])
@pytest.mark.parametrize("rate", [0.0, 0.3, 0.99])
def test_as_many_rows_as_asked_for(n, rate):
    assert len(rows_of(torch.zeros(n, dtype=torch.int64), rate)) == n


def test_kept_rows_are_not_sorted_by_credibility():
    rows = rows_of(torch.ones(500, dtype=torch.int64), 0.3)
    ranks = rows.argsort().argsort().double()
    assert abs(torch.corrcoef(torch.stack([ranks, torch.arange(500.0).double()]))[0, 1]) < 0.2


def test_nothing_is_rejected_without_a_classifier():
    classes = torch.arange(10) % 2
    plain = generate(line_generator(), classes, torch.Generator().manual_seed(1))
    noise = torch.randn(10, 1, generator=torch.Generator().manual_seed(1))
    assert torch.equal(plain, noise.clamp(-3, 3) / 3)


def focused(classes, focus, rate=0.0):
    rng = torch.Generator().manual_seed(3)
    return generate(line_generator(), classes, rng, sign_classifier(), torch.tensor([rate, rate]), focus)[:, 0]


def test_rows_near_the_other_class_are_preferred_and_others_still_occur():
    classes = torch.ones(4000, dtype=torch.int64)
    distances = [focused(classes, focus, rate=0.5) for focus in (0.0, 1.0, 10.0)]
    assert all((rows > 0).float().mean() > 0.97 for rows in distances)
    means = [rows.mean() for rows in distances]
    assert means[0] > means[1] + 0.02 > means[2] + 0.04
    assert (distances[1] > 0.6).any()


def test_focus_keeps_classes_and_numbers():
    classes = torch.tensor([1, 0, 0, 1, 1]).repeat(100)
    rows = focused(classes, 1.0, rate=0.5)
    assert len(rows) == 500
    assert ((rows > 0).long() == classes).float().mean() > 0.95
    assert len(rows.unique()) == 500


def test_focus_draws_with_the_stated_weights():
    belief = torch.tensor([0.0, 1.0]).repeat(20_000)
    rng = torch.Generator().manual_seed(0)
    sizes, keep = torch.tensor([40_000]), torch.tensor([400])
    found = rejection._near_others(belief, sizes, keep, 1.0, rng)
    # The weights are 1.05 and .05, so nearly all draws are of the first kind (21 to 1).
    assert (belief[found] == 0.0).float().mean() == pytest.approx(21 / 22, abs=0.03)


def test_best_of_each_class():
    score = torch.tensor([0.0, 5.0, 1.0, 9.0, 8.0, 7.0])
    found = best_of_each_class(score, sizes=torch.tensor([3, 0, 3]), keep=torch.tensor([1, 0, 2]))
    assert found.tolist() == [1, 3, 4]


def test_equal_scores_keep_the_first_rows():
    found = best_of_each_class(torch.zeros(4), sizes=torch.tensor([4]), keep=torch.tensor([2]))
    assert found.tolist() == [0, 1]


def test_small_classes_are_doubted_less():
    rates = class_rejection_rates(0.4, torch.tensor([0, 20, 1_000_000]))
    assert rates.tolist() == pytest.approx([0.0, 0.2, 0.4], abs=1e-4)


def line_rows(n=600, borrowed_rows=60.0, spread=0.05):
    """Rows of class 0 around -0.9 and of class 1 around 0.9, where the generator makes hardly any rows."""
    classes = torch.arange(n) % 2
    values = 0.9 * (2.0 * classes.unsqueeze(1) - 1.0) + spread * (torch.rand(n, 1, generator=RNG) - 0.5)
    return RealRows(table_of(values, classes), borrowed_rows)


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_candidates_come_from_rows_by_their_share(share):
    neighbors = NeighborCandidates(line_rows(), share)
    classes = torch.ones(4000, dtype=torch.int64)
    rows = generate(line_generator(), classes, torch.Generator().manual_seed(1), neighbors=neighbors)[:, 0]
    near = (rows > 0.87) & (rows < 0.93)
    assert near.float().mean() == pytest.approx(share, abs=0.03)


def test_the_generator_makes_rows_in_place_of_copies():
    alike = line_rows(spread=0.0)
    rows = generate(
        line_generator(),
        torch.ones(500, dtype=torch.int64),
        torch.Generator().manual_seed(1),
        None,
        None,
        0.0,
        NeighborCandidates(alike, 1.0),
    )
    assert not torch.isin(rows[:, 0], alike.table.values[:, 0]).any()
    assert len(rows.unique()) > 490


def test_the_classifier_chooses_among_both_sources_and_keeps_classes():
    classes = torch.tensor([1, 0, 0]).repeat(200)
    rows = generate(
        line_generator(),
        classes,
        torch.Generator().manual_seed(1),
        sign_classifier(),
        torch.tensor([0.4, 0.4]),
        1.0,
        NeighborCandidates(line_rows(), 0.5),
    )[:, 0]
    assert ((rows > 0).long() == classes).float().mean() > 0.97


def test_the_classifier_learns_classes_that_differ():
    classes = torch.arange(300) % 3
    values = torch.randn(300, 2, generator=torch.Generator().manual_seed(0)) * 0.05
    values[:, 0] += classes * 0.5 - 0.5
    batches = ClassBalancedBatches(table_of(values, classes), 64, torch.Generator().manual_seed(1))
    classifier = RowClassifier(feature_dim=2, num_classes=3, random_state=0)
    train_classifier(classifier, batches)
    with torch.no_grad():
        assert (classifier(values).argmax(dim=1) == classes).float().mean() > 0.99


def test_training_the_classifier_is_reproducible_and_leaves_the_global_generator():
    before, outputs = torch.get_rng_state(), []
    table = table_of(torch.eye(4), torch.tensor([0, 0, 1, 1]))
    for _ in range(2):
        batches = ClassBalancedBatches(table, 8, torch.Generator().manual_seed(1))
        classifier = RowClassifier(feature_dim=4, num_classes=2, random_state=0)
        train_classifier(classifier, batches)
        outputs.append(classifier(torch.eye(4)).detach())
    assert torch.equal(*outputs)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("normalization", ["batch", "layer", None])
@pytest.mark.parametrize("n", [0, 1, 4, 5, 11])
def test_rows_made_in_blocks_are_those_made_at_once(monkeypatch, normalization, n):
    generator = GanGenerator(
        num_classes=2,
        feature_dim=5,
        noise_dim=16,
        hidden_dim=8,
        dropout=0.0,
        normalization=normalization,
        skip_connections=True,
        block_sizes=(2,),
        random_state=0,
    ).eval()
    classes = torch.arange(n) % 2
    with torch.no_grad():
        noise = torch.randn(n, 16, generator=torch.Generator().manual_seed(1))
        expected = generator(noise, one_hot(classes, 2))
        monkeypatch.setattr(rejection, "_ROWS_PER_BLOCK", 4)
        rows = generate(generator, classes, torch.Generator().manual_seed(1))
    torch.testing.assert_close(rows, expected, rtol=0, atol=1e-5)
