"""The scales of columns: decode(encode(X)) is X, in the observed range and the dtype, also for extreme numbers."""

import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra import numpy as hnp

from wgan_resampler.tables.encoding.grid import find_grid
from wgan_resampler.tables.encoding.numeric_scale import MAX_KNOTS, ROWS_PER_KNOT, apply_scale, fit_scale, undo_scale

FLOATS = [np.float16, np.float32, np.float64]
INTEGERS = [np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64]
SMALLEST = 2.0**-1074
# Encoding in float32 rounds by up to 2^-25 on a scale that is at least as steep as the linear map over the range, so a
# value comes back within 2^-25 of the range. Where an outlier stretches the range, that is all that can be promised:
# beside 1e300, the few values in the same stretch between two knots are lost, while the rest keep far more digits.
TOLERANCE = 2.0**-24


def columns(dtypes, **kwargs):
    """Columns of up to 200 values, with repeats."""
    return st.sampled_from(dtypes).flatmap(
        lambda dtype: hnp.arrays(dtype, st.integers(1, 200), elements=numbers(np.dtype(dtype)), **kwargs)
    )


def numbers(dtype):
    if dtype.kind == "f":
        return st.floats(width=8 * dtype.itemsize, allow_nan=False, allow_infinity=False)
    return hnp.from_dtype(dtype)


def scale_on_grid(values):
    return fit_scale(values, find_grid(np.unique(values)))


def round_trip(values, fit=fit_scale):
    column = fit(values)
    encoded = apply_scale(column, values)
    assert np.abs(encoded).max() <= 1.0
    decoded = undo_scale(column, encoded.astype(np.float32))
    assert decoded.dtype == values.dtype
    assert decoded.shape == values.shape
    assert (decoded >= values.min()).all()
    assert (decoded <= values.max()).all()
    return decoded


def assert_within_tolerance(decoded, values):
    # Halved, because the range from the smallest to the largest float64 is not a float64.
    halved, again = values.astype(np.float64) / 2, decoded.astype(np.float64) / 2
    # A value of a narrower dtype is rounded to that.
    eps = float(np.finfo(values.dtype).eps) if values.dtype.kind == "f" else 2.0**-52
    rounding = eps * np.abs(halved).max()
    limit = TOLERANCE * (halved.max() - halved.min()) + rounding + 4 * SMALLEST
    assert np.abs(again - halved).max() <= limit


@given(columns(FLOATS))
def test_floats_come_back_within_a_millionth_of_the_range(values):
    assert_within_tolerance(round_trip(values), values)


@given(
    st.integers(-(2**63), 2**63 - 2**23), hnp.arrays(np.int32, st.integers(1, 200), elements=st.integers(0, 2**23 - 1))
)
def test_integers_that_span_less_than_two_to_the_23_come_back_exactly(offset, steps):
    values = np.int64(offset) + steps.astype(np.int64)
    assert np.array_equal(round_trip(values), values)


@given(columns([np.int8, np.uint8, np.int16, np.uint16, np.bool_]))
def test_small_integers_and_booleans_come_back_exactly(values):
    assert np.array_equal(round_trip(values), values)


@given(columns(INTEGERS))
def test_integers_of_any_size_stay_in_range_and_within_a_millionth(values):
    assert_within_tolerance(round_trip(values), values)


@pytest.mark.parametrize("dtype", [np.int64, np.uint64])
def test_ends_of_the_integer_range_come_back_exactly(dtype):
    low, high = np.iinfo(dtype).min, np.iinfo(dtype).max
    values = np.array([low, high, low + 1, high - 1, 0], dtype=dtype)
    column = fit_scale(values)
    assert (column.minimum, column.maximum) == (low, high)
    decoded = undo_scale(column, np.array([-1.0, 1.0, -2.0, 2.0]))
    assert decoded.tolist() == [low, high, low, high]


@given(
    columns([*FLOATS, *INTEGERS, np.bool_]),
    hnp.arrays(np.float32, st.integers(1, 50), elements=st.floats(-(2.0**99), 2.0**99, width=32)),
)
def test_any_encoded_value_decodes_into_the_observed_range(values, encoded):
    decoded = undo_scale(fit_scale(values), encoded)
    assert decoded.dtype == values.dtype
    assert (decoded >= values.min()).all()
    assert (decoded <= values.max()).all()


@given(columns([*FLOATS, *INTEGERS, np.bool_]))
def test_scale_is_strictly_increasing_between_the_ends(values):
    column = fit_scale(values)
    assert len(column.knots) == len(column.positions)
    if column.is_constant:
        assert column.positions == (0.0,)
        return
    assert (np.diff(column.knots) > 0).all()
    assert (np.diff(np.float32(column.positions)) > 0).all()
    assert column.positions[0] == -column.positions[-1] == pytest.approx(-1.0, abs=1e-5)
    assert np.isfinite(column.knots).all()


@given(columns([*FLOATS, *INTEGERS]))
def test_scale_has_at_most_a_knot_for_five_rows(values):
    n_knots = len(fit_scale(values).knots)
    assert n_knots <= max(2, min(MAX_KNOTS, len(values) // ROWS_PER_KNOT))


def test_knots_of_a_long_column_are_capped():
    assert len(fit_scale(np.arange(10_000)).knots) == MAX_KNOTS == 64
    assert len(fit_scale(np.arange(100)).knots) == 20


@given(columns([np.float32, np.float64], unique=True))
def test_order_of_values_is_kept(values):
    ordered = np.sort(values)
    assert (np.diff(apply_scale(fit_scale(values), ordered)) >= 0).all()


@pytest.mark.parametrize("dtype", [*FLOATS, *INTEGERS, np.bool_])
@pytest.mark.parametrize("n", [1, 7])
def test_constant_column_is_zero_and_comes_back_exactly(dtype, n):
    values = np.full(n, 1, dtype=dtype)
    column = fit_scale(values)
    assert column.is_constant
    assert apply_scale(column, values).tolist() == [0.0] * n
    decoded = undo_scale(column, np.linspace(-1, 1, n))
    assert decoded.dtype == dtype
    assert decoded.tolist() == values.tolist()


def test_uniform_column_is_on_a_linear_scale():
    values = np.linspace(10.0, 20.0, 1001)
    np.testing.assert_allclose(apply_scale(fit_scale(values), values), np.linspace(-1, 1, 1001), atol=1e-4)


def test_scale_is_the_mean_of_ranks_and_linear_map():
    # 21 rows give 4 knots, at the ranks 0, 7, 13 and 20 of 20; the linear map has the values 0, 1, 2 and 100 at those.
    values = np.r_[
        np.zeros(1), np.linspace(0.1, 0.9, 6), 1.0, np.linspace(1.1, 1.9, 5), 2.0, np.linspace(3, 90, 6), 100
    ]
    column = fit_scale(values)
    assert np.multiply(column.knots, 2).tolist() == [0.0, 1.0, 2.0, 100.0]
    expected = [-1.0, 7 / 20 + 0.01 - 1, 13 / 20 + 0.02 - 1, 1.0]
    np.testing.assert_allclose(column.positions, expected, atol=2e-6)


def test_value_that_occurs_often_gets_its_middle_rank():
    # Ranks of 0, 1 and 2 are 0, 2.5 .. on average: 0 at 4.5, 1 at 14.5, 2 at 24.5, so evenly spaced like the values.
    values = np.repeat([0, 1, 2], 10)
    column = fit_scale(values)
    assert np.multiply(column.knots, 2).tolist() == [0.0, 1.0, 2.0]
    np.testing.assert_allclose(column.positions, [-1.0, 0.0, 1.0], atol=2e-6)


@pytest.mark.parametrize("outlier", [1e300, -1e300])
def test_bulk_beside_a_huge_outlier_keeps_half_the_scale_and_its_digits(outlier):
    bulk = np.random.default_rng(0).normal(size=999)
    values = np.append(bulk, outlier)
    column = fit_scale(values)
    encoded = apply_scale(column, bulk).astype(np.float32)
    assert np.ptp(encoded) > 0.98
    decoded = undo_scale(column, encoded)
    # The 2 % in the stretch that ends at the outlier are lost; the others keep six digits.
    assert (np.abs(decoded - bulk) < 1e-5).mean() > 0.98


@pytest.mark.parametrize(
    "values",
    [
        np.array([-np.finfo(np.float64).max, 0.0, np.finfo(np.float64).max]),
        np.linspace(-1.0, 1.0, 200) * np.finfo(np.float64).max,
        np.array([np.finfo(np.float64).max, -1.0, 1e-300, 0.0] * 10),
        np.arange(40) * SMALLEST,
        np.r_[np.arange(100) * SMALLEST, np.linspace(0.0, 1.0, 50)],
        np.array([0.0, SMALLEST]),
        np.array([-0.0, 0.0]),
        np.float32([1e-45, 0.0, 3.4e38]),
        np.float16([6e-8, 65504.0, -65504.0]),
        np.float64([1.0, np.nextafter(1.0, 2.0)]),
    ],
    ids=[
        "three across float64",
        "all across float64",
        "huge with repeats",
        "denormals",
        "denormals beside ordinary numbers",
        "two denormals",
        "signed zeros",
        "float32 ends",
        "float16 ends",
        "neighbors",
    ],
)
def test_extremes_of_floating_point_come_back(values):
    encoded = apply_scale(fit_scale(values), values)
    assert np.isfinite(encoded).all()
    assert_within_tolerance(round_trip(values), values)


def test_values_outside_the_observed_range_go_to_its_ends():
    column = fit_scale(np.array([0.0, 1.0, 2.0]))
    assert apply_scale(column, np.array([-5.0, 7.0])).tolist() == [column.positions[0], column.positions[-1]]


def test_saturated_tanh_decodes_to_the_ends():
    column = fit_scale(np.array([3.0, 4.0, 5.0]))
    assert undo_scale(column, np.float32([-1.0, 1.0])).tolist() == [3.0, 5.0]


@given(st.integers(-(2**63), 2**63 - 10_001), st.lists(st.integers(0, 10_000), min_size=1, max_size=50))
def test_integers_beyond_two_to_the_53_with_a_small_span_keep_their_digits(offset, steps):
    values = np.array([offset + step for step in steps], dtype=np.int64)
    assert np.array_equal(round_trip(values), values)
    assert np.array_equal(round_trip((values // 2 + 2**62).astype(np.uint64)), (values // 2 + 2**62).astype(np.uint64))


@pytest.mark.parametrize("dtype", INTEGERS)
def test_integers_outside_the_observed_range_go_to_its_ends(dtype):
    scale = fit_scale(np.array([10, 20, 30], dtype=dtype))
    info = np.iinfo(dtype)
    assert apply_scale(scale, np.array([info.min, info.max], dtype=dtype)).tolist() == [-1.0, 1.0]


def test_fitting_leaves_the_column_as_it_is():
    values = np.array([3.0, 1.0, 2.0])
    fit_scale(values)
    assert values.tolist() == [3.0, 1.0, 2.0]


def decimals_of(dtype):
    """Columns of multiples of a decimal step, as one gets them from typing the decimals."""
    return st.tuples(
        st.lists(st.integers(-(10**4), 10**4), min_size=2, max_size=60),
        st.sampled_from([1, 5, 25, 50]),
        st.integers(0, 4),
    ).map(lambda parts: typed(np.array(parts[0]) * parts[1], parts[2], dtype))


def typed(counts, decimals, dtype=np.float64):
    return np.array([float(f"{count}e-{decimals}") for count in counts], dtype=dtype)


@given(
    st.sampled_from([np.float32, np.float64]).flatmap(decimals_of),
    hnp.arrays(np.float32, 40, elements=st.floats(-1.5, 1.5, width=32)),
)
def test_any_encoded_value_decodes_onto_the_grid_of_the_column(values, encoded):
    scale = scale_on_grid(values)
    decoded = undo_scale(scale, encoded)
    assert decoded.dtype == values.dtype
    assert values.min() <= decoded.min() <= decoded.max() <= values.max()
    if scale.grid is not None and not scale.is_constant:
        power = 10**scale.grid.decimals
        counts = np.rint(decoded.astype(np.float64) * power)
        # Bit for bit the float that one gets from typing the decimal.
        assert decoded.tolist() == typed(counts.astype(int), scale.grid.decimals, values.dtype).tolist()
        first = round(float(values.min()) * power)
        assert all((int(count) - first) % scale.grid.step == 0 for count in counts)


@given(decimals_of(np.float64))
def test_decimals_come_back_exactly(values):
    assert round_trip(values, scale_on_grid).tolist() == values.tolist()


@given(
    st.integers(-(2**40), 2**40),
    st.sets(st.integers(0, 2**20), min_size=20, max_size=60),
    st.integers(2, 10**5),
)
def test_multiples_come_back_exactly_and_in_between_lie_multiples(start, counts, step):
    values = start + np.array(sorted(counts)) * step
    assert round_trip(values, scale_on_grid).tolist() == values.tolist()
    scale = scale_on_grid(values)
    made = undo_scale(scale, RNG.uniform(-1, 1, 50))
    assert ((made - values[0]) % scale.grid.step == 0).all()


RNG = np.random.default_rng(0)
COUNTS = RNG.integers(0, 10**6, 200)


@pytest.mark.parametrize(
    "values",
    [
        COUNTS.astype(float),
        COUNTS.astype(np.float32),
        COUNTS.astype(np.int32),
        COUNTS - 2**62,
        COUNTS.astype(np.uint64) + 2**63,
        COUNTS / 100,
        COUNTS * 0.01,
        (COUNTS - 10**6) / 100,
        COUNTS * 0.25,
        COUNTS * 86_400 * 10**6,
        COUNTS * 3600 + 0.5,
    ],
    ids=["float", "float32", "int32", "int64", "uint64", "cents", "noisy", "negative", "quarters", "days", "shifted"],
)
def test_only_the_numbers_of_steps_decide_the_scale(values):
    scale, expected = scale_on_grid(values), fit_scale(COUNTS)
    assert (scale.knots, scale.positions) == (expected.knots, expected.positions)
    assert apply_scale(scale, values).tolist() == apply_scale(expected, COUNTS).tolist()


def test_integers_beside_a_huge_float_stay_whole():
    values = np.append(RNG.integers(0, 1000, 200), [1e300, -1e299])
    scale = scale_on_grid(values)
    decoded = undo_scale(scale, np.linspace(-1, 1, 5000))
    assert np.isfinite(decoded).all()
    assert (decoded == np.rint(decoded)).all()


def test_observed_numbers_with_noise_in_the_last_digit_stay_in_the_range():
    values = np.arange(57, 90) * 0.01
    assert values[0] == 0.5700000000000001
    decoded = undo_scale(scale_on_grid(values), np.linspace(-1, 1, 500))
    assert decoded.min() == values[0]
    assert set(decoded[1:-1].tolist()) <= {values[0], values[-1], *(count / 100 for count in range(58, 89))}


def test_integers_on_a_scale_of_floats_and_the_reverse():
    # A warm start may bring them.
    floats, wholes = scale_on_grid(np.arange(0.0, 100.0)), scale_on_grid(np.arange(100))
    for scale in (floats, wholes):
        for values in (np.array([-3, 7, 300]), np.array([-3.0, 7.0, 300.0]), np.array([0, 7, 255], dtype=np.uint8)):
            assert apply_scale(scale, values).tolist() == apply_scale(wholes, np.array([0, 7, 99])).tolist()
