"""Compare WGANGPOverSampler with SMOTE, SMOTENC and SMOTEN on tables with categories and missing values.

Usage: python benchmarks/mixed_tables.py FOLDER [--sets a,b] [--folds 5] [--results results.csv]

FOLDER holds one file NAME.csv.gz for each data set. A file has a header and the target in the last column. Missing
values are empty fields, and categories are strings.

Each set is divided into stratified folds. On the training part of a fold, each over-sampler enlarges all classes to the
size of the largest class. Then three classifiers are trained on its rows. Before the classifiers, a ColumnTransformer
imputes numbers by their mean and standardizes them. It imputes categories by the most frequent category and one-hot
encodes them.

WGANGPOverSampler gets the raw table. The SMOTE family cannot use missing values, and computes distances. So it gets an
imputed table with standardized numbers. SMOTENC is used for mixed tables, SMOTEN for tables of categories, and SMOTE
for tables of numbers. Everything is fitted on the training part. An over-sampler is fitted once for the three
classifiers. The scores are the same as if it were fitted for each of them.
"""

import argparse
import time
from pathlib import Path

import pandas as pd
from imblearn.over_sampling import SMOTE, SMOTEN, SMOTENC
from imblearn.pipeline import make_pipeline
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, f1_score
from sklearn.model_selection import StratifiedKFold
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from wgan_resampler import WGANGPOverSampler

SETS = "car_eval,german,bank_4521,stroke,thyroid_sick,abalone_7,saheart,us_crime"
CLASSIFIERS = {
    "logistic regression": LogisticRegression(max_iter=2000),
    "random forest": RandomForestClassifier(random_state=0),
    "gradient boosting": HistGradientBoostingClassifier(random_state=0),
}
SCORES = {"balanced accuracy": balanced_accuracy_score, "macro F1": lambda y, p: f1_score(y, p, average="macro")}


def column_kinds(X):
    """Return the names of the numeric and of the other columns."""
    numeric = X.select_dtypes("number").columns.tolist()
    return numeric, [name for name in X if name not in numeric]


def imputed(X):
    """Return the step that prepares a table for the SMOTE family: imputed, with standardized numbers."""
    numeric, categorical = column_kinds(X)
    numbers = make_pipeline(SimpleImputer(keep_empty_features=True), StandardScaler())
    parts = [("n", numbers, numeric), ("c", SimpleImputer(strategy="most_frequent"), categorical)]
    return ColumnTransformer(parts, verbose_feature_names_out=False).set_output(transform="pandas")


def encoded(X):
    """Return the step between over-sampler and classifier: imputed, standardized, one-hot encoded."""
    numeric, categorical = column_kinds(X)
    numbers = make_pipeline(SimpleImputer(keep_empty_features=True), StandardScaler())
    one_hot = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    categories = make_pipeline(SimpleImputer(strategy="most_frequent"), one_hot)
    return ColumnTransformer([("n", numbers, numeric), ("c", categories, categorical)])


def smote_for(X, seed):
    """Return the member of the SMOTE family for such columns."""
    numeric, categorical = column_kinds(X)
    if not categorical:
        return SMOTE(random_state=seed)
    return SMOTENC(categorical, random_state=seed) if numeric else SMOTEN(random_state=seed)


def resampled(name, X, y, seed):
    """Return the over-sampled training part, and the step that must prepare the test rows, if any."""
    if name == "none":
        return X, y, None
    if name == "WGAN-GP":
        return *WGANGPOverSampler(random_state=seed, device="cpu").fit_resample(X, y), None
    step = imputed(X).fit(X)
    complete = step.transform(X).astype(dict.fromkeys(column_kinds(X)[1], object))
    return *smote_for(X, seed).fit_resample(complete, y), step


def compare(folder, names, n_folds):
    """Return one row of scores for each set, fold, sampler and classifier."""
    records = []
    bar = tqdm(total=len(names) * n_folds * 3)
    for name in names:
        X = pd.read_csv(Path(folder) / f"{name}.csv.gz")
        y = X.pop(X.columns[-1]).astype(str)
        folds = StratifiedKFold(n_folds, shuffle=True, random_state=0).split(X, y)
        for fold, (train, test) in enumerate(folds):
            for sampler in ("none", "SMOTE family", "WGAN-GP"):
                bar.set_description(f"{name}, {sampler}")
                start = time.perf_counter()
                X_train, y_train, before = resampled(sampler, X.iloc[train], y.iloc[train], fold)
                seconds = time.perf_counter() - start
                X_test = X.iloc[test] if before is None else before.transform(X.iloc[test])
                for label, classifier in CLASSIFIERS.items():
                    fitted = make_pipeline(encoded(X_train), clone(classifier)).fit(X_train, y_train)
                    predicted = fitted.predict(X_test)
                    scores = {score: function(y.iloc[test], predicted) for score, function in SCORES.items()}
                    row = {"set": name, "fold": fold, "sampler": sampler, "classifier": label, "seconds": seconds}
                    records.append({**row, **scores})
                bar.update()
    bar.close()
    return pd.DataFrame(records)


def report(results):
    """Print the means of each set and of each classifier."""
    samplers = results["sampler"].unique()
    for score in SCORES:
        table = results.pivot_table(index="set", columns="sampler", values=score, sort=False)[samplers]
        table.loc["mean"] = table.mean()
        by_classifier = results.pivot_table(index="classifier", columns="sampler", values=score, sort=False)[samplers]
        print(f"\n{score}\n{pd.concat([table, by_classifier]).round(4).to_string()}")
    seconds = results.groupby("sampler", sort=False)["seconds"].median()
    print(f"\nmedian seconds of fit_resample: {seconds.round(2).to_dict()}")


def main():
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--sets", default=SETS)
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--results", type=Path, help="a CSV file for the scores of each fold")
    args = parser.parse_args()
    with threadpool_limits(1):
        results = compare(args.folder, args.sets.split(","), args.folds)
    if args.results:
        results.to_csv(args.results, index=False)
    report(results)


if __name__ == "__main__":
    main()
