"""Drawing rows of given classes from a trained generator."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from wgan_resampler import GanGenerator
from wgan_resampler.gan.networks import RowClassifier
from wgan_resampler.sampler import row_generator as model
from wgan_resampler.sampler.row_generator import RowModel
from wgan_resampler.tables.columns import NumericCells
from wgan_resampler.tables.encoding.encoder import TableEncoder

COLUMNS = [np.array([0.0, np.sqrt(5.0), 4.0, 9.0, 10.0]), np.array([-3, 0, 1, 5, 7])]


def model_of(generator, counts=(3, 2)):
    return RowModel(
        generator,
        TableEncoder().fit([NumericCells(column) for column in COLUMNS]),
        np.array(["u", "v"]),
        np.array(counts),
    )


def values_of(cells):
    return [column.values for column in cells]


def small_generator(**settings):
    settings = {"noise_dim": 3, "hidden_dim": 4, "num_layers": 2, "random_state": 0, **settings}
    return GanGenerator(num_classes=2, feature_dim=2, **settings)


def class_only_generator():
    """Return a generator that gives -tanh(9) for the first class and tanh(9) for the second, whatever the noise."""
    generator = small_generator(num_layers=1, normalization=None, hidden_dim=1)
    with torch.no_grad():
        generator.hidden[0].weight.copy_(torch.tensor([[0.0, 0.0, 0.0, 0.0, 18.0]]))
        generator.hidden[0].bias.zero_()
        generator.output.weight.fill_(1.0)
        generator.output.bias.fill_(-9.0)
    return generator


def test_each_row_is_of_the_class_that_was_asked_for():
    rows = values_of(model_of(class_only_generator()).draw(np.array([0, 1, 1, 0]), seed=0))
    assert rows[0] == pytest.approx([0.0, 10.0, 10.0, 0.0], abs=1e-4)
    assert rows[1].tolist() == [-3, 7, 7, -3]
    assert rows[1].dtype == COLUMNS[1].dtype


def test_classes_keep_their_order_across_chunks(monkeypatch):
    monkeypatch.setattr(model, "_ROWS_PER_CHUNK", 2)
    rows = values_of(model_of(class_only_generator()).draw(np.array([0, 1, 1, 0, 1]), seed=0))
    assert rows[0] == pytest.approx([0.0, 10.0, 10.0, 0.0, 10.0], abs=1e-4)


def test_chunks_do_not_repeat_the_noise(monkeypatch):
    monkeypatch.setattr(model, "_ROWS_PER_CHUNK", 4)
    (first, _) = values_of(model_of(small_generator()).draw(np.zeros(8, dtype=np.int64), seed=0))
    assert len(set(first.tolist())) == 8


def test_the_seed_decides():
    rows = model_of(small_generator())
    classes = np.zeros(6, dtype=np.int64)
    first, again, other = (rows.draw(classes, seed)[0].values.tolist() for seed in (5, 5, 6))
    assert first == again
    assert not set(first) & set(other)


def test_no_rows():
    rows = model_of(small_generator()).draw(np.empty(0, dtype=np.int64), seed=0)
    assert [len(column) for column in rows] == [0, 0]
    assert [column.values.dtype for column in rows] == [column.dtype for column in COLUMNS]


@pytest.mark.parametrize("normalization", ["batch", "layer", None])
def test_drawing_changes_no_parameter_or_buffer(normalization):
    generator = small_generator(normalization=normalization, dropout=0.5).train()
    before = {name: tensor.clone() for name, tensor in generator.state_dict().items()}
    classes = np.array([0, 1] * 10)
    first, again = (model_of(generator).draw(classes, seed=1)[0].values.tolist() for _ in range(2))
    assert first == again  # dropout is off
    after = generator.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert not any(parameter.grad is not None for parameter in generator.parameters())


def test_wide_rows_are_generated_in_smaller_chunks(monkeypatch):
    sizes = []
    monkeypatch.setattr(model, "_CELLS_PER_CHUNK", 12)
    generator = class_only_generator()
    generator.register_forward_hook(lambda _, inputs, output: sizes.append(len(output)))
    model_of(generator).draw(np.zeros(20, dtype=np.int64), seed=0)
    assert sizes == [6, 6, 6, 2]


def test_a_classifier_rejects_rows():
    plain = model_of(small_generator(), counts=(10**6, 10**6))
    classifier = RowClassifier(feature_dim=2, num_classes=2, random_state=0)
    with torch.no_grad():  # class 1 is where the first feature is large
        for layer in (*classifier.hidden, classifier.output):
            layer.weight.zero_()
            layer.bias.zero_()
        classifier.hidden[0].weight[0, 0] = classifier.hidden[1].weight[0, 0] = classifier.output.weight[1, 0] = 1.0
    choosy = replace(plain, classifier=classifier, rejection_rate=0.5)
    classes = np.ones(400, dtype=np.int64)
    assert choosy.draw(classes, 0)[0].values.mean() > plain.draw(classes, 0)[0].values.mean()
    assert choosy.to(torch.device("cpu")) is choosy


def test_a_model_on_the_cpu_is_not_copied():
    rows = model_of(small_generator())
    assert rows.to(torch.device("cpu")) is rows


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_model_on_cuda_is_copied_to_the_cpu():
    rows = model_of(class_only_generator().cuda())
    assert rows.draw(np.array([0, 1]), seed=0)[0].values.tolist() == [0.0, 10.0]
    moved = rows.to(torch.device("cpu"))
    assert moved.generator.output.weight.device.type == "cpu"
    assert rows.generator.output.weight.device.type == "cuda"
    assert moved.draw(np.array([0, 1]), seed=0)[0].values.tolist() == [0.0, 10.0]
