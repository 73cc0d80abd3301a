"""The grids that are found in numbers. Random numbers have none."""

import numpy as np
import pytest
from hypothesis import given, strategies as st

from wgan_resampler.tables.encoding.grid import find_grid
from wgan_resampler.tables.encoding.schema import Grid

RNG = np.random.default_rng(0)
DAY = 86_400
NANOSECONDS = 10**9


def grid_of(numbers):
    return find_grid(np.unique(numbers))


@pytest.mark.parametrize(
    ("numbers", "grid"),
    [
        (RNG.integers(-100, 100, 50).astype(float), Grid(1)),
        (RNG.integers(0, 10_000, 50) / 100, Grid(1, 2)),
        (RNG.integers(0, 10_000, 50) * 0.01, Grid(1, 2)),  # 57 * 0.01 is 0.5700000000000001
        (np.nextafter(RNG.integers(1, 10_000, 50) / 100, 0), Grid(1, 2)),  # as a fast reader of files may read them
        ((RNG.integers(0, 10_000, 50) / 100).astype(np.float32), Grid(1, 2)),
        ((RNG.integers(0, 100, 50) / 10).astype(np.float16), Grid(1, 1)),
        ((RNG.integers(0, 100, 50) / 10).astype(np.longdouble), Grid(1, 1)),
        (RNG.normal(0, 50, 300).round(4), Grid(1, 4)),
        (RNG.integers(0, 400, 50) * 0.25, Grid(25, 2)),
        (RNG.integers(0, 400, 50) * 0.5, Grid(5, 1)),
        (RNG.integers(0, 400, 50) * 0.125, Grid(125, 3)),
        (RNG.integers(0, 400, 50) * 5, Grid(5)),
        (RNG.integers(-40, 40, 50) * 1000.0, Grid(1000)),
        (RNG.integers(1, 100, 100) + 0.99, Grid(100, 2)),
        (RNG.integers(0, 100, 100) * 2 + 1, Grid(2)),
        (RNG.integers(0, 100, 100) * 77 - 10**6, Grid(77)),
        (RNG.integers(0, 99, 100).astype(np.uint8), Grid(1)),
        (np.array([30_000, 45_000, 52_000]), Grid(1000)),
        (np.array([0.1, 0.7]), Grid(1, 1)),
        (np.array([0.1, 0.30000000000000004, 0.7]), Grid(1, 1)),
        (np.array([1e-9, 3e-9, 4e-9]), Grid(1, 9)),
        (np.array([False, True]), Grid(1)),
        (np.array([-0.0, 3.0, 5.0]), Grid(1)),
        (2**60 + RNG.integers(0, 10**6, 50), Grid(1)),
        (2**60 + RNG.integers(0, 10**6, 50) * 60, Grid(60)),
        (np.array([-(2**63), 2**63 - 1]), Grid(1)),
        (np.array([0, 2**64 - 2], dtype=np.uint64), Grid(1)),
        (np.append(RNG.integers(0, 99, 50), 1e300), Grid(1)),
    ],
    ids=str,
)
def test_grids(numbers, grid):
    assert grid_of(numbers) == grid


@pytest.mark.parametrize("per_second", [1, 1000, 10**6, NANOSECONDS])
@pytest.mark.parametrize("seconds", [1, 60, 900, 3600, DAY])
def test_moments_on_whole_days_hours_quarters_minutes_and_seconds(seconds, per_second):
    moments = 1_700_000_000 // DAY * DAY + RNG.integers(0, 10**4, 40) * seconds
    assert grid_of(moments * per_second) == Grid(seconds * per_second)


def test_whole_days_of_a_time_zone_of_a_fixed_offset():
    moments = RNG.integers(0, 10**4, 60) * DAY + 5 * 3600 + 1800
    assert grid_of(moments * NANOSECONDS) == Grid(DAY * NANOSECONDS)


def test_three_dates_ten_days_apart_lie_on_days_not_on_tens_of_days():
    assert grid_of(np.array([19_000, 19_010, 19_040]) * DAY * NANOSECONDS) == Grid(DAY * NANOSECONDS)


@pytest.mark.parametrize(
    "numbers",
    [
        np.array([1.7e308, -1.7e308, 0.0]),
        np.arange(40) * 5e-324,
        np.array([1 / 3, 2 / 3]),
        RNG.random(500, dtype=np.float32),  # all are multiples of 2^-24
        RNG.normal(size=100).astype(np.float16),
        np.append(RNG.integers(0, 10_000, 50) / 100, np.pi),
    ],
    ids=str,
)
def test_no_grid(numbers):
    assert grid_of(numbers) is None


@given(st.integers(2, 200), st.sampled_from([np.float64, np.float32]), st.integers(-20, 20), st.integers(0, 2**32 - 1))
def test_normal_numbers_have_no_grid(n, dtype, exponent, seed):
    numbers = (np.random.default_rng(seed).normal(size=n) * 10.0**exponent).astype(dtype)
    # Large floats are integers.
    assert grid_of(numbers) is None or (numbers == np.rint(numbers)).all()


@given(st.integers(2, 30), st.integers(0, 2**32 - 1))
def test_a_few_arbitrary_integers_have_step_1(n, seed):
    # Also if all of them happen to be even.
    assert grid_of(np.random.default_rng(seed).integers(0, 10**6, n)) == Grid(1)


@pytest.mark.parametrize(
    ("grid", "dtype", "low", "high", "fits"),
    [
        (Grid(1), "i8", 0, 1, True),
        (Grid(0), "i8", 0, 1, False),
        (Grid(-1), "f8", 0.0, 1.0, False),
        (Grid(2**64), "u8", 0, 1, False),
        (Grid(1, 1), "i8", 0, 1, False),
        (Grid(1, -1), "f8", 0.0, 1.0, False),
        (Grid(1, 23), "f8", 0.0, 1.0, False),
        (Grid(1, 2), "f8", 0.0, 1e14, False),
        (Grid(1, 2), "f8", -1e13, 0.0, True),
        (Grid(1), "f8", 0.0, 1e300, True),
        (Grid(1), "f8", 0.0, 1.7e308, False),
    ],
)
def test_grids_that_a_column_can_have(grid, dtype, low, high, fits):
    assert grid.fits(np.dtype(dtype), low, high) is fits
