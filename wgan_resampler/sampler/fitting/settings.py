"""The hyper-parameters of a training, with their defaults, ranges and presets.

A new hyper-parameter needs changes in three places:

1. A field of `FitSettings` below, with its default, its range and its value in the preset "classic".
2. The signature and the docstring of :class:`~wgan_resampler.WGANGPOverSampler`, both of which scikit-learn's users
   read. A test compares their defaults with the field's.
3. The code that uses it, which reads ``settings.name``.

The sampler's parameter constraints and settings, the presets of ``train``, and a flag of ``train`` for each
hyper-parameter that has a `flag_help`, are all derived from the field.

Nothing slow is imported here, because the help of ``train`` and ``augment`` reads this module.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from numbers import Integral, Real
from typing import Any, Final, Literal

from wgan_resampler.gan import (
    GAN_DROPOUT,
    GAN_HIDDEN_DIM,
    GAN_LAMBDA_GP,
    GAN_LEARNING_RATE,
    GAN_N_CRITIC,
    GAN_NOISE_DIM,
    GAN_NUM_LAYERS,
)

OWN_STRATEGIES: Final = ("equal", "upsample", "custom")
"""The strategies of `sampling_strategy` that imbalanced-learn does not have. The help of ``augment`` names them."""


@dataclass(frozen=True)
class Values:
    """The values that a hyper-parameter may have.

    Parameters
    ----------
    kind : type
        ``int``, ``float`` or ``bool``; ``str`` where only `words` are allowed.
    least : int, default=0
        The smallest number.
    below : int or None, default=None
        Numbers must be less than this; None sets no limit.
    includes_least : bool, default=True
        Whether `least` itself is allowed.
    words : tuple of (str or None), default=()
        Values that are allowed in addition to numbers.
    """

    kind: type[int] | type[float] | type[str]
    least: int = 0
    below: int | None = None
    includes_least: bool = True
    words: tuple[str | None, ...] = ()

    def constraints(self) -> list[Any]:
        """Return these values in the form by which scikit-learn validates parameters."""
        from sklearn.utils._param_validation import Interval, StrOptions

        if self.kind is bool:
            return ["boolean"]
        allowed: list[Any] = [StrOptions(words)] if (words := {word for word in self.words if word is not None}) else []
        if self.kind is not str:
            number, closed = Integral if self.kind is int else Real, "left" if self.includes_least else "neither"
            allowed.append(Interval(number, self.least, self.below, closed=closed))
        return [*allowed, None] if None in self.words else allowed

    def holds(self, number: float) -> bool:
        """Whether a number is one of these values."""
        is_large_enough = number >= self.least if self.includes_least else number > self.least
        return is_large_enough and number < (math.inf if self.below is None else self.below)

    def __str__(self) -> str:
        """Say which numbers these are."""
        kind = "an integer" if self.kind is int else "a finite number"
        least = f"{kind} {'of at least' if self.includes_least else 'above'} {self.least}"
        return least if self.below is None else f"{least} and below {self.below}"


POSITIVE_INT: Final = Values(int, 1)
INT_OR_AUTO: Final = Values(int, 1, words=("auto",))
NOT_NEGATIVE_INT: Final = Values(int)
POSITIVE: Final = Values(float, includes_least=False)
NOT_NEGATIVE: Final = Values(float)
SHARE: Final = Values(float, below=1)
SWITCH: Final = Values(bool)
NORMALIZATION: Final = Values(str, words=("layer", "batch", None))


@dataclass(frozen=True)
class HyperParameter:
    """The description of a hyper-parameter.

    Parameters
    ----------
    default : Any
        The default of the sampler, which is also the value in the preset "tuned".
    values : Values
        The values that are allowed.
    classic : Any
        The value in the preset "classic".
    flag_help : str or None
        What the help of ``train`` says about its flag; None if it has no flag.
    """

    default: Any
    values: Values
    classic: Any
    flag_help: str | None


def _field(default: Any, values: Values, *, classic: Any, flag_help: str | None = None) -> Any:
    about = HyperParameter(default, values, classic, flag_help)
    return field(default=default, metadata={"hyper_parameter": about})


@dataclass(frozen=True)
class FitSettings:
    """How to train.

    The fields are explained as parameters of :class:`~wgan_resampler.WGANGPOverSampler`, and their defaults are those
    of the sampler: ``FitSettings()`` is the preset "tuned". `scaled_penalty` is not a parameter of the sampler. It says
    whether the gradient penalty measures each feature in units of its spread within the classes.
    """

    noise_dim: int = _field(32, POSITIVE_INT, classic=GAN_NOISE_DIM, flag_help="length of the noise vector")
    hidden_dim: int = _field(64, POSITIVE_INT, classic=GAN_HIDDEN_DIM, flag_help="units in each hidden layer")
    num_layers: int = _field(2, POSITIVE_INT, classic=GAN_NUM_LAYERS, flag_help="hidden layers of each network")
    dropout: float = _field(0.0, SHARE, classic=GAN_DROPOUT)
    epochs: int | Literal["auto"] = _field("auto", INT_OR_AUTO, classic=100, flag_help="passes over the records")
    batch_size: int | Literal["auto"] = _field(
        "auto", INT_OR_AUTO, classic=64, flag_help="original records in a critic update"
    )
    n_critic: int = _field(2, POSITIVE_INT, classic=GAN_N_CRITIC, flag_help="critic updates per generator update")
    lambda_gp: float = _field(10.0, NOT_NEGATIVE, classic=GAN_LAMBDA_GP, flag_help="weight of the gradient penalty")
    learning_rate: float = _field(1e-3, POSITIVE, classic=GAN_LEARNING_RATE, flag_help="step size of Adam")
    critic_learning_rate: float = _field(4e-3, POSITIVE, classic=GAN_LEARNING_RATE)
    normalization: Literal["layer", "batch"] | None = _field(None, NORMALIZATION, classic="batch")
    skip_connections: bool = _field(False, SWITCH, classic=False)
    m_neighbors: int = _field(10, NOT_NEGATIVE_INT, classic=0)
    borrowed_rows: float = _field(60.0, NOT_NEGATIVE, classic=0.0)
    moment_start: bool = _field(True, SWITCH, classic=False)
    average_decay: float = _field(0.999, SHARE, classic=0.999)
    rejection_rate: float = _field(0.4, SHARE, classic=0.0)
    boundary_focus: float = _field(1.0, NOT_NEGATIVE, classic=0.0)
    scaled_penalty: bool = True

    def __post_init__(self) -> None:
        """Convert numbers of numpy to those of Python, because state files cannot hold numpy's."""
        for name, about in HYPER_PARAMETERS.items():
            value = getattr(self, name)
            if value is not None and not isinstance(value, str):
                object.__setattr__(self, name, about.values.kind(value))


HYPER_PARAMETERS: Final[Mapping[str, HyperParameter]] = {
    each.name: each.metadata["hyper_parameter"] for each in fields(FitSettings) if each.metadata
}
"""Each hyper-parameter of the sampler that decides what is trained, by its name."""

PRESETS: Final[Mapping[str, FitSettings]] = {
    "classic": FitSettings(**{name: about.classic for name, about in HYPER_PARAMETERS.items()}, scaled_penalty=False),
    "tuned": FitSettings(),
}
"""Settings that ``train`` offers: the constants that this package documents, and the defaults of the sampler."""
