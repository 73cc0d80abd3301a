"""Samplers and classifiers by name, and what a comparison needs to know about them."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from imblearn.combine import SMOTEENN, SMOTETomek
from imblearn.over_sampling import ADASYN, SVMSMOTE, BorderlineSMOTE, KMeansSMOTE, RandomOverSampler
from imblearn.under_sampling import RandomUnderSampler
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from wgan_resampler.comparison.data.names import known_name, named_objects
from wgan_resampler.comparison.data.preparation import Form
from wgan_resampler.comparison.methods import adapters
from wgan_resampler.exceptions import InvalidParameterError
from wgan_resampler.utils import PEERS, require


@dataclass(frozen=True)
class SamplerSpec:
    """A sampler of a comparison.

    Attributes
    ----------
    name : str
        Name in the results.
    sampler : object or None
        The sampler, which is copied for each fit. None leaves the rows as they are.
    class_weight : bool
        Whether classifiers weight the classes instead.
    description : str
        Class and parameters. Stored results are used again only if it is the same.
    """

    name: str
    sampler: Any
    class_weight: bool
    description: str

    @property
    def form(self) -> Form:
        """The form of table that the sampler gets, by scikit-learn's tags."""
        tags = self.sampler.__sklearn_tags__().input_tags if hasattr(self.sampler, "__sklearn_tags__") else None
        if tags is None or not tags.categorical:
            return "encoded"
        return "raw" if tags.allow_nan else "prepared"


@dataclass(frozen=True)
class ClassifierSpec:
    """A classifier of a comparison.

    Attributes
    ----------
    name : str
        Name in the results.
    classifier : estimator
        The classifier, which is cloned for each fit.
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
        """Whether it can weight the classes."""
        return bool(_parameters(self.classifier, "class_weight"))


def _geometric_smote() -> Any:
    return require("imblearn_extra.gsmote", "The sampler 'geometric_smote'", PEERS).GeometricSMOTE()


def _wgangp() -> Any:
    # Imported here, because it loads torch, which other comparisons do not need.
    from wgan_resampler.sampler import WGANGPOverSampler

    return WGANGPOverSampler()


SAMPLERS: dict[str, Callable[[], Any]] = {
    "none": lambda: None,
    "class_weight": lambda: None,
    "random_over": RandomOverSampler,
    "random_under": RandomUnderSampler,
    "smote": adapters.SMOTEForTables,
    "borderline_smote": BorderlineSMOTE,
    "svm_smote": SVMSMOTE,
    "adasyn": ADASYN,
    "kmeans_smote": KMeansSMOTE,
    "smoteenn": SMOTEENN,
    "smotetomek": SMOTETomek,
    "geometric_smote": _geometric_smote,
    "prowsyn": partial(adapters.SmoteVariantsSampler, "ProWSyn"),
    "polynom_fit_smote": partial(adapters.SmoteVariantsSampler, "polynom_fit_SMOTE_star"),
    "ctgan": adapters.CTGANSampler,
    "tvae": adapters.TVAESampler,
    "forest_diffusion": adapters.ForestDiffusionSampler,
    "wgangp": _wgangp,
}
"""Samplers by name."""

CLASSIFIERS: dict[str, tuple[str, Callable[[], Any]]] = {
    "logistic_regression": ("weak", partial(LogisticRegression, max_iter=1000)),
    "knn": ("weak", KNeighborsClassifier),
    "decision_tree": ("weak", DecisionTreeClassifier),
    # No probabilities: SVC would calibrate them on a split of the resampled rows, with copies of a row on both sides.
    "svm": ("weak", SVC),
    "mlp": ("weak", MLPClassifier),
    "random_forest": ("strong", RandomForestClassifier),
    # Early stopping would validate on held-out resampled rows, whose copies are among the training rows.
    "hist_gradient_boosting": ("strong", partial(HistGradientBoostingClassifier, early_stopping=False)),
}
"""Classifiers by name: their group, and what makes a new one."""


def resolve_samplers(samplers: Any) -> tuple[SamplerSpec, ...]:
    """Return the samplers for names or objects.

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
    for name, value in named_objects(samplers, "samplers", SAMPLERS).items():
        class_weight = isinstance(value, str) and value == "class_weight"
        template = SAMPLERS[known_name(value, "sampler", SAMPLERS)]() if isinstance(value, str) else value
        if isinstance(template, adapters.PeerSampler):
            # A missing package is reported before any work.
            template.require_package()
        if template is not None and (isinstance(template, type) or not hasattr(template, "fit_resample")):
            raise InvalidParameterError(
                f"Sampler '{name}' must be an object with fit_resample, None or a name, not {template!r}."
            )
        described = "class weights" if class_weight else describe(template)
        specs.append(SamplerSpec(name, template, class_weight, described))
    return tuple(specs)


def resolve_classifiers(classifiers: Any = None) -> tuple[ClassifierSpec, ...]:
    """Return the classifiers for names or objects; None takes all of the registry.

    Examples
    --------
    >>> from wgan_resampler.comparison.methods.registry import resolve_classifiers
    >>> [(spec.name, spec.group) for spec in resolve_classifiers(["knn", "random_forest"])]
    [('knn', 'weak'), ('random_forest', 'strong')]
    """
    specs = []
    given = list(CLASSIFIERS) if classifiers is None else classifiers
    for name, value in named_objects(given, "classifiers", CLASSIFIERS).items():
        group, template = "own", value
        if isinstance(value, str):
            group, build = CLASSIFIERS[known_name(value, "classifier", CLASSIFIERS)]
            template = build()
        can_predict = hasattr(template, "predict_proba") or hasattr(template, "decision_function")
        if isinstance(template, type) or not (can_predict and hasattr(template, "get_params")):
            raise InvalidParameterError(
                f"Classifier '{name}' must be a scikit-learn classifier with predict_proba or decision_function, or a "
                f"name, not {template!r}."
            )
        specs.append(ClassifierSpec(name, template, group, describe(template)))
    return tuple(specs)


def seeded_copy(template: Any, seed: int) -> Any:
    """Return a copy of an estimator or sampler in which every `random_state` is the seed."""
    copy = clone(template, safe=False)
    if hasattr(copy, "get_params") and hasattr(copy, "set_params"):
        copy.set_params(**dict.fromkeys(_parameters(copy, "random_state"), seed))
    elif hasattr(copy, "random_state"):
        copy.random_state = seed
    return copy


def with_class_weight(classifier: Any) -> Any:
    """Set `class_weight="balanced"` in a classifier and in those inside it; the classifier itself is changed."""
    return classifier.set_params(**dict.fromkeys(_parameters(classifier, "class_weight"), "balanced"))


def _parameters(estimator: Any, name: str) -> list[str]:
    """Return the full names of the parameters of this name, in the estimator and in those inside it."""
    return [key for key in estimator.get_params() if key.split("__")[-1] == name]


def describe(template: Any) -> str:
    """Return class and parameters, or the name of a function, in a form that is the same in every process.

    For a class, it names the package but not the module. So moving the class within its package changes nothing.
    """
    if template is None:
        return "None"
    if inspect.isroutine(template):
        return _shown(template)
    kind = type(template)
    parameters = template.get_params(deep=True) if hasattr(template, "get_params") else vars(template)
    # The seed is replaced before each fit, so it makes no difference.
    shown = {key: _shown(value) for key, value in sorted(parameters.items()) if key.split("__")[-1] != "random_state"}
    package = kind.__module__.partition(".")[0]
    return f"{package}.{kind.__qualname__}({', '.join(f'{key}={value}' for key, value in shown.items())})"


def _shown(value: Any) -> str:
    if inspect.isroutine(value) or inspect.isclass(value):
        return f"{value.__module__}.{value.__qualname__}"
    # Addresses in memory differ from run to run.
    return re.sub(r" at 0x[0-9a-fA-F]+", "", repr(value))
