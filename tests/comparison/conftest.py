import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import make_classification


@pytest.fixture(scope="session")
def two_classes():
    X, y = make_classification(n_samples=150, n_features=5, weights=[0.8], class_sep=0.8, flip_y=0.05, random_state=3)
    return X, y


@pytest.fixture(scope="session")
def three_classes():
    return make_classification(
        n_samples=180, n_features=5, n_informative=4, n_redundant=0, n_classes=3, weights=[0.6, 0.3], random_state=1
    )


@pytest.fixture(scope="session")
def mixed():
    """A table with a numeric and a categorical feature, both with missing values."""
    rng = np.random.default_rng(0)
    y = np.where(rng.random(150) < 0.25, "rare", "usual")
    X = pd.DataFrame(
        {
            "amount": rng.normal(size=150) + (y == "rare"),
            "count": rng.integers(0, 9, size=150),
            "colour": np.where(rng.random(150) < 0.7, np.where(y == "rare", "red", "blue"), "green"),
        }
    )
    X.loc[::11, "amount"] = np.nan
    X["colour"] = X["colour"].where(rng.random(150) > 0.1, None)
    return X, y
