import importlib.util

import numpy as np
import pandas as pd
import pytest
from comparison.samplers import Identity, TableIdentity
from imblearn.combine import SMOTEENN
from imblearn.over_sampling import SMOTE

from wgan_resampler.comparison.data.preparation import FoldTable
from wgan_resampler.comparison.methods.registry import (
    CLASSIFIERS,
    SAMPLERS,
    resolve_classifiers,
    resolve_samplers,
    seeded_copy,
    with_class_weight,
)
from wgan_resampler.exceptions import MissingDependencyError

NAMES = [
    "none",
    "class_weight",
    "random_over",
    "random_under",
    "smote",
    "borderline_smote",
    "svm_smote",
    "adasyn",
    "kmeans_smote",
    "smoteenn",
    "smotetomek",
    "geometric_smote",
    "prowsyn",
    "polynom_fit_smote",
    "ctgan",
    "tvae",
    "forest_diffusion",
    "wgangp",
]
PEERS = {
    "geometric_smote": "imblearn_extra",
    "prowsyn": "smote_variants",
    "polynom_fit_smote": "smote_variants",
    "ctgan": "ctgan",
    "tvae": "ctgan",
    "forest_diffusion": "ForestDiffusion",
}
needs = {
    name: pytest.param(
        name,
        marks=pytest.mark.skipif(
            importlib.util.find_spec(PEERS.get(name, "imblearn")) is None, reason=f"{PEERS.get(name)} is not installed"
        ),
    )
    for name in NAMES
}


def test_the_names_are_those_that_are_documented():
    assert list(SAMPLERS) == NAMES
    expected = "logistic_regression knn decision_tree svm mlp random_forest hist_gradient_boosting"
    assert list(CLASSIFIERS) == expected.split()
    assert [spec.group for spec in resolve_classifiers()] == ["weak"] * 5 + ["strong"] * 2


def shortened(sampler):
    """Train deep samplers only shortly."""
    short = {"epochs": 2, "duplicate_K": 2, "n_t": 2}
    return sampler.set_params(**{name: short[name] for name in sampler.get_params() if name in short})


@pytest.mark.filterwarnings("ignore")  # of other packages
@pytest.mark.parametrize("name", [needs[name] for name in NAMES if name not in ("none", "class_weight")])
def test_every_sampler_returns_rows_and_repeats_itself(name, two_classes):
    X, y = two_classes
    (spec,) = resolve_samplers([name])
    results = [shortened(seeded_copy(spec.sampler, 5)).fit_resample(X.copy(), y.copy()) for _ in range(2)]
    for X_resampled, y_resampled in results:
        assert X_resampled.shape == (len(y_resampled), X.shape[1])
        assert set(np.unique(y_resampled)) == {0, 1}
    np.testing.assert_array_equal(results[0][0], results[1][0])
    if name not in ("random_under", "smoteenn", "smotetomek"):
        np.testing.assert_array_equal(results[0][0][: len(y)], X)
        assert np.sum(y_resampled == 1) > np.sum(y == 1)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", [needs[name] for name in ("smote", "ctgan", "tvae")])
def test_samplers_that_know_categories_make_only_such(name, mixed):
    X, y = mixed
    table = FoldTable(complete=True, scale=True).fit_transform(X)
    (spec,) = resolve_samplers([name])
    assert spec.form == "prepared"
    X_resampled, y_resampled = shortened(seeded_copy(spec.sampler, 0)).fit_resample(table, y)
    assert isinstance(X_resampled, pd.DataFrame)
    assert X_resampled.dtypes.equals(table.dtypes)
    pd.testing.assert_frame_equal(X_resampled.iloc[: len(y)].reset_index(drop=True), table)
    assert X_resampled["colour"].notna().all()
    assert len(y_resampled) > len(y)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", [needs["ctgan"]])
def test_a_shortfall_is_counted(name, two_classes):
    X, y = two_classes
    sampler = resolve_samplers([name])[0].sampler.set_params(epochs=1, max_draws=1, random_state=0)
    _, y_resampled = sampler.fit_resample(X, y)
    wanted = np.sum(y == 0) - np.sum(y == 1)
    assert 0 < sampler.shortfall_ <= wanted
    assert len(y_resampled) == len(y) + wanted - sampler.shortfall_


@pytest.mark.parametrize("name", PEERS)
def test_a_peer_that_is_not_installed_is_named_with_its_command(name, monkeypatch):
    def refuse(module):
        raise ModuleNotFoundError(f"No module named '{module}'")

    monkeypatch.setattr("wgan_resampler.utils.optional_dependencies.importlib.import_module", refuse)
    with pytest.raises(MissingDependencyError, match=rf"'{name}'|needs the package .* pip install"):
        resolve_samplers([name])


def test_samplers_get_the_form_of_table_that_their_tags_ask_for():
    specs = resolve_samplers({"none": None, "plain": Identity(), "tables": TableIdentity(), "smotenc": "smote"})
    assert [spec.form for spec in specs] == ["encoded", "encoded", "raw", "prepared"]


def test_seeds_reach_samplers_within_samplers():
    template = SMOTEENN(smote=SMOTE(random_state=1), random_state=2)
    copy = seeded_copy(template, 9)
    assert (copy.random_state, copy.smote.random_state) == (9, 9)
    assert (template.random_state, template.smote.random_state) == (2, 1)


def test_any_object_with_fit_resample_will_do():
    class Bare:
        random_state = 0

        def fit_resample(self, X, y):
            return X, y

    bare = Bare()
    assert seeded_copy(bare, 3).random_state == 3
    assert bare.random_state == 0
    assert resolve_samplers({"bare": bare})[0].form == "encoded"


def test_descriptions_tell_settings_apart_and_not_processes():
    first, same, other = (
        resolve_samplers({"s": SMOTE(k_neighbors=k, random_state=k, sampling_strategy=strategy)})[0].description
        for k, strategy in ((3, np.sum), (3, np.sum), (4, np.sum))
    )
    assert first == same != other
    assert "0x" not in first


def test_class_weights_reach_classifiers_that_have_them():
    taking = {spec.name for spec in resolve_classifiers() if spec.takes_class_weight}
    assert taking == {"logistic_regression", "decision_tree", "svm", "random_forest", "hist_gradient_boosting"}
    for spec in resolve_classifiers(sorted(taking)):
        assert with_class_weight(seeded_copy(spec.classifier, 0)).class_weight == "balanced"
        assert spec.classifier.class_weight is None


def test_descriptions_do_not_name_the_module_of_a_class():
    """Stored results are found by these descriptions, and modules move between versions."""
    descriptions = [resolve_samplers([name])[0].description.partition("(")[0] for name in ("smote", "smoteenn")]
    assert descriptions == ["wgan_resampler.SMOTEForTables", "imblearn.SMOTEENN"]


def test_the_sampler_of_this_package_is_taken_from_its_door():
    from wgan_resampler import WGANGPOverSampler

    assert type(resolve_samplers(["wgangp"])[0].sampler) is WGANGPOverSampler
