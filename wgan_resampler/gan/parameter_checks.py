"""Checks of the parameters of networks and trainer."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from numbers import Integral, Real

from torch import Tensor, nn

from wgan_resampler.exceptions import InvalidParameterError

_HOOKS = ("on_train_begin", "on_epoch_begin", "on_update_end", "on_epoch_end", "on_train_end")


def check_sizes(**sizes: int) -> None:
    """Raise InvalidParameterError for the first size that is not a positive whole number."""
    for name, value in sizes.items():
        if isinstance(value, bool) or not isinstance(value, Integral) or value < 1:
            raise InvalidParameterError(f"{name} must be a whole number of at least 1; got {value!r}.")


def check_numbers(
    positive: Mapping[str, float | None], not_negative: Mapping[str, float | None], shares: Mapping[str, float | None]
) -> None:
    """Raise InvalidParameterError for the first number outside its range; None passes.

    Parameters
    ----------
    positive, not_negative : mapping of name to number
        Finite numbers above 0, or of at least 0.
    shares : mapping of name to number
        Numbers in [0, 1).
    """
    for name, value in positive.items():
        if value is not None and not (_is_finite(value) and value > 0):
            raise InvalidParameterError(f"{name} must be a positive number; got {value!r}.")
    for name, value in not_negative.items():
        if value is not None and not (_is_finite(value) and value >= 0):
            raise InvalidParameterError(f"{name} must be a number of at least 0; got {value!r}.")
    for name, value in shares.items():
        if value is not None and not (_is_finite(value) and 0 <= value < 1):
            raise InvalidParameterError(f"{name} must lie in [0, 1); got {value!r}.")


def _is_finite(value: object) -> bool:
    return isinstance(value, Real) and math.isfinite(value)


def check_hooks(callbacks: Sequence[object]) -> None:
    """Raise InvalidParameterError for the first object that lacks a hook of Callback."""
    for callback in callbacks:
        if isinstance(callback, type) or not all(callable(getattr(callback, hook, None)) for hook in _HOOKS):
            raise InvalidParameterError(
                f"callbacks must hold objects of subclasses of wgan_resampler.Callback; got {callback!r}."
            )


def check_networks(
    generator: nn.Module, critic: nn.Module, noise_dim: int, num_classes: int, feature_scale: Tensor | None
) -> None:
    """Raise InvalidParameterError where the networks do not fit each other, the trainer or the scale."""
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
