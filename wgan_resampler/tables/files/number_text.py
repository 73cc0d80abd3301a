"""Numbers in text files: detects how a column writes numbers, and reads and writes its cells in this way.

A column may write numbers with a decimal comma, thousands separators, a currency or percent sign, a fixed number of
decimals, or exponents. All its cells must agree. A number with leading zeros is a code, not a number.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import Final, Literal

import numpy as np

_SIGNS: Final = "[$€£¥₹₽₩₺₴₫₪฿¢%‰]"
_GROUPINGS: Final = {
    ".": (",", " ", "'", "\u2019", "\u00a0", "\u202f"),
    ",": (".", " ", "'", "\u2019", "\u00a0", "\u202f"),
}
"""Thousands separators, by the decimal mark."""

_MOST_DIGITS: Final = 15
"""Digits of a float that are never noise."""


@dataclass(frozen=True)
class NumberText:
    """How the cells of a column write numbers.

    Parameters
    ----------
    decimal : str, default="."
        The decimal mark.
    grouping : str, default=""
        The thousands separator; empty if there is none.
    before, after : str, default=""
        What stands before and after each number, such as ``"$"``.
    n_decimals : int or None, default=None
        The most digits after the decimal mark. None means as many as the number needs.
    has_fixed_decimals : bool, default=False
        Whether each cell has `n_decimals` digits after the mark.
    exponent : str, default="e"
        The letter before exponents.
    has_exponents : bool, default=False
        Whether each cell has an exponent.

    Examples
    --------
    >>> from wgan_resampler.tables.files.number_text import NumberText
    >>> price = NumberText(decimal=",", grouping=".", after=" €", n_decimals=2, has_fixed_decimals=True)
    >>> price.read("-1.234,50 €"), price.write(-1234.5)
    ('-1234.50', '-1.234,50 €')
    """

    decimal: str = "."
    grouping: str = ""
    before: str = ""
    after: str = ""
    n_decimals: int | None = None
    has_fixed_decimals: bool = False
    exponent: str = "e"
    has_exponents: bool = False

    @cached_property
    def is_plain(self) -> bool:
        """Whether the numbers are written as Python writes them, but for the decimals."""
        return self.decimal == "." and not (self.grouping or self.before or self.after)

    def read(self, cell: str) -> str:
        """Return the number of a cell as Python writes it."""
        text = cell.strip()
        for each in filter(None, (self.before.strip(), self.after.strip(), self.grouping)):
            text = text.replace(each, "")
        return text.replace(self.decimal, ".").strip()

    def write(self, value: float) -> str:
        """Return a number as a cell. Floats must be finite."""
        text = str(value) if isinstance(value, int) else self._float(value)
        if self.is_plain:
            return text
        sign = "-" if text.startswith("-") else ""
        whole, mark, decimals = text.removeprefix("-").partition(".")
        if self.grouping:
            whole = re.sub(r"(?<=[0-9])(?=(?:[0-9]{3})+$)", self.grouping, whole)
        return f"{sign}{self.before}{whole}{mark and self.decimal}{decimals}{self.after}"

    def _float(self, value: float) -> str:
        most = self.n_decimals
        if most is None and not self.has_exponents:
            return repr(value).replace("e", self.exponent)
        fewest = most if self.has_fixed_decimals else None
        trim: Literal["k", "-"] = "k" if fewest else "-"
        if self.has_exponents:
            text = np.format_float_scientific(value, most, unique=True, trim=trim, min_digits=fewest)
        else:
            text = np.format_float_positional(value, most, unique=True, trim=trim, min_digits=fewest)
        return text.replace("e", self.exponent)


def find_number_text(cells: Collection[str], decimals: Sequence[str] = (".", ",")) -> NumberText | None:
    """Return how a column writes numbers; None if the cells are not all numbers, or do not agree.

    Parameters
    ----------
    cells : collection of str
        At least one cell, and no missing value.
    decimals : sequence of str, default=(".", ",")
        The decimal marks to try, in this order. ``1,234`` is a decimal number or a thousand, as the first one says.

    Examples
    --------
    >>> from wgan_resampler.tables.files.number_text import find_number_text
    >>> find_number_text(["1,234.5", "12.0"]).grouping, find_number_text(["1,5", "12"]).decimal
    (',', ',')
    >>> print(find_number_text(["01", "02"]), find_number_text(["$5", "5%"]))
    None None
    """
    for decimal in decimals:
        for grouping in ("", *_GROUPINGS[decimal]):
            pattern = _pattern(decimal, grouping)
            first = pattern.fullmatch(next(iter(cells)))
            if first is None or (grouping and not any(grouping in cell for cell in cells)):
                continue
            before, after = first["before"], first["after"]
            matches = map(pattern.fullmatch, cells)
            if all(match and (match["before"], match["after"]) == (before, after) for match in matches):
                return with_digits(NumberText(decimal, grouping, before, after), cells)
    return None


def with_digits(form: NumberText, cells: Collection[str]) -> NumberText:
    """Return the form with the numbers of decimals and the exponents of these cells."""
    numbers = [form.read(cell).lower().partition("e") for cell in cells]
    lengths = {len(mantissa.partition(".")[2]) for mantissa, _, _ in numbers}
    longest = max(len(mantissa.lstrip("+-0.")) for mantissa, _, _ in numbers)
    with_exponent = sum(bool(mark) for _, mark, _ in numbers)
    is_mixed = 0 < with_exponent < len(numbers)
    return replace(
        form,
        n_decimals=None if is_mixed or longest > _MOST_DIGITS else max(lengths),
        has_fixed_decimals=len(lengths) == 1 and not is_mixed and longest <= _MOST_DIGITS,
        exponent="E" if any("E" in cell for cell in cells) else "e",
        has_exponents=with_exponent == len(numbers),
    )


@cache
def _pattern(decimal: str, grouping: str) -> re.Pattern[str]:
    mark, between = re.escape(decimal), re.escape(grouping)
    whole = rf"[1-9][0-9]{{0,2}}(?:{between}[0-9]{{3}})+|0|[1-9][0-9]{{0,2}}" if grouping else r"0|[1-9][0-9]*"
    digits = rf"(?:(?:{whole})(?:{mark}[0-9]*)?|{mark}[0-9]+)(?:[eE][+-]?[0-9]+)?"
    return re.compile(rf"\s*[+-]?(?P<before>(?:{_SIGNS}\s?)?)[+-]?{digits}(?P<after>(?:\s?{_SIGNS})?)\s*")
