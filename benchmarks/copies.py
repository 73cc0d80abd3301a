"""Measure whether synthetic rows are copies of training rows, for WGANGPOverSampler and for SMOTE.

Usage: python benchmarks/copies.py FOLDER [--sets a,b]

FOLDER holds one file NAME.csv.gz for each data set, with the target in the last column. Only tables of numbers are
used. Rows with missing values are left out. Numbers are standardized, so distances are in standard deviations of
the table.

The column "copies" counts the new rows that equal a training row in all columns. The column "closest" is the median
distance from a new row to the closest training row, divided by the median distance from a training row to the closest
other training row.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from imblearn.over_sampling import SMOTE
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from wgan_resampler import WGANGPOverSampler

FEWEST_ROWS = 6
"""Smallest class that SMOTE can over-sample: it uses five neighbors of each row."""


def distances(X, y, sampler):
    """Return the value of "closest", the number of copies, and the number of new rows."""
    X_new = sampler.fit_resample(X, y)[0][len(X) :]
    scaler = StandardScaler().fit(X)
    neighbors = NearestNeighbors(n_neighbors=2).fit(scaler.transform(X))
    to_new = neighbors.kneighbors(scaler.transform(X_new), n_neighbors=1)[0][:, 0]
    among = neighbors.kneighbors(scaler.transform(X))[0][:, 1]
    known = {row.tobytes() for row in X}
    return np.median(to_new) / np.median(among), sum(row.tobytes() in known for row in X_new), len(X_new)


def main():
    """Print one line for each set."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sets", help="comma-separated names (default: all tables of numbers)")
    parser.add_argument("--max-rows", type=int, default=4000)
    args = parser.parse_args()
    print("| set | new rows | copies, SMOTE | copies, WGAN-GP | closest, SMOTE | closest, WGAN-GP |")
    print("|" + "---|" * 6)
    for path in sorted(args.folder.glob("*.csv.gz")):
        name = path.name.removesuffix(".csv.gz")
        table = pd.read_csv(path).dropna()
        table = table.sample(min(len(table), args.max_rows), random_state=0)
        y = table.pop(table.columns[-1]).to_numpy()
        counts = np.unique(y, return_counts=True)[1]
        is_numeric = all(dtype.kind in "fi" for dtype in table.dtypes)
        if not is_numeric or counts.min() < FEWEST_ROWS or len(set(counts)) == 1:
            continue
        if args.sets and name not in args.sets.split(","):
            continue
        X = table.to_numpy(dtype=float)
        smote, ours = (
            distances(X, y, s) for s in (SMOTE(random_state=0), WGANGPOverSampler(random_state=0, device="cpu"))
        )
        print(f"| {name} | {ours[2]} | {smote[1]} | {ours[1]} | {smote[0]:.2f} | {ours[0]:.2f} |", flush=True)


if __name__ == "__main__":
    with threadpool_limits(1):
        main()
