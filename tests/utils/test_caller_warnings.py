"""Warnings point at the line of the caller, whatever was called in between."""

import warnings

import numpy as np
import pytest
from imblearn.pipeline import make_pipeline
from joblib import Parallel, delayed
from sampler.over_sampler.quick import X, quick
from sklearn.model_selection import cross_validate
from sklearn.tree import DecisionTreeClassifier

from wgan_resampler import GanTrainer, compare_samplers
from wgan_resampler.exceptions import (
    ComparisonWarning,
    DamagedCheckpointWarning,
    SplitWarning,
    ThinClassWarning,
    TrainingStoppedEarlyWarning,
    WGANResamplerWarning,
)
from wgan_resampler.gan import GanDiscriminator, GanGenerator
from wgan_resampler.records.files.splits import make_split
from wgan_resampler.utils.storage import newest_good

THIN = np.array([0] * 27 + [1] * 3)


def fit_resample(tmp_path):
    quick().fit_resample(X, THIN)


def fit(tmp_path):
    quick().fit(X, THIN)


def in_a_pipeline(tmp_path):
    make_pipeline(quick(), DecisionTreeClassifier()).fit(X, THIN)


def in_a_pipeline_with_memory(tmp_path):
    make_pipeline(quick(), DecisionTreeClassifier(), memory=str(tmp_path)).fit(X, THIN)


def in_cross_validation(tmp_path):
    cross_validate(make_pipeline(quick(), DecisionTreeClassifier()), X, THIN, cv=3)


def in_joblib(tmp_path):
    Parallel()([delayed(quick().fit)(X, THIN)])


def compare(tmp_path):
    compare_samplers((X, THIN), ["none"], classifiers=["knn"], cv=5, verbose=0, scoring=["balanced_accuracy"])


def split(tmp_path):
    make_split(np.array(["a", "a", "b"]), np.array([0, 1, 2]), test_size=0.5, seed=0)


def read_a_damaged_checkpoint(tmp_path):
    (tmp_path / "checkpoint_epoch_1.pth").write_bytes(b"damaged")
    newest_good(tmp_path)


def train_on_a_loader_that_ends(tmp_path):
    sizes = {"num_classes": 2, "feature_dim": 1, "hidden_dim": 4, "num_layers": 1, "random_state": 0}
    generator, critic = GanGenerator(noise_dim=2, **sizes), GanDiscriminator(**sizes)
    trainer = GanTrainer(generator=generator, discriminator=critic, noise_dim=2, num_classes=2, device="cpu")
    trainer.train(iter([(np.zeros((4, 1), dtype=np.float32), np.array([0, 1, 0, 1]))]), epochs=3)


@pytest.mark.parametrize(
    ("call", "category"),
    [
        (fit_resample, ThinClassWarning),
        (fit, ThinClassWarning),
        (in_a_pipeline, ThinClassWarning),
        (in_a_pipeline_with_memory, ThinClassWarning),
        (in_cross_validation, ThinClassWarning),
        (in_joblib, ThinClassWarning),
        (compare, ComparisonWarning),
        (split, SplitWarning),
        (read_a_damaged_checkpoint, DamagedCheckpointWarning),
        (train_on_a_loader_that_ends, TrainingStoppedEarlyWarning),
    ],
)
def test_bug_warnings_pointed_into_other_packages_where_filters_hid_them(tmp_path, call, category):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warnings.filterwarnings("ignore", module="sklearn")
        call(tmp_path)
    own = [each for each in caught if issubclass(each.category, WGANResamplerWarning)]
    lines = range(call.__code__.co_firstlineno, call.__code__.co_firstlineno + 6)
    assert own
    assert {each.category for each in own} == {category}
    assert {each.filename for each in own} == {__file__}
    assert all(each.lineno in lines for each in own)
