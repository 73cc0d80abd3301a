"""MFCC files as a data set for torch."""

import json

import pytest
import torch
from shared_data import TRACKS, shared_file
from torch.utils.data import DataLoader

from wgan_resampler import GanDiscriminator, GanGenerator, GanTrainer, MFCCDataset
from wgan_resampler.exceptions import DataFileError


def test_features_labels_and_names_of_the_tracks():
    dataset = MFCCDataset(TRACKS)
    plain = json.loads(TRACKS.read_text())
    assert dataset.features.shape == (1000, 13)
    assert dataset.features.dtype == torch.float32
    assert torch.equal(dataset.features, torch.tensor(plain["features"]))
    assert dataset.labels.dtype == torch.int64
    assert dataset.labels.tolist() == plain["labels"]
    assert dataset.class_to_idx == {name: i for i, name in enumerate(plain["mapping"])}
    assert len(dataset) == 1000
    row, label = dataset[3]
    assert torch.equal(row, dataset.features[3])
    assert label == 0


@pytest.mark.parametrize("layout", ["features", "mfcc"])
def test_sequences_are_described_by_their_means(tmp_path, layout):
    path = tmp_path / "data.json"
    path.write_text(json.dumps({layout: [[[1, 2], [3, 6]], [[5, 6]]], "labels": [0, 0], "mapping": ["a"]}))
    assert MFCCDataset(path).features.tolist() == [[2, 4], [5, 6]]


def test_it_works_in_a_loader_and_in_training():
    dataset = MFCCDataset(TRACKS)
    loader = DataLoader(dataset, batch_size=64, shuffle=True)
    assert sum(len(labels) for _, labels in loader) == 1000
    generator = GanGenerator(num_classes=10, feature_dim=13, noise_dim=8, hidden_dim=8)
    critic = GanDiscriminator(feature_dim=13, num_classes=10, hidden_dim=8)
    history = GanTrainer(
        generator=generator, discriminator=critic, noise_dim=8, num_classes=10, n_critic=1, device="cpu"
    ).train(loader, 1)
    assert len(history) == 1


def test_numbers_beyond_float32_are_refused(tmp_path):
    (tmp_path / "data.json").write_text('{"features": [[1e300]], "labels": [0], "mapping": ["a"]}')
    with pytest.raises(DataFileError, match=r"data\.json must hold numbers from -1e\+30 to 1e\+30"):
        MFCCDataset(tmp_path / "data.json")


def test_clips_agree_with_the_table_of_tracks():
    clips = MFCCDataset(shared_file("gtzan/gtzan_13_clips.json.gz"))
    assert clips.features.shape == (27, 13)
    tracks = MFCCDataset(TRACKS)
    blues = tracks.features[tracks.labels == tracks.class_to_idx["blues"]]
    mine = clips.features[clips.labels == clips.class_to_idx["blues"]]
    assert ((mine[:, None] - blues[None]).abs().amax(dim=2).amin(dim=1) < 0.2).all()
