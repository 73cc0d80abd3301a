"""Packages that only some functions need. They are imported when they are used, with an install hint."""

from __future__ import annotations

import importlib
from typing import Any

from wgan_resampler.exceptions import MissingDependencyError


def require(module: str, purpose: str, install: str) -> Any:
    """Import a module. If that fails, the error says what needs the module, and how to install it.

    Parameters
    ----------
    module : str
        Dotted name of the module.
    purpose : str
        What needs the module. It is the subject of the error message.
    install : str
        Command that installs the module.

    Returns
    -------
    module
        The module.

    Raises
    ------
    MissingDependencyError
        If the module is not installed.

    Examples
    --------
    >>> from wgan_resampler.utils.optional_dependencies import require
    >>> require("json", "Reading a store", "pip install json").__name__
    'json'
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingDependencyError(
            f"{purpose} needs the package that provides '{module}', which cannot be imported ({error}). "
            f"Install it: {install}"
        ) from error


AUDIO = "pip install 'wgan-resampler[audio]'"
CLASSIFY = "pip install 'wgan-resampler[classify]'"
FILES = "pip install 'wgan-resampler[files]'"
COMPARE = "pip install 'wgan-resampler[compare]'"
DASK = "pip install 'wgan-resampler[dask]'"
PEERS = "pip install 'wgan-resampler[peers]'"
SMOTE_VARIANTS = (
    "pip install --no-deps smote-variants minisom metric-learn statistics (with its dependencies, pip would "
    "install tensorflow too)"
)
FOREST_DIFFUSION = (
    "pip install --no-deps ForestDiffusion xgboost catboost lightgbm six (with its dependencies, pip would "
    "install packages for GPUs too)"
)
