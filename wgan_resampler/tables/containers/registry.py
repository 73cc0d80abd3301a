"""The containers that tables and targets may come in.

To add a container, for example xarray:

1. Write one file beside this one, with a class that inherits from
   :class:`~wgan_resampler.tables.containers.base.TableFormat` and implements its abstract methods. It reads columns
   into `NumericCells` and `CategoricalCells`. The file ``polars_frames.py`` is a good model. Import the library inside
   functions only, and let `holds` ask :func:`~wgan_resampler.tables.containers.base.is_of`, so that the library is not
   imported for those who do not use it.
2. Enter the class in `CONTAINERS`, before `ArrayFormat`, which takes everything that is left.
3. Files hold the fields of the class and of its `column_type`. If files cannot hold their types yet, add forms of these
   types, as ``tables/state/polars_forms.py`` does, and enter them in ``tables/state/plain_values.py``.
4. Test it as ``tests/tables/containers/test_polars_frames.py`` does, and add a table to ``tests/tables/test_state.py``.
"""

from __future__ import annotations

from typing import Any, Final

from wgan_resampler.tables.containers.arrays import ArrayFormat
from wgan_resampler.tables.containers.arrow_tables import ArrowFormat
from wgan_resampler.tables.containers.base import TableFormat
from wgan_resampler.tables.containers.lists import ListFormat
from wgan_resampler.tables.containers.pandas_frames import PandasFormat
from wgan_resampler.tables.containers.polars_frames import PolarsFormat

CONTAINERS: Final[tuple[type[TableFormat], ...]] = (
    PandasFormat,
    PolarsFormat,
    ArrowFormat,
    ListFormat,
    ArrayFormat,
)
"""Tried in this order: the first container that holds a value reads it."""


def container_of(value: Any) -> type[TableFormat]:
    """Return the container of a table or target."""
    return next(container for container in CONTAINERS if container.holds(value))


def container_of_kind(kind: Any) -> type[TableFormat]:
    """Return the container that saved files call `kind`; LookupError if there is none."""
    return {container.kind: container for container in CONTAINERS}[kind]
