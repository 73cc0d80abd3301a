"""Typical tables of users in the whole sampler: synthetic rows look as if they came from the table."""

import pickle
import subprocess
import sys
import warnings
from collections import Counter

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings, strategies as st
from imblearn.pipeline import make_pipeline
from scipy import sparse
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import cross_val_score
from sklearn.preprocessing import OneHotEncoder
from sklearn.utils import get_tags

from wgan_resampler import WGANGPOverSampler
from wgan_resampler.exceptions import IdentifierColumnWarning, InvalidDataError, ThinClassWarning

N, N_RARE = 400, 80
Y = np.array(["common"] * N + ["rare"] * N_RARE)


def quick(**parameters):
    """Return a sampler with a very short training."""
    defaults = {"epochs": 1, "hidden_dim": 8, "noise_dim": 4, "batch_size": 64, "device": "cpu", "random_state": 0}
    return WGANGPOverSampler(**{**defaults, **parameters})


def mixed_frame(seed=0):
    """Return a table in which the rare class has its own categories, spikes, missing values and dates."""
    rng = np.random.default_rng(seed)
    rare = Y == "rare"
    n = len(Y)
    colour = np.where(rng.random(n) < np.where(rare, 0.8, 0.1), "red", rng.choice(["blue", "green"], n))
    spend = np.where(rng.random(n) < np.where(rare, 0.7, 0.3), 0.0, rng.lognormal(3.0, 1.0, n))
    visits = rng.choice([0, 1, 2, 5], n, p=[0.4, 0.3, 0.2, 0.1]).astype("int64")
    income = rng.normal(np.where(rare, 30.0, 50.0), 5.0)
    income[rng.random(n) < np.where(rare, 0.5, 0.1)] = np.nan
    member = pd.array(rng.random(n) < 0.5, dtype="boolean")
    member[rng.random(n) < 0.2] = pd.NA
    count = pd.array(rng.integers(0, 1000, n), dtype="Int64")
    count[rng.random(n) < 0.1] = pd.NA
    size = pd.Categorical(rng.choice(["S", "M"], n), categories=["S", "M", "L"], ordered=True)
    since = pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 1000, n) * 3600, unit="s")
    return pd.DataFrame(
        {
            "colour": pd.Series(colour, dtype="string"),
            "spend": spend,
            "visits": visits,
            "income": income,
            "member": member,
            "count": count,
            "size": size,
            "since": pd.Series(since).dt.as_unit("ns"),
            "zone": pd.Series(since).dt.tz_localize("Europe/Berlin", ambiguous=True).dt.as_unit("us"),
            "took": pd.Series(pd.to_timedelta(rng.integers(1, 500, n), unit="min")),
            "flag": rng.random(n) < 0.3,
        }
    )


@pytest.fixture(scope="module")
def trained():
    """Return a sampler with default parameters that has seen the mixed table, and many rows of each class from it."""
    over = WGANGPOverSampler(random_state=0, device="cpu")
    frame = mixed_frame()
    X_res, y_res = over.fit_resample(frame, Y)
    rows, labels = over.sample({"common": 2000, "rare": 2000})
    return frame, X_res, y_res, rows, np.asarray(labels)


def test_the_schema_stays(trained):
    frame, X_res, y_res, rows, _ = trained
    pd.testing.assert_frame_equal(X_res.iloc[: len(frame)], frame)
    assert Counter(y_res.tolist()) == {"common": N, "rare": N}
    for table in (X_res, rows):
        assert table.dtypes.tolist() == frame.dtypes.tolist()
        assert table.columns.tolist() == frame.columns.tolist()


def test_synthetic_cells_could_have_stood_in_the_table(trained):
    frame, _, _, rows, _ = trained
    for name in frame:
        known = frame[name].dropna()
        new = rows[name].dropna()
        if frame[name].notna().all():
            assert rows[name].notna().all()
        if name in ("colour", "member", "size", "visits", "flag"):
            assert set(new.unique()) <= set(known.unique())
        else:
            assert new.between(known.min(), known.max()).all()


@pytest.mark.parametrize("label", ["common", "rare"])
@pytest.mark.parametrize(
    ("name", "measure"),
    [
        ("spend", lambda column: (column == 0).mean()),
        ("income", lambda column: column.isna().mean()),
        ("colour", lambda column: (column == "red").mean()),
        ("visits", lambda column: (column == 0).mean()),
        ("member", lambda column: column.isna().mean()),
        ("count", lambda column: column.isna().mean()),
    ],
)
def test_shares_are_those_of_the_class(trained, label, name, measure):
    frame, _, _, rows, labels = trained
    assert measure(rows[name][labels == label]) == pytest.approx(measure(frame[name][label == Y]), abs=0.12)


def test_numbers_beside_a_spike_keep_their_shape(trained):
    frame, _, _, rows, labels = trained
    real, new = frame["spend"][(Y == "rare") & (frame["spend"] > 0)], rows["spend"][(labels == "rare")]
    assert new[new > 0].median() == pytest.approx(real.median(), rel=0.5)


def test_a_list_array_pandas_and_polars_table_of_the_same_cells_give_the_same_rows():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.normal(size=60), "b": rng.choice(["u", "v", "w"], 60), "c": rng.normal(size=60)})
    frame.loc[::7, "a"] = np.nan
    y = np.arange(60) % 4 // 3
    expected = quick(categorical_features=[1]).fit_resample(frame, y)[0].to_numpy(dtype=object)
    objects = frame.to_numpy(dtype=object)
    for table in (objects, objects.tolist(), pl.from_pandas(frame, nan_to_null=False)):
        rows = quick(categorical_features=[1]).fit_resample(table, y)[0]
        rows = rows.to_pandas().to_numpy(dtype=object) if isinstance(rows, pl.DataFrame) else np.array(rows, object)
        assert pd.DataFrame(rows).equals(pd.DataFrame(expected))


def test_integers_and_floats_side_by_side_give_the_same_rows_in_any_container():
    # bug: the integers of a list were scaled in another way than the same numbers in an array of floats
    rng = np.random.default_rng(0)
    n = 80
    columns = [
        rng.integers(100, 9999, n) / 100,
        rng.integers(0, 500, n),
        rng.integers(0, 3, n),
        rng.normal(size=n),
        rng.integers(0, 3000, n) * 86_400 - 2**40,
    ]
    rows = [list(row) for row in zip(*(column.tolist() for column in columns), strict=True)]
    for row in rows[::5]:
        row[1] = None
    frame = pd.DataFrame(rows)
    containers = [
        rows,
        tuple(map(tuple, rows)),
        np.array(rows, dtype=float),
        np.array(rows, dtype=object),
        frame,
        frame.convert_dtypes(),
        frame.convert_dtypes(dtype_backend="pyarrow"),
        frame.astype("Float64"),
        frame.astype(object),
        pl.DataFrame(rows, orient="row"),
        pl.DataFrame(np.array(rows, dtype=float)),
        sparse.csr_array(np.array(rows, dtype=float)),
    ]
    y = np.arange(n) % 4 // 3
    expected = None
    for table in containers:
        made = quick(categorical_features=[]).fit_resample(table, y)[0]
        made = made.to_pandas() if isinstance(made, pl.DataFrame) else made
        made = pd.DataFrame(made.toarray() if sparse.issparse(made) else made)
        made = made.astype("Float64").to_numpy(float, na_value=np.nan)
        expected = made if expected is None else expected
        np.testing.assert_array_equal(made, expected)


def test_prices_and_dates_give_the_same_rows_in_any_dtype():
    rng = np.random.default_rng(0)
    n = 90
    frame = pd.DataFrame(
        {
            "price": rng.integers(100, 9999, n) / 100,
            "day": pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 900, n), unit="D"),
            "took": pd.to_timedelta(rng.integers(0, 500, n) * 15, unit="min"),
        }
    )
    tables = [
        frame.astype({"day": "datetime64[ns]", "took": "timedelta64[ns]"}),
        frame.astype({"price": "float32", "day": "datetime64[s]", "took": "timedelta64[ms]"}),
        frame.assign(price=(frame["price"] * 100).round() * 0.01),  # 57 * 0.01 is not 0.57
        frame.convert_dtypes(dtype_backend="pyarrow"),
        pl.from_pandas(frame).with_columns(pl.col("day").cast(pl.Date), pl.col("price").cast(pl.Decimal(10, 4))),
    ]
    expected = None
    for table in tables:
        made = quick().fit_resample(table, np.arange(n) % 4 // 3)[0]
        made = made.to_pandas() if isinstance(made, pl.DataFrame) else made
        days = made["day"].astype("datetime64[ns]")
        rows = [made["price"].astype(float).round(2).tolist(), days.tolist(), made["took"].tolist()]
        expected = rows if expected is None else expected
        assert rows == expected


@pytest.mark.parametrize(
    ("values", "is_on_grid"),
    [
        (lambda rng: rng.integers(0, 2000, len(Y)).astype(float), lambda made: made % 1 == 0),
        (lambda rng: rng.integers(100, 9999, len(Y)) / 100, lambda made: made == (made * 100).round() / 100),
        (lambda rng: rng.integers(0, 999, len(Y)) * 0.25, lambda made: made % 0.25 == 0),
        (lambda rng: rng.integers(0, 999, len(Y)) * 5, lambda made: made % 5 == 0),
        (
            lambda rng: pd.Timestamp("2007-01-19") + pd.to_timedelta(rng.integers(0, 2000, len(Y)), unit="D"),
            lambda made: made == made.dt.normalize(),
        ),
        (
            lambda rng: pd.Timestamp("2007-01-19") + pd.to_timedelta(rng.integers(0, 9999, len(Y)) * 15, unit="min"),
            lambda made: made == made.dt.floor("15min"),
        ),
        (
            lambda rng: pd.Series(
                pd.Timestamp("2007-01-19") + pd.to_timedelta(rng.integers(0, 2000, len(Y)), unit="D")
            ).dt.tz_localize("Europe/Berlin"),
            lambda made: made == made.dt.normalize(),
        ),
    ],
    ids=["whole floats", "cents", "quarters", "fives", "days", "quarter hours", "days of a zone"],
)
def test_generated_numbers_lie_on_the_grid_of_their_column(values, is_on_grid):
    # bug: 69.123983 among integers, 22.373248 among prices, 2007-01-19 12:37:58.46 among dates
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": pd.Series(values(rng)), "noise": rng.normal(size=len(Y))})
    over = quick()
    over.fit_resample(frame, Y)
    made = over.sample(300)[0]["x"]
    assert is_on_grid(made).all()
    assert made.nunique() > 50


def test_polars_in_and_out():
    frame = pl.from_pandas(mixed_frame()).with_columns(pl.col("colour").cast(pl.Categorical))
    target = pl.Series("kind", Y.tolist(), dtype=pl.Enum(["rare", "common"]))
    over = quick()
    X_res, y_res = over.fit_resample(frame, target)
    assert X_res.schema == over.sample(3)[0].schema == frame.schema
    assert X_res[: len(Y)].equals(frame)
    assert y_res.dtype == target.dtype
    assert y_res.name == "kind"
    assert over.feature_names_in_.tolist() == frame.columns


@pytest.mark.parametrize("strategy", ["equal", {0: 30}])
def test_a_table_of_categories_only(strategy):
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"a": rng.choice(list("xyz"), 40), "b": rng.choice(list("uv"), 40)}, dtype="category")
    y = np.repeat([0, 1], [30, 10])
    X_res, _ = quick(sampling_strategy=strategy).fit_resample(table, y)
    assert X_res.dtypes.tolist() == table.dtypes.tolist()
    assert not X_res.isna().any(axis=None)


def test_integer_codes_are_categories_where_named():
    codes = np.random.default_rng(0).choice([10, 300, -7], (60, 2))
    X_res, _ = quick(categorical_features=[True, False]).fit_resample(codes, np.arange(60) % 3 // 2)
    assert X_res.dtype == codes.dtype
    assert set(X_res[:, 0]) == {10, 300, -7}


def test_sparse_tables_may_hold_categories():
    dense = np.random.default_rng(0).choice([0.0, 0.0, 2.0], (60, 3))
    y = np.arange(60) % 3 // 2
    expected = quick(categorical_features=[0, 2]).fit_resample(dense, y)[0]
    X_res, _ = quick(categorical_features=[0, 2]).fit_resample(sparse.csr_array(dense), y)
    assert isinstance(X_res, sparse.csr_array)
    np.testing.assert_array_equal(X_res.toarray(), expected)


def test_categorical_features_are_told():
    over = quick().fit(mixed_frame(), Y)
    assert over.categorical_features_.tolist() == [0, 4, 6, 10]
    over = quick(categorical_features=["visits", "colour", "member", "size"]).fit(mixed_frame(), Y)
    assert over.categorical_features_.tolist() == [0, 2, 4, 6]


# Missing values


def test_missing_values_can_be_refused():
    with pytest.raises(InvalidDataError, match=r"column 'income' has .* missing .* missing_values='error'"):
        quick(missing_values="error").fit_resample(mixed_frame()[["spend", "income"]], Y)


@pytest.mark.parametrize(("missing_values", "allowed"), [("keep", True), ("error", False)])
def test_the_tag_for_missing_values_follows(missing_values, allowed):
    tags = get_tags(WGANGPOverSampler(missing_values=missing_values)).input_tags
    assert tags.allow_nan is allowed
    assert tags.categorical


def test_missing_numbers_of_an_array_are_learnt():
    rng = np.random.default_rng(0)
    table = rng.normal(size=(300, 3))
    table[rng.random(300) < 0.5, 1] = np.nan
    y = np.repeat([0, 1], [200, 100])
    over = quick()
    X_res, _ = over.fit_resample(table, y)
    assert not np.isnan(X_res[:, [0, 2]]).any()
    assert np.isnan(over.sample(500)[0][:, 1]).any()


# Small and odd tables


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5])
def test_a_class_of_one_to_five_rows_is_grown_and_not_by_copies(n):
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=(60 + n, 3)), columns=list("abc"))
    table["d"] = rng.choice(["u", "v"], 60 + n)
    y = np.array(["large"] * 60 + ["thin"] * n)
    with pytest.warns(ThinClassWarning, match=rf"at most 5 rows and get synthetic rows: 'thin' \({n}\)") as caught:
        X_res, y_res = quick().fit_resample(table, y)
    assert len(caught) == 1
    new = X_res[y_res == "thin"].iloc[n:]
    assert len(new) == 60 - n
    assert len(new.drop_duplicates()) > 50
    assert not set(map(tuple, new[["a", "b", "c"]].to_numpy())) & set(map(tuple, table[["a", "b", "c"]].to_numpy()))


def test_a_lonely_row_is_grown_around_itself():
    # With default parameters, the row gives the location of the class, and the other classes give its spread.
    rng = np.random.default_rng(0)
    table = np.vstack([rng.normal(0.0, 1.0, (100, 2)), rng.normal(10.0, 1.0, (100, 2)), [[5.0, -5.0]]])
    y = np.repeat([0, 1, 2], [100, 100, 1])
    with pytest.warns(ThinClassWarning):
        X_res, y_res = WGANGPOverSampler(random_state=0, device="cpu").fit_resample(table, y)
    new = X_res[y_res == 2][1:]
    np.testing.assert_allclose(np.median(new, axis=0), [5.0, -5.0], atol=1.5)
    assert (new.std(axis=0) > 0.2).all()


def test_an_all_categorical_class_of_one_row_varies():
    rng = np.random.default_rng(0)
    table = np.vstack([rng.choice(list("abcd"), (80, 6)), [list("abcdab")]]).astype(object)
    y = np.repeat([0, 1], [80, 1])
    over = WGANGPOverSampler(random_state=0, device="cpu", categorical_features=range(6))
    with pytest.warns(ThinClassWarning):
        X_res, y_res = over.fit_resample(table, y)
    new = X_res[y_res == 1][1:]
    assert len({tuple(row) for row in new}) > 5


def test_thin_classes_that_stay_are_not_warned_about():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        y = np.repeat([0, 1, 2], [30, 20, 2])
        quick(sampling_strategy={1: 30}).fit_resample(np.random.default_rng(0).normal(size=(52, 2)), y)


@pytest.mark.parametrize(
    "table",
    [
        np.ones((60, 3)),
        np.random.default_rng(0).normal(size=(60, 1)),
        np.tile(np.random.default_rng(0).normal(size=(6, 4)), (10, 1)),
        np.random.default_rng(0).normal(size=(60, 1000)),
        np.full((60, 2), np.nan),
        pd.DataFrame({"a": ["x"] * 60}),
        pd.DataFrame({"a": pd.Series([None] * 60, dtype="object")}),
        pd.DataFrame({"a": np.arange(60) % 2 == 0}),
    ],
    ids=[
        "constant",
        "one feature",
        "duplicates",
        "1000 features",
        "only missing",
        "one category",
        "no category",
        "bool",
    ],
)
def test_odd_tables(table):
    y = np.arange(60) % 4 // 3
    X_res, _ = quick().fit_resample(table, y)
    assert X_res.shape == (90, table.shape[1])


@pytest.mark.filterwarnings("ignore::wgan_resampler.exceptions.ManyClassesWarning")
def test_two_hundred_classes():
    rng = np.random.default_rng(0)
    y = np.repeat(np.arange(200), 6)
    y = np.concatenate([y, np.zeros(6, dtype=int)])
    X_res, y_res = quick(batch_size="auto").fit_resample(rng.normal(y[:, None], 1.0, (len(y), 3)), y)
    assert set(Counter(y_res.tolist()).values()) == {12}
    assert X_res.shape == (2400, 3)


def test_fewer_rows_than_a_batch():
    X_res, _ = quick(batch_size=512).fit_resample(np.random.default_rng(0).normal(size=(20, 2)), [0] * 13 + [1] * 7)
    assert len(X_res) == 26


# Many categories


def test_an_identifier_is_warned_about():
    frame = pd.DataFrame({"id": [f"customer {i}" for i in range(120)], "x": np.arange(120.0)})
    with pytest.warns(IdentifierColumnWarning, match=r"'id' holds 120 categories in 120 values.*Leave the column out"):
        quick().fit(frame, np.arange(120) % 4 // 3)


MANY_CATEGORIES = """
import resource
import numpy as np, pandas as pd
from wgan_resampler import WGANGPOverSampler

n, k, rng = 50_000, 5000, np.random.default_rng(0)
X = pd.DataFrame({"town": pd.Series(rng.integers(0, k, n)).astype("category"), "x": rng.normal(size=n)})
y = (rng.random(n) < 0.1).astype(int)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
X_res, y_res = WGANGPOverSampler(random_state=0, device="cpu", epochs=1, batch_size=128, n_critic=2).fit_resample(X, y)
assert (y_res == 0).sum() == (y_res == 1).sum()
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="measures memory with the resource module")
def test_many_categories_take_the_memory_of_a_batch_not_of_the_table():
    # One-hot, the table would take 50 000 x 5 000 x 4 bytes = 954 MiB.
    run = subprocess.run([sys.executable, "-c", MANY_CATEGORIES], capture_output=True, text=True, check=True)
    scale = 2**20 if sys.platform == "darwin" else 1  # macOS counts in bytes
    assert float(run.stdout) / scale < 600


# Contracts


def test_a_pickle_of_a_sampler_with_a_mixed_table_draws_the_same_rows():
    over = quick()
    over.fit_resample(mixed_frame(), Y)
    again = pickle.loads(pickle.dumps(over))
    pd.testing.assert_frame_equal(over.sample(20, random_state=1)[0], again.sample(20, random_state=1)[0])


def test_a_mixed_table_in_a_pipeline():
    frame = mixed_frame()[["colour", "spend", "income", "size"]]
    columns = ColumnTransformer(
        [("one-hot", OneHotEncoder(handle_unknown="ignore", sparse_output=False), ["colour", "size"])],
        remainder="passthrough",
    )
    pipeline = make_pipeline(quick(), columns, HistGradientBoostingClassifier(max_iter=10))
    scores = cross_val_score(pipeline, frame, Y, cv=3, scoring="balanced_accuracy", error_score="raise")
    assert scores.mean() > 0.7


@st.composite
def frames(draw):
    """Return any frame of a few rows and columns, and a target of two classes."""
    n = draw(st.integers(12, 30))
    kinds = {
        "float64": st.floats(-1e6, 1e6) | st.just(float("nan")),
        "int64": st.integers(-(2**40), 2**40),
        "Int8": st.integers(-100, 100) | st.none(),
        "boolean": st.booleans() | st.none(),
        "bool": st.booleans(),
        "string": st.sampled_from(["a", "b", "", "ä"]) | st.none(),
        "object": st.sampled_from(["a", 7, 2.5]) | st.none(),
        "category": st.sampled_from(["p", "q"]),
        "datetime64[ns]": st.integers(0, 2**60),
    }
    names = draw(st.lists(st.sampled_from(sorted(kinds)), min_size=1, max_size=4))
    columns = {
        f"{i} {kind}": pd.Series(draw(st.lists(kinds[kind], min_size=n, max_size=n)), dtype=kind)
        for i, kind in enumerate(names)
    }
    return pd.DataFrame(columns), np.arange(n) % 3 // 2


@given(frames())
@settings(max_examples=25, deadline=None)
def test_any_frame_keeps_its_schema_its_categories_and_its_completeness(table):
    frame, y = table
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ThinClassWarning)
        X_res, _ = quick(hidden_dim=4, n_critic=1).fit_resample(frame, y)
    pd.testing.assert_frame_equal(X_res.iloc[: len(frame)], frame)
    assert X_res.dtypes.tolist() == frame.dtypes.tolist()
    for name in frame:
        new, old = X_res[name].iloc[len(frame) :], frame[name]
        if old.notna().all():
            assert new.notna().all()
        if name.split()[1] in ("boolean", "bool", "string", "object", "category"):
            assert set(new.dropna()) <= set(old.dropna())
        elif new.notna().any():
            assert old.min() <= new.min() <= new.max() <= old.max()
