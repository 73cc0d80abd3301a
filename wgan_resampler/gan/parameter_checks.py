"""Checks of the parameters of networks and trainer. Each raises InvalidParameterError for the first wrong value."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from numbers import Integral, Real
from typing import Any

from torch import Tensor, nn

from wgan_resampler.exceptions import InvalidParameterError


def check_sizes(**sizes: int) -> None:
    """Check for integers of at least 1."""
    _check(
        sizes,
        lambda value: isinstance(value, Integral) and not isinstance(value, bool) and int(value) >= 1,
        "be an integer of at least 1",
    )


def check_positive(**numbers: float) -> None:
    """Check for finite numbers above 0."""
    _check(numbers, lambda value: value > 0, "be a positive number")


def check_not_negative(**numbers: float) -> None:
    """Check for finite numbers of at least 0."""
    _check(numbers, lambda value: value >= 0, "be a number of at least 0")


def check_shares(**numbers: float) -> None:
    """Check for numbers in [0, 1)."""
    _check(numbers, lambda value: 0 <= value < 1, "lie in [0, 1)")


def _check(values: Mapping[str, object], is_right: Callable[[Any], bool], expected: str) -> None:
    for name, value in values.items():
        if not (isinstance(value, Real) and math.isfinite(value) and is_right(value)):
            raise InvalidParameterError(f"{name} must {expected}; got {value!r}.")


def check_networks(
    generator: nn.Module, critic: nn.Module, noise_dim: int, num_classes: int, feature_scale: Tensor | None
) -> None:
    """Check that the networks can be trained, and fit each other, the trainer and the scale.

    Only networks that say what they were built for (`noise_dim`, `num_classes`, `feature_dim`) are compared.
    """
    for network, name in ((generator, "generator"), (critic, "discriminator")):
        if not any(p.requires_grad for p in network.parameters()):
            raise InvalidParameterError(f"The {name} has no trainable parameters.")
        for attribute, value in (("num_classes", num_classes), ("noise_dim", noise_dim)):
            own = getattr(network, attribute, value)
            if own != value:
                raise InvalidParameterError(f"{attribute} is {value}, but the {name} was built for {own}.")
    made, expected = getattr(generator, "feature_dim", None), getattr(critic, "feature_dim", None)
    if made is not None and expected is not None and made != expected:
        raise InvalidParameterError(f"The generator makes {made} features, but the discriminator expects {expected}.")
    if feature_scale is not None and made is not None and feature_scale.shape != (made,):
        raise InvalidParameterError(
            f"feature_scale needs one number for each of {made} features; got shape {tuple(feature_scale.shape)}."
        )
