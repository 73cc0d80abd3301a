"""Tables of all containers and dtypes: original rows stay as they are, and synthetic rows have the same dtypes."""

import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra import numpy as hnp
from sampler.over_sampler.quick import TEXTS, X, Y, counts, quick
from scipy import sparse

RNG = np.random.default_rng(0)

FLOATS, INTEGERS = ["f2", "f4", "f8", ">f4", "g"], ["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"]


@pytest.mark.parametrize("dtype", [*FLOATS, *INTEGERS, "?"])
def test_arrays_of_any_dtype(dtype):
    table = (np.abs(X) * 30).astype(dtype)
    over = quick()
    X_res, _ = over.fit_resample(table, Y)
    X_more, _ = over.sample(5)
    assert X_res.dtype == X_more.dtype == np.dtype(dtype)
    assert X_res[:30].tobytes() == table.tobytes()
    for new in (X_res[30:], X_more):
        assert (new >= table.min(axis=0)).all()
        assert (new <= table.max(axis=0)).all()


def frame_of_all_dtypes():
    names = ["float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]
    names += ["bool", "Int64", "UInt8", "Float32", "Float64", "boolean", "Sparse[float]", "Sparse[int]"]
    values = np.abs(RNG.normal(size=(30, len(names))) * 20).round()
    columns = {}
    for name, column in zip(names, values.T, strict=True):
        plain = column > 10 if name.lower().startswith("bool") else column.astype("int64")
        columns[name] = pd.Series(plain).astype(name)
    return pd.DataFrame(columns).set_index(pd.Index(range(100, 130)))


def test_a_frame_of_all_dtypes():
    frame = frame_of_all_dtypes()
    over = quick()
    X_res, y_res = over.fit_resample(frame, pd.Series(TEXTS, index=frame.index))
    X_more, _ = over.sample(7)
    pd.testing.assert_frame_equal(X_res.iloc[:30], frame)
    assert X_res.index.equals(pd.RangeIndex(100, 154))
    assert y_res.index.equals(pd.RangeIndex(100, 154))
    assert X_res.dtypes.tolist() == X_more.dtypes.tolist() == frame.dtypes.tolist()
    assert not any(X_res[name].isna().any() for name in X_res)
    for name in frame:
        new = pd.concat([X_res[name].iloc[30:], X_more[name]]).astype("float64")
        old = frame[name].astype("float64")
        assert new.between(old.min(), old.max()).all()
        if not name.lower().startswith("float") and name != "Sparse[float]":
            assert (new == new.round()).all()


def test_integers_beyond_2_to_the_53_beside_floats():
    ids = 2**53 + 1 + 2 * np.arange(30)
    frame = pd.DataFrame({"id": ids, "x": X[:, 0]})
    X_res, _ = quick().fit_resample(frame, Y)
    assert X_res["id"].iloc[:30].tolist() == ids.tolist()
    assert X_res["id"].dtype == np.int64
    assert X_res["id"].between(ids[0], ids[-1]).all()


def test_ends_of_the_range_of_int64_and_uint64():
    table = pd.DataFrame({"i": np.array([-(2**63), 2**63 - 1] * 15), "u": np.array([0, 2**64 - 1] * 15, np.uint64)})
    X_res, _ = quick().fit_resample(table, Y)
    pd.testing.assert_frame_equal(X_res.iloc[:30], table)
    assert X_res.dtypes.tolist() == table.dtypes.tolist()


@pytest.mark.parametrize("kind", [sparse.csr_array, sparse.csc_array, sparse.csr_matrix, sparse.csc_matrix])
def test_sparse_tables_equal_dense_ones(kind):
    dense = np.where(np.abs(X) > 1, X, 0.0)
    over = quick()
    X_res, y_res = over.fit_resample(kind(dense), Y)
    X_dense, y_dense = quick().fit_resample(dense, Y)
    assert type(X_res) is type(over.sample(2)[0]) is kind
    assert X_res.toarray().tobytes() == X_dense.tobytes()
    np.testing.assert_array_equal(y_res, y_dense)


def test_lists():
    over = quick()
    X_res, y_res = over.fit_resample(X.tolist(), TEXTS.tolist())
    assert X_res[:30] == X.tolist()
    assert y_res[:30] == TEXTS.tolist()
    assert type(X_res[40][0]) is float
    assert type(y_res[40]) is str
    X_more, y_more = over.sample(2)
    assert isinstance(X_more, list)
    assert isinstance(y_more, list)


@pytest.mark.parametrize("arrange", [np.asfortranarray, lambda table: np.repeat(table, 2, axis=0)[::2], np.flip])
def test_any_memory_order(arrange):
    table = arrange(X)
    X_res, _ = quick().fit_resample(table, Y)
    expected, _ = quick().fit_resample(np.array(table, order="C"), Y)
    np.testing.assert_array_equal(X_res, expected)


def read_only(array):
    array = array.copy()
    array.setflags(write=False)
    return array


@pytest.mark.parametrize(
    ("table", "target"),
    [
        (read_only(X), read_only(Y)),
        (X.tolist(), Y.tolist()),
        (pd.DataFrame(X), pd.Series(Y)),
        (sparse.csr_array(X), Y),
        (sparse.csc_array(X), pd.DataFrame({"y": TEXTS})),
    ],
    ids=["read-only arrays", "lists", "frame", "csr", "csc"],
)
@pytest.mark.parametrize("strategy", ["equal", {1: 6}], ids=["grown", "balanced"])
def test_the_callers_data_stay_as_they_are(table, target, strategy):
    if strategy != "equal" and isinstance(target, pd.DataFrame):
        strategy = {"v": 6}
    before = pickle.dumps((table, target))
    X_res, y_res = quick(sampling_strategy=strategy).fit_resample(table, target)
    for result in (X_res, y_res):
        if isinstance(result, np.ndarray):
            result[:] = 0
        elif sparse.issparse(result):
            result.data[:] = 0
        elif isinstance(result, list):
            result[0] = None
        else:
            result[:] = result.iloc[::-1].to_numpy()
    assert pickle.dumps((table, target)) == before


def test_names_of_features():
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    over = quick()
    X_res, _ = over.fit_resample(frame, Y)
    assert over.n_features_in_ == 3
    assert over.feature_names_in_.tolist() == over.get_feature_names_out().tolist() == ["a", "b", "c"]
    assert X_res.columns.tolist() == over.sample(1)[0].columns.tolist() == ["a", "b", "c"]
    over.fit_resample(X, Y)
    assert not hasattr(over, "feature_names_in_")
    assert over.get_feature_names_out().tolist() == ["x0", "x1", "x2"]


@st.composite
def tables(draw):
    dtype = draw(st.sampled_from(["f4", "f8", "i1", "i4", "i8", "u8", "?"]))
    shape = draw(st.integers(5, 14)), draw(st.integers(1, 3))
    elements = {"allow_nan": False, "allow_infinity": False} if dtype[0] == "f" else None
    table = draw(hnp.arrays(dtype, shape, elements=elements))
    y = draw(st.permutations([0, 0, 1, 1, *([2, 2] if shape[0] > 6 else []), *[0] * (shape[0] - 6)][: shape[0]]))
    y = [*y, *[0] * (shape[0] - len(y))]
    return table, np.array(y)


@pytest.mark.filterwarnings("ignore::wgan_resampler.exceptions.ThinClassWarning")
@settings(max_examples=60, deadline=None)
@given(tables(), st.sampled_from(["equal", "upsample", "all"]), st.integers(0, 2**32 - 1))
def test_any_numeric_table(data, strategy, seed):
    table, y = data
    over = quick(sampling_strategy=strategy, hidden_dim=4, num_layers=1, random_state=seed)
    X_res, y_res = over.fit_resample(table, y)
    grown = {label: n + over.sampling_strategy_[label] for label, n in counts(y).items()}
    assert counts(y_res) == grown
    target = max(counts(y).values())
    assert grown == {label: n + n // 2 if strategy == "upsample" else target for label, n in counts(y).items()}
    assert X_res.dtype == table.dtype
    assert X_res[: len(y)].tobytes() == table.tobytes()
    assert y_res[: len(y)].tolist() == y.tolist()
    assert (X_res.min(axis=0) == table.min(axis=0)).all()
    assert (X_res.max(axis=0) == table.max(axis=0)).all()


@pytest.mark.filterwarnings("ignore::wgan_resampler.exceptions.ThinClassWarning")
@settings(max_examples=25, deadline=None)
@given(tables(), st.sampled_from([np.asfortranarray, pd.DataFrame, sparse.csr_array, sparse.csc_array]))
def test_any_container_gives_the_same(data, container):
    table, y = data
    # Booleans of a frame are categories by default, those of an array are not.
    over, in_container = (quick(hidden_dim=4, num_layers=1, categorical_features=[]) for _ in range(2))
    expected, y_expected = over.fit_resample(table, y)
    X_res, y_res = in_container.fit_resample(container(table), y)
    dense = X_res.toarray() if sparse.issparse(X_res) else np.asarray(X_res)
    np.testing.assert_array_equal(dense, expected)
    np.testing.assert_array_equal(y_res, y_expected)


def test_bug_attributes_and_a_range_as_index_were_lost():
    frame = pd.DataFrame(X, columns=list("abc"), index=pd.RangeIndex(100, 160, 2, name="id"))
    target = pd.Series(Y, name="kind", index=frame.index)
    frame.attrs, target.attrs = {"source": "field book"}, {"unit": "species"}
    for parameters, n in (({}, 54), ({"sampling_strategy": {}}, 30)):
        X_res, y_res = quick(**parameters).fit_resample(frame, target)
        for found, attributes in ((X_res, frame.attrs), (y_res, target.attrs)):
            assert found.attrs == attributes
            pd.testing.assert_index_equal(found.index, pd.RangeIndex(100, 100 + 2 * n, 2, name="id"), exact=True)
        pd.testing.assert_frame_equal(X_res[:30], frame)


def test_columns_of_several_levels_stay():
    columns = pd.MultiIndex.from_tuples([("size", "x"), ("size", "y"), ("kind", "")])
    X_res, _ = quick(categorical_features=[("kind", "")]).fit_resample(pd.DataFrame(X.round(), columns=columns), Y)
    pd.testing.assert_index_equal(X_res.columns, columns)
