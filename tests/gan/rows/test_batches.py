"""Class-balanced batches and the loader adapter."""

import copy
import itertools

import numpy as np
import pytest
import torch
from gan.small_tables import table_of
from torch.utils.data import DataLoader, TensorDataset

from wgan_resampler.exceptions import InvalidDataError
from wgan_resampler.gan.rows.batches import ClassBalancedBatches, LoaderBatches, one_hot

CPU = torch.device("cpu")
CLASSES = torch.tensor([0] * 20 + [2] * 3 + [1])
FEATURES = torch.arange(24, dtype=torch.float32).reshape(24, 1).repeat(1, 2)


def even(batch_size=8, seed=0, features=FEATURES, classes=CLASSES, num_classes=3):
    table = table_of(features, classes, num_classes=num_classes)
    return ClassBalancedBatches(table, batch_size, torch.Generator().manual_seed(seed))


def endless(batches, n_critic):
    return itertools.chain.from_iterable(batches.epoch(n_critic) for _ in itertools.count())


def loader(batches, feature_dim=2, num_classes=3):
    return LoaderBatches(batches, feature_dim, num_classes, CPU)


def test_one_hot_marks_the_class():
    assert one_hot(torch.tensor([2, 0]), 3).tolist() == [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
    assert one_hot(torch.tensor([1]), 2, torch.float64).dtype == torch.float64


def test_epoch_has_as_many_updates_as_batches_cover_the_rows():
    assert [len(even(size)) for size in (1, 8, 23, 24, 25)] == [24, 3, 2, 1, 1]
    assert len(list(even(8).epoch(2))) == 3


def test_updates_are_stacked_by_critic_update():
    features, condition = next(even(8).epoch(5))
    assert features.shape == (5, 8, 2)
    assert condition.shape == (5, 8, 3)


@pytest.mark.parametrize("batch_size", [6, 7, 8])
def test_every_batch_holds_each_class_equally_often_up_to_one_row(batch_size):
    batches = even(batch_size)
    for _ in range(4):
        for _, condition in batches.epoch(3):
            counts = condition.sum(dim=1)
            assert (counts.max(dim=1).values - counts.min(dim=1).values).max() <= 1.0


@pytest.mark.parametrize("batch_size", [1, 2])
def test_classes_take_turns_across_batches_smaller_than_their_number(batch_size):
    batches = even(batch_size)
    condition = torch.cat([c.flatten(0, 1) for _, c in batches.epoch(1)])
    assert condition.argmax(1).tolist() == [i % 3 for i in range(24)]


def test_rows_belong_to_the_class_of_their_condition_and_all_are_drawn():
    batches = even(8)
    drawn = set()
    for _ in range(30):
        for features, condition in batches.epoch(2):
            rows = features[..., 0].flatten().long()
            assert torch.equal(CLASSES[rows], condition.flatten(0, 1).argmax(1))
            drawn.update(rows.tolist())
    assert drawn == set(range(24))


def test_rows_of_a_class_are_drawn_equally_often():
    batches = even(24)
    rows = torch.cat([f[..., 0].flatten() for _ in range(100) for f, _ in batches.epoch(1)]).long()
    counts = torch.bincount(rows, minlength=24)
    assert counts[:20].tolist() == pytest.approx([40.0] * 20, rel=0.6)
    assert counts[20:23].tolist() == pytest.approx([800 / 3] * 3, rel=0.25)
    assert counts[23] == 800


def test_same_seed_gives_the_same_rows_and_no_other_generator_is_touched():
    before = torch.get_rng_state()
    draws = [torch.stack([f for f, _ in even(seed=seed).epoch(2)]) for seed in (0, 0, 1)]
    assert torch.equal(draws[0], draws[1])
    assert not torch.equal(draws[0], draws[2])
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("n_updates", [0, 1, 31, 32, 33, 70])
@pytest.mark.parametrize("next_n_critic", [1, 2])
def test_going_on_from_a_state_gives_the_rows_that_would_have_come(n_updates, next_n_critic):
    batches = even(8)
    list(itertools.islice(endless(batches, 2), n_updates))
    state = copy.deepcopy(batches.state_dict())
    expected = [f for f, _ in itertools.islice(endless(batches, next_n_critic), 50)]
    restored = even(8, seed=1)
    restored.load_state_dict(state)
    assert {**restored.state_dict(), "rng": 0, "chunk_rng": 0} == {**state, "rng": 0, "chunk_rng": 0}
    got = [f for f, _ in itertools.islice(endless(restored, next_n_critic), 50)]
    assert torch.equal(torch.stack(got), torch.stack(expected))


def test_rows_with_states_are_expanded_in_the_batch():
    states = torch.stack([CLASSES, CLASSES.flip(0)], dim=1)
    table = table_of(FEATURES, CLASSES, states.to(torch.int32), (3, 3))
    batches = ClassBalancedBatches(table, 8, torch.Generator().manual_seed(0))
    assert batches.layout.width == 8
    features, condition = next(batches.epoch(2))
    assert features.shape == (2, 8, 8)
    assert torch.equal(features[..., 2:5], condition)
    assert features[..., 5:].sum(dim=2).eq(1).all()


def test_class_without_rows_is_refused():
    with pytest.raises(InvalidDataError, match="Every one of the 4 classes needs at least one row"):
        even(num_classes=4)


def test_loader_batch_serves_all_critic_updates():
    batches = [(np.array([[1, 2], [3, 4]]), [2, 0])]
    ((features, condition),) = loader(batches).epoch(3)
    assert features.tolist() == [[[1.0, 2.0], [3.0, 4.0]]] * 3
    assert condition.tolist() == [[[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]] * 3
    assert features.dtype == torch.float32


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int16, torch.int32, torch.int64])
def test_loader_takes_labels_of_any_integer_type(dtype):
    ((_, condition),) = loader([(torch.zeros(2, 2), torch.tensor([2, 0], dtype=dtype))]).epoch(1)
    assert condition[0].argmax(1).tolist() == [2, 0]


def test_loader_takes_a_torch_dataloader():
    dataset = TensorDataset(FEATURES, CLASSES)
    sizes = [f.shape for f, _ in loader(DataLoader(dataset, batch_size=10)).epoch(2)]
    assert sizes == [(2, 10, 2), (2, 10, 2), (2, 4, 2)]


def test_loader_knows_its_length_only_if_the_iterable_does():
    assert len(loader([1, 2, 3])) == 3
    with pytest.raises(TypeError):
        len(loader(iter([1])))


def test_loader_without_a_known_width_takes_that_of_the_batch():
    ((features, _),) = loader([(torch.zeros(2, 7), [0, 1])], feature_dim=None).epoch(1)
    assert features.shape == (1, 2, 7)


@pytest.mark.parametrize(
    ("batch", "fragment"),
    [
        (torch.zeros(2, 2), r"a pair \(features, labels\); got Tensor"),
        ((torch.zeros(2, 2),), r"a pair \(features, labels\); got tuple"),
        ((torch.zeros(2, 3), [0, 1]), r"shape \(n, 2\).*got \(2, 3\)"),
        ((torch.zeros(2), [0, 1]), r"shape \(n, 2\).*got \(2,\)"),
        ((torch.zeros(2, 2, 2), [0, 1]), r"got \(2, 2, 2\)"),
        ((torch.zeros(0, 2), torch.zeros(0, dtype=torch.long)), r"got \(0, 2\)"),
        ((torch.zeros(2, 2), [0.0, 1.0]), r"integers of shape \(2,\).*torch.float32"),
        ((torch.zeros(2, 2), [0, 1, 2]), r"got torch.int64 of shape \(3,\)"),
        ((torch.zeros(2, 2), [[0], [1]]), r"of shape \(2, 1\)"),
        ((torch.zeros(2, 2), [0, 3]), r"0 \.\. 2, since num_classes=3; got 3"),
        ((torch.zeros(2, 2), [0, -1]), r"0 \.\. 2, since num_classes=3; got -1"),
        ((torch.tensor([[0.0, torch.nan]]), [0]), "NaN or infinity"),
        ((torch.tensor([[0.0, torch.inf]]), [0]), "NaN or infinity"),
        ((torch.tensor([[0.0, 1e300]], dtype=torch.float64), [0]), "NaN or infinity"),
    ],
)
def test_bad_batch_is_refused_with_what_would_be_right(batch, fragment):
    with pytest.raises(InvalidDataError, match=fragment):
        next(loader([batch]).epoch(1))


def test_scalar_features_are_refused():
    with pytest.raises(InvalidDataError, match=r"must have shape"):
        next(loader([(torch.tensor(1.0), [0])], feature_dim=None).epoch(1))
