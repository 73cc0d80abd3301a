"""Samplers and classifiers by name, and what is known about them."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from wgan_resampler.comparison.data.preparation import Form
from wgan_resampler.comparison.methods.adapters import (
    CTGANSampler,
    ForestDiffusionSampler,
    SMOTEForTables,
    SmoteVariantsSampler,
    TVAESampler,
)
from wgan_resampler.exceptions import InvalidParameterError
from wgan_resampler.utils import FOREST_DIFFUSION, PEERS, SMOTE_VARIANTS, require


@dataclass(frozen=True)
class SamplerSpec:
    """A sampler under the name that results give it.

    Attributes
    ----------
    name : str
        The name.
    sampler : object or None
        What is copied for each fit; None leaves the rows alone.
    class_weight : bool
        Whether classifiers are told to weigh classes instead.
    description : str
        Class and parameters, to tell whether stored results are of the same sampler.
    """

    name: str
    sampler: Any
    class_weight: bool
    description: str

    @property
    def form(self) -> Form:
        """The form of table that it can be given."""
        tags = _input_tags(self.sampler)
        if tags is None or not tags.categorical:
            return "encoded"
        return "raw" if tags.allow_nan else "prepared"


@dataclass(frozen=True)
class ClassifierSpec:
    """A classifier under the name that results give it.

    Attributes
    ----------
    name : str
        The name.
    classifier : estimator
        What is cloned for each fit.
    group : str
        Classifiers of one group are reported together: "weak", "strong" or "own".
    description : str
        Class and parameters.
    """

    name: str
    classifier: Any
    group: str
    description: str

    @property
    def takes_class_weight(self) -> bool:
        """Whether it can weigh classes."""
        return any(key.split("__")[-1] == "class_weight" for key in self.classifier.get_params())


def _imblearn(module: str, name: str) -> Callable[[], Any]:
    return lambda: getattr(
        require(f"imblearn.{module}", f"The sampler '{name}'", "pip install imbalanced-learn"), name
    )()


def _geometric_smote() -> Any:
    return require("imblearn_extra.gsmote", "The sampler 'geometric_smote'", PEERS).GeometricSMOTE()


def _variant(name: str) -> Callable[[], Any]:
    def build() -> Any:
        require("smote_variants", f"The sampler '{name}'", SMOTE_VARIANTS)
        return SmoteVariantsSampler(name)

    return build


def _ctgan() -> Any:
    require("ctgan", "The sampler 'ctgan'", PEERS)
    return CTGANSampler()


def _tvae() -> Any:
    require("ctgan", "The sampler 'tvae'", PEERS)
    return TVAESampler()


def _forest_diffusion() -> Any:
    require("ForestDiffusion", "The sampler 'forest_diffusion'", FOREST_DIFFUSION)
    return ForestDiffusionSampler()


def _wgangp() -> Any:
    return require(
        "wgan_resampler.sampler.over_sampler", "The sampler 'wgangp'", "pip install wgan-resampler"
    ).WGANGPOverSampler()


SAMPLERS: dict[str, Callable[[], Any]] = {
    "none": lambda: None,
    "class_weight": lambda: None,
    "random_over": _imblearn("over_sampling", "RandomOverSampler"),
    "random_under": _imblearn("under_sampling", "RandomUnderSampler"),
    "smote": SMOTEForTables,
    "borderline_smote": _imblearn("over_sampling", "BorderlineSMOTE"),
    "svm_smote": _imblearn("over_sampling", "SVMSMOTE"),
    "adasyn": _imblearn("over_sampling", "ADASYN"),
    "kmeans_smote": _imblearn("over_sampling", "KMeansSMOTE"),
    "smoteenn": _imblearn("combine", "SMOTEENN"),
    "smotetomek": _imblearn("combine", "SMOTETomek"),
    "geometric_smote": _geometric_smote,
    "prowsyn": _variant("ProWSyn"),
    "polynom_fit_smote": _variant("polynom_fit_SMOTE_star"),
    "ctgan": _ctgan,
    "tvae": _tvae,
    "forest_diffusion": _forest_diffusion,
    "wgangp": _wgangp,
}
"""Samplers by name."""

WEAK: dict[str, Callable[[], Any]] = {
    "logistic_regression": lambda: LogisticRegression(max_iter=1000),
    "knn": KNeighborsClassifier,
    "decision_tree": DecisionTreeClassifier,
    # Without probabilities: they would be calibrated on resampled rows, whose copies are on both sides of that split.
    "svm": SVC,
    "mlp": MLPClassifier,
}
STRONG: dict[str, Callable[[], Any]] = {
    "random_forest": RandomForestClassifier,
    # Early stopping would hold back resampled rows, and decide on copies of what it was trained on.
    "hist_gradient_boosting": lambda: HistGradientBoostingClassifier(early_stopping=False),
}
CLASSIFIERS: dict[str, tuple[str, Callable[[], Any]]] = {
    **{name: ("weak", build) for name, build in WEAK.items()},
    **{name: ("strong", build) for name, build in STRONG.items()},
}
"""Classifiers by name: their group and how they are made."""


def resolve_samplers(samplers: Any) -> tuple[SamplerSpec, ...]:
    """Return the samplers that names or objects stand for.

    Parameters
    ----------
    samplers : str, list of str or mapping of str to object
        Names from the registry; or a mapping of names to an object with ``fit_resample``, to None, or to a name from
        the registry.

    Returns
    -------
    tuple of SamplerSpec
        In the order given.

    Raises
    ------
    InvalidParameterError
        If a name is unknown or an object has no ``fit_resample``.
    MissingDependencyError
        If a sampler's package is not installed.

    Examples
    --------
    >>> from wgan_resampler.comparison.methods.registry import resolve_samplers
    >>> [spec.name for spec in resolve_samplers(["none", "smote"])]
    ['none', 'smote']
    """
    specs = []
    for name, value in _named(samplers, "samplers", SAMPLERS):
        if isinstance(value, str):
            template, class_weight = SAMPLERS[_known(value, "sampler", SAMPLERS)](), value == "class_weight"
        else:
            template, class_weight = value, False
        if template is not None and (isinstance(template, type) or not hasattr(template, "fit_resample")):
            raise InvalidParameterError(
                f"Sampler '{name}' must be an object with fit_resample, None or a name, not {template!r}."
            )
        described = "class weights" if class_weight else describe(template)
        specs.append(SamplerSpec(name, template, class_weight, described))
    return tuple(specs)


def resolve_classifiers(classifiers: Any = None) -> tuple[ClassifierSpec, ...]:
    """Return the classifiers that names or objects stand for; None stands for all of the registry.

    Examples
    --------
    >>> from wgan_resampler.comparison.methods.registry import resolve_classifiers
    >>> [(spec.name, spec.group) for spec in resolve_classifiers(["knn", "random_forest"])]
    [('knn', 'weak'), ('random_forest', 'strong')]
    """
    specs = []
    for name, value in _named(list(CLASSIFIERS) if classifiers is None else classifiers, "classifiers", CLASSIFIERS):
        group, template = "own", value
        if isinstance(value, str):
            group, build = CLASSIFIERS[_known(value, "classifier", CLASSIFIERS)]
            template = build()
        answers = hasattr(template, "predict_proba") or hasattr(template, "decision_function")
        if isinstance(template, type) or not (answers and hasattr(template, "get_params")):
            raise InvalidParameterError(
                f"Classifier '{name}' must be a scikit-learn classifier with predict_proba or decision_function, or a "
                f"name, not {template!r}."
            )
        specs.append(ClassifierSpec(name, template, group, describe(template)))
    return tuple(specs)


def fresh(template: Any, seed: int) -> Any:
    """Return a copy of an estimator or sampler in which every `random_state` is the seed."""
    copy = clone(template, safe=False)
    if hasattr(copy, "get_params") and hasattr(copy, "set_params"):
        keys = [key for key in copy.get_params() if key.split("__")[-1] == "random_state"]
        copy.set_params(**dict.fromkeys(keys, seed))
    elif hasattr(copy, "random_state"):
        copy.random_state = seed
    return copy


def with_class_weight(classifier: Any) -> Any:
    """Tell a classifier, or those inside it, to weigh classes by their rarity; it is changed."""
    keys = [key for key in classifier.get_params() if key.split("__")[-1] == "class_weight"]
    return classifier.set_params(**dict.fromkeys(keys, "balanced"))


def _named(given: Any, what: str, registry: Mapping[str, Any]) -> list[tuple[str, Any]]:
    if isinstance(given, str):
        given = [given]
    if isinstance(given, Mapping):
        pairs = [(str(name), value) for name, value in given.items()]
    elif isinstance(given, Sequence) and all(isinstance(name, str) for name in given):
        pairs = [(name, name) for name in given]
    else:
        raise InvalidParameterError(
            f"{what} must be names or a mapping of names to objects, not {type(given).__name__}. Known names: "
            f"{', '.join(registry)}."
        )
    names = [name for name, _ in pairs]
    if not names or len(set(names)) < len(names):
        raise InvalidParameterError(f"{what} must name at least one, and none twice: {names}.")
    return pairs


def _known(name: str, what: str, registry: Mapping[str, Any]) -> str:
    if name not in registry:
        raise InvalidParameterError(f"There is no {what} '{name}'. Known: {', '.join(registry)}.")
    return name


def _input_tags(sampler: Any) -> Any:
    """Return scikit-learn's tags of the input, None for an object that has none."""
    return sampler.__sklearn_tags__().input_tags if hasattr(sampler, "__sklearn_tags__") else None


def describe(template: Any) -> str:
    """Return class and parameters, or the name of a function, in a form that is the same in every process."""
    if template is None:
        return "None"
    if inspect.isroutine(template):
        return _shown(template)
    kind = type(template)
    parameters = template.get_params(deep=True) if hasattr(template, "get_params") else vars(template)
    # A seed is replaced before each fit, so it makes no difference.
    shown = {key: _shown(value) for key, value in sorted(parameters.items()) if key.split("__")[-1] != "random_state"}
    return f"{kind.__module__}.{kind.__qualname__}({', '.join(f'{key}={value}' for key, value in shown.items())})"


def _shown(value: Any) -> str:
    if inspect.isroutine(value) or inspect.isclass(value):
        return f"{value.__module__}.{value.__qualname__}"
    # Addresses in memory differ from run to run.
    return re.sub(r" at 0x[0-9a-fA-F]+", "", repr(value))
