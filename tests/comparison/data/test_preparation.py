import numpy as np
import pandas as pd
import pytest
from comparison.samplers import TableIdentity

from wgan_resampler import compare_samplers
from wgan_resampler.comparison.data.preparation import MISSING, FoldTable, encoder
from wgan_resampler.comparison.methods.registry import resolve_samplers


def test_only_the_categories_of_the_training_rows_are_known():
    train = pd.DataFrame({"c": pd.Categorical(["a", "b", None], categories=["a", "b", "test only"])})
    test = pd.DataFrame({"c": ["b", "test only"]})
    table = FoldTable().fit(train)
    assert table.transform(train)["c"].cat.categories.tolist() == ["a", "b"]
    assert table.transform(test)["c"].tolist()[0] == "b"
    assert table.transform(test)["c"].isna().tolist() == [False, True]


def test_a_raw_table_keeps_numbers_types_and_missing_cells(mixed):
    X, _ = mixed
    table = FoldTable().fit_transform(X)
    pd.testing.assert_series_equal(table["amount"], X["amount"])
    assert table["count"].dtype == X["count"].dtype
    assert table["colour"].isna().equals(X["colour"].isna())
    assert table["colour"].dtype == "category"


def test_a_prepared_table_is_complete_and_scaled(mixed):
    table = FoldTable(complete=True, scale=True).fit_transform(mixed[0])
    assert table.notna().all(axis=None)
    assert MISSING in table["colour"].cat.categories
    np.testing.assert_allclose(table[["amount", "count"]].mean(), 0, atol=1e-12)
    np.testing.assert_allclose(table[["amount", "count"]].std(ddof=0), 1)


def test_preparing_and_then_encoding_is_encoding(mixed):
    X, _ = mixed
    train, test = X.iloc[:100], X.iloc[100:]
    whole = encoder(X).fit(train)
    prepare = FoldTable(complete=True, scale=True).fit(train)
    finish = encoder(X, prepared=True).fit(prepare.transform(train))
    for rows in (train, test):
        np.testing.assert_allclose(finish.transform(prepare.transform(rows)), whole.transform(rows), atol=1e-12)


def test_a_category_that_only_test_rows_have_is_the_same_in_every_form():
    train = pd.DataFrame({"c": ["a", "b", "a", None], "d": ["u", "v", "u", "v"]})
    test = pd.DataFrame({"c": ["test only", None, "b"], "d": ["test only", None, "u"]})
    whole = encoder(train).fit(train).transform(test)
    for form, prepared in ((FoldTable(), False), (FoldTable(complete=True, scale=True), True)):
        form.fit(train)
        finished = encoder(train, prepared=prepared).fit(form.transform(train))
        np.testing.assert_array_equal(finished.transform(form.transform(test)), whole)


def test_scales_and_medians_are_those_of_the_training_rows():
    train, test = pd.DataFrame({"n": [0.0, 1.0, 5.0]}), pd.DataFrame({"n": [np.nan, 1e6]})
    fitted = encoder(train).fit(train)
    np.testing.assert_allclose(fitted.transform(test)[:, 0], (np.array([1.0, 1e6]) - 2.0) / train["n"].std(ddof=0))


def test_odd_columns_pass(two_classes):
    _, y = two_classes
    n = len(y)
    X = pd.DataFrame(
        {
            "empty": np.full(n, np.nan),
            "constant": np.ones(n),
            "truth": np.arange(n) % 2 == 0,
            "nullable": pd.array([None, *range(n - 1)], dtype="Int64"),
            "id": [f"row {row}" for row in range(n)],
            "useful": two_classes[0][:, 0],
        }
    )
    frame = compare_samplers(
        (X, y), {"none": None, "smote": "smote", "t": TableIdentity()}, classifiers=["knn"], cv=2, verbose=0
    ).to_frame()
    assert frame["error"].isna().all(), frame["error"].dropna().iloc[0]


def noting(name, kind, chosen):
    def make(*args, **options):
        chosen.append(name)
        return kind(*args, **options)

    return make


@pytest.mark.parametrize(
    ("columns", "kind"), [(["amount", "count"], "SMOTE"), (["amount", "colour"], "SMOTENC"), (["colour"], "SMOTEN")]
)
def test_smote_is_the_one_for_the_table(mixed, columns, kind, monkeypatch):
    chosen = []
    from wgan_resampler.comparison.methods import adapters

    for name in ("SMOTE", "SMOTEN", "SMOTENC"):
        monkeypatch.setattr(adapters, name, noting(name, getattr(adapters, name), chosen))
    X, y = mixed
    table = FoldTable(complete=True, scale=True).fit_transform(X[columns])
    resolve_samplers(["smote"])[0].sampler.fit_resample(table, y)
    assert chosen == [kind]
