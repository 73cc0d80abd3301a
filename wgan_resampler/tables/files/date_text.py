"""Dates in text files: detects how a column writes dates, and reads and writes its cells in this way.

A column holds dates if writing the dates again gives exactly the same cells. So ``2020-1-5``, which has no leading
zeros, is a string. ``01/02/2020`` is a string too if no cell of the column shows which number is the day.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

_TIME: Final = r"(?:(?P<between>[T ])(?P<time>[0-9:.]+))?(?P<after>Z?)"
_FORMS: Final = {
    ("ymd",): re.compile(r"[0-9]{4}(?P<mark>[./-])[0-9]{2}(?P=mark)[0-9]{2}" + _TIME),
    ("dmy", "mdy"): re.compile(r"[0-9]{2}(?P<mark>[./-])[0-9]{2}(?P=mark)[0-9]{4}" + _TIME),
}
"""Patterns of cells, by the orders of year, month and day that they may have."""

_UNITS: Final = {0: "D", 5: "m", 8: "s", 12: "ms", 15: "us", 18: "ns"}
"""Units of numpy, by the number of characters of the time of day."""

_PLACES: Final = {
    "ymd": (slice(0, 4), slice(5, 7), slice(8, 10)),
    "dmy": (slice(6, 10), slice(3, 5), slice(0, 2)),
    "mdy": (slice(6, 10), slice(0, 2), slice(3, 5)),
}
"""Where year, month and day stand in a cell, by their order."""


@dataclass(frozen=True)
class DateText:
    """How the cells of a column write dates.

    Parameters
    ----------
    order : {"ymd", "dmy", "mdy"}
        The order of year, month and day.
    mark : str
        The character between them.
    unit : str
        Unit of the last digits, as numpy calls it.
    between : str, default=""
        What stands between date and time of day.
    after : str, default=""
        What stands at the end of each cell, such as ``"Z"``.

    Examples
    --------
    >>> from wgan_resampler.tables.files.date_text import DateText
    >>> form = DateText("dmy", ".", "D")
    >>> form.read(["31.01.2020"]), form.write(form.read(["31.01.2020"]))
    (array(['2020-01-31T00:00:00'], dtype='datetime64[s]'), ['31.01.2020'])
    """

    order: str
    mark: str
    unit: str
    between: str = ""
    after: str = ""

    def read(self, cells: Sequence[str]) -> NDArray[np.datetime64]:
        """Return the dates of cells; ValueError if a cell is not a date."""
        year, month, day = _PLACES[self.order]
        end = -len(self.after) or None
        iso = [f"{cell[year]}-{cell[month]}-{cell[day]}{cell[10:end].replace(' ', 'T')}" for cell in cells]
        # pandas has no dtype for dates in units of days or minutes.
        return np.array(iso, dtype=f"datetime64[{self.unit if self.unit in ('ms', 'us', 'ns') else 's'}]")

    def write(self, dates: NDArray[np.datetime64]) -> list[str]:
        """Return dates as cells."""
        unit: Any = self.unit
        iso = np.datetime_as_string(dates, unit=unit).tolist()
        return [self._arranged(text) for text in iso]

    def _arranged(self, iso: str) -> str:
        parts = {"y": iso[:4], "m": iso[5:7], "d": iso[8:10]}
        return f"{self.mark.join(parts[part] for part in self.order)}{self.between}{iso[11:]}{self.after}"


def find_date_text(cells: Sequence[str]) -> DateText | None:
    """Return how a column writes dates; None if the cells are not all dates of one form.

    Parameters
    ----------
    cells : sequence of str
        At least one cell, and no missing value.

    Examples
    --------
    >>> from wgan_resampler.tables.files.date_text import find_date_text
    >>> find_date_text(["2020-01-31 12:30", "2021-05-01 00:00"]).unit
    'm'
    >>> find_date_text(["01/02/2020", "31/01/2020"]).order
    'dmy'
    >>> print(find_date_text(["01/02/2020"]), find_date_text(["2020-13-01"]))
    None None
    """
    for orders, pattern in _FORMS.items():
        first = pattern.fullmatch(cells[0])
        unit = _UNITS.get(len(first["time"] or "")) if first else None
        if first is not None and unit is not None:
            forms = [DateText(order, first["mark"], unit, first["between"] or "", first["after"]) for order in orders]
            found = [form for form in forms if _gives_back(form, cells)]
            return found[0] if len(found) == 1 else None
    return None


def _gives_back(form: DateText, cells: Sequence[str]) -> bool:
    try:
        return form.write(form.read(cells)) == list(cells)
    except ValueError:
        return False
