"""Numbers in text files: detects how a column writes numbers, and reads and writes its cells in this way.

A column may write numbers with a decimal comma, thousands separators, a unit such as ``$``, ``%`` or ``kg``, brackets
around negative numbers, a fixed number of decimals, or exponents. All its cells must agree. A number with leading zeros
is a code, not a number.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import Final, Literal

import numpy as np

_SYMBOLS: Final = "[$€£¥₹₽₩₺₴₫₪฿¢%‰]"
_UNIT_BEFORE: Final = rf"(?:(?:{_SYMBOLS}|[A-Z]{{1,2}}\$|Rs\.?)\s*|[A-Z]{{3}}\s+)"
_UNIT_AFTER: Final = rf"\s*(?:{_SYMBOLS}|°[A-Z]?|(?<=\s)[^\W\d_][^\s\d_,;()]{{0,11}})"
"""Currencies, percents and degrees, or any word after a space. Letters directly after digits make a code."""

_SIGN: Final = r"[+\-\u2212]"
_GROUPINGS: Final = {
    ".": (",", " ", "'", "\u2019", "\u00a0", "\u202f"),
    ",": (".", " ", "'", "\u2019", "\u00a0", "\u202f"),
}
"""Thousands separators, by the decimal mark."""

_MOST_DIGITS: Final = 15
"""Digits of a float that are never noise."""

_LONGEST: Final = 1000
"""Characters of the longest number. A longer cell is text, and would only take time."""

Around = tuple[str, str]
"""What stands before and after the digits of a number: signs, units and spaces."""


@dataclass(frozen=True)
class NumberText:
    """How the cells of a column write numbers.

    Parameters
    ----------
    decimal : str, default="."
        The decimal mark.
    grouping : str, default=""
        The thousands separator; empty if there is none.
    positive : tuple of str, default=("", "")
        The text before and after the digits of a number of at least 0, such as ``("$", "")``.
    negative : tuple of str, default=("-", "")
        The text before and after the digits of a negative number, such as ``("($", ")")``.
    n_digits : int or None, default=None
        The largest number of significant digits, if only some cells have exponents.
    n_decimals : int or None, default=None
        The most digits after the decimal mark. None means as many as the number needs.
    fewest_decimals : int, default=0
        The fewest digits after the decimal mark.
    has_zero : bool, default=True
        Whether there is a zero before the decimal mark of numbers below 1.
    exponent : str, default="e+00"
        How an exponent of zero is written: the letter, a plus sign if positive exponents have one, and zeros.
    has_exponents : bool, default=False
        Whether each cell has an exponent.

    Examples
    --------
    >>> from wgan_resampler.tables.files.number_text import NumberText
    >>> price = NumberText(",", ".", ("", " €"), ("-", " €"), n_decimals=2, fewest_decimals=2)
    >>> price.read("-1.234,50 €"), price.write(-1234.5)
    ('-1234.50', '-1.234,50 €')
    """

    decimal: str = "."
    grouping: str = ""
    positive: Around = ("", "")
    negative: Around = ("-", "")
    n_digits: int | None = None
    n_decimals: int | None = None
    fewest_decimals: int = 0
    has_zero: bool = True
    exponent: str = "e+00"
    has_exponents: bool = False

    @cached_property
    def is_plain(self) -> bool:
        """Whether the numbers are written as in Python, apart from the number of decimals."""
        is_bare = (self.positive, self.negative) == (("", ""), ("-", ""))
        return is_bare and self.decimal == "." and not self.grouping and self.has_zero

    def read(self, cell: str) -> str:
        """Return the number of a cell as Python writes it."""
        text, minus = cell.strip(), self.negative[0].lstrip()
        if text.startswith(minus):
            return "-" + _plain_digits(text[len(minus) : len(text) - len(self.negative[1].rstrip())], self)
        text = text.removeprefix("+").removeprefix(self.positive[0].lstrip().lstrip("+"))
        return _plain_digits(text[: len(text) - len(self.positive[1].rstrip())], self)

    def write(self, value: float) -> str:
        """Return a number as a cell. Floats must be finite."""
        text = str(value) if isinstance(value, int) else self._float(value)
        if self.is_plain:
            return text
        before, after = self.negative if text.startswith("-") else self.positive
        whole, mark, decimals = text.removeprefix("-").partition(".")
        if self.grouping:
            whole = re.sub(r"(?<=[0-9])(?=(?:[0-9]{3})+$)", self.grouping, whole)
        if whole == "0" and decimals and not self.has_zero:
            whole = ""
        return f"{before}{whole}{mark and self.decimal}{decimals}{after}"

    def _float(self, value: float) -> str:
        most, fewest = self.n_decimals, self.fewest_decimals
        trim: Literal["k", "-"] = "k" if fewest else "-"
        if self.has_exponents:
            text = np.format_float_scientific(value, most, unique=True, trim=trim, min_digits=fewest)
        elif self.n_digits is not None:
            text = f"{value:.{self.n_digits}g}"
        elif most is not None:
            return np.format_float_positional(value, most, unique=True, trim=trim, min_digits=fewest)
        else:
            text = repr(value) if fewest else repr(value).removesuffix(".0")
        mantissa, mark, exponent = text.partition("e")
        return mantissa + (mark and self._exponent(int(exponent)))

    def _exponent(self, value: int) -> str:
        plus, n_zeros = "+" if "+" in self.exponent else "", self.exponent.count("0")
        return f"{self.exponent[0]}{'-' if value < 0 else plus}{abs(value):0{n_zeros}}"


def find_number_text(cells: Collection[str], decimals: Sequence[str] = (".", ",")) -> NumberText | None:
    """Return how a column writes numbers; None if the cells are not all numbers, or do not agree.

    Parameters
    ----------
    cells : collection of str
        At least one cell, and no missing value.
    decimals : sequence of str, default=(".", ",")
        The decimal marks to try, in this order. The first one decides whether ``1,234`` is a bit more than one, or more
        than a thousand.

    Examples
    --------
    >>> from wgan_resampler.tables.files.number_text import find_number_text
    >>> find_number_text(["1,234.5", "12.0"]).grouping, find_number_text(["1,5", "12"]).decimal
    (',', ',')
    >>> print(find_number_text(["01", "02"]), find_number_text(["$5", "5%"]))
    None None
    """
    first = next(iter(cells))
    for decimal in decimals:
        for grouping in ("", *_GROUPINGS[decimal]):
            if _match(first, decimal, grouping) is None or (grouping and not any(grouping in cell for cell in cells)):
                continue
            matches = [match for cell in cells if (match := _match(cell, decimal, grouping)) is not None]
            around = _signs_and_units(set(map(_around, matches))) if len(matches) == len(cells) else None
            if around is not None:
                form = NumberText(decimal, grouping, *around)
                return _with_digits(form, [_plain_digits(match["digits"], form) for match in matches])
    return None


def _around(match: re.Match[str]) -> Around:
    return match["before"], match["after"]


def _plain_digits(digits: str, form: NumberText) -> str:
    return (digits.replace(form.grouping, "") if form.grouping else digits).replace(form.decimal, ".")


def _signs_and_units(pairs: Collection[Around]) -> tuple[Around, Around] | None:
    """Return what stands around positive and around negative numbers; None if the cells do not agree."""
    positive = {pair for pair in pairs if not _is_negative(pair)}
    negative = {pair for pair in pairs if _is_negative(pair)}
    has_bracket = any("(" in before for before, _ in negative)
    # Numbers that are all in brackets may be references.
    units = {tuple("".join(text.split()) for text in _unit(pair)) for pair in pairs}
    if len(units) > 1 or (has_bracket and not positive):
        return None
    plain = _common(positive or {_unit(pair) for pair in negative})
    minus = _common(negative or {_negated(pair) for pair in positive})
    return None if plain is None or minus is None else (plain, minus)


def _common(pairs: Collection[Around]) -> Around | None:
    """Return the pair that all cells have. If only outer spaces or plus signs differ, they are left out."""
    bare = pairs if len(pairs) == 1 else {(before.lstrip().lstrip("+"), after.rstrip()) for before, after in pairs}
    return next(iter(bare)) if len(bare) == 1 else None


def _is_negative(pair: Around) -> bool:
    return any(sign in pair[0] for sign in "-\u2212(")


def _unit(pair: Around) -> Around:
    """Return what stands around digits, without signs and without spaces at the ends."""
    before, after = (re.sub(rf"{_SIGN}|[()]", "", text) for text in pair)
    return before.lstrip(), after.rstrip()


def _negated(pair: Around) -> Around:
    before = pair[0].lstrip()
    return pair[0][: len(pair[0]) - len(before)] + "-" + before.lstrip("+"), pair[1]


def _with_digits(form: NumberText, numbers: Sequence[str]) -> NumberText:
    """Return the form with the number of decimals and the exponents of these numbers, which have a decimal point."""
    parts = [number.lower().partition("e") for number in numbers]
    exponents = [exponent for _, mark, exponent in parts if mark]
    is_mixed = 0 < len(exponents) < len(parts)
    lengths = {len(mantissa.partition(".")[2]) for mantissa, mark, _ in parts if not (is_mixed and mark)}
    n_digits = max(len(mantissa.replace(".", "").lstrip("0")) for mantissa, _, _ in parts)
    is_noise = n_digits > _MOST_DIGITS and lengths != {0}
    letter = "E" if any("E" in number for number in numbers) else "e"
    plus = "" if any(exponent[0].isdigit() for exponent in exponents) else "+"
    return replace(
        form,
        n_digits=max(n_digits, 1) if is_mixed and not is_noise else None,
        # Exponents are written after one digit and its decimals.
        n_decimals=None if is_mixed or is_noise else max(*lengths, n_digits - 1) if exponents else max(lengths),
        fewest_decimals=min(lengths),
        has_zero=not any(number.startswith(".") for number in numbers),
        exponent=letter + plus + "0" * min((len(exponent.lstrip("+-")) for exponent in exponents), default=2),
        has_exponents=len(exponents) == len(parts),
    )


def _match(cell: str, decimal: str, grouping: str) -> re.Match[str] | None:
    return _pattern(decimal, grouping).fullmatch(cell) if len(cell) <= _LONGEST else None


@cache
def _pattern(decimal: str, grouping: str) -> re.Pattern[str]:
    mark, between = re.escape(decimal), re.escape(grouping)
    whole = rf"[1-9][0-9]{{0,2}}(?:{between}[0-9]{{3}})+|0|[1-9][0-9]{{0,2}}" if grouping else r"0|[1-9][0-9]*"
    digits = rf"(?:(?:{whole})(?:{mark}[0-9]*)?|{mark}[0-9]+)(?:[eE][+-]?[0-9]+)?"
    # One sign, before or after the unit; or a pair of brackets, with the unit inside or outside.
    bracket = rf"(?:{_UNIT_BEFORE})?(?P<open>\()(?:{_UNIT_BEFORE})?"
    before = rf"(?:{_SIGN}?\s?(?:{_UNIT_BEFORE})?|{_UNIT_BEFORE}{_SIGN}|{bracket})"
    after = rf"(?:{_UNIT_AFTER})?(?(open)\)(?:{_UNIT_AFTER})?)"
    return re.compile(rf"(?P<before>\s*{before})(?P<digits>{digits})(?P<after>{after}\s*)")
