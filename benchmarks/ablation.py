"""Measure the effect of each ingredient of the over-sampler: compare the defaults with and without it.

Usage: python benchmarks/ablation.py FOLDER --output DIR [--splits 1] [--jobs 2]

FOLDER holds one file NAME.csv.gz for each data set, with the target in the last column. One comparison
(`compare_samplers`) has each variant as a sampler, and some over-samplers of imbalanced-learn as peers. There is one
stratified split of each set, with a fifth of the rows for testing, and seven classifiers. Each result is stored in DIR
when it is finished. If the script is stopped and started again, it continues.

Defaults that were chosen by their scores look better than they are. A nested estimate measures this effect. It divides
the sets at random into two halves, chooses the variant with the best mean rank on one half, and computes its mean rank
among the peers on the other half. This is repeated many times.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedShuffleSplit

from wgan_resampler import WGANGPOverSampler, compare_samplers

METRICS = ("balanced_accuracy", "g_mean", "f1", "matthews_corrcoef", "average_precision", "roc_auc")
CHOSEN_BY = ("balanced_accuracy", "g_mean", "f1", "matthews_corrcoef")
N_HALVINGS = 500
PEERS = ("none", "smote", "svm_smote", "smoteenn")
WITHOUT = {
    "defaults": {},
    "no real rows among the candidates": {"neighbor_share": 0.0},
    "real rows alone": {"neighbor_share": 1.0},
    "isolated rows used for training too": {"m_neighbors": 0},
    "no moment start": {"moment_start": False},
    "no boundary focus": {"boundary_focus": 0.0},
    "no rejection": {"rejection_rate": 0.0},
    "rows as they are": {"borrowed_rows": 0.0},
    "one critic update": {"n_critic": 1},
    "three critic updates": {"n_critic": 3},
    "no moving average": {"average_decay": 0.0},
    "layer norm in the generator": {"normalization": "layer"},
}


def nested(scores: pd.DataFrame, variants: list[str], peers: list[str]) -> pd.DataFrame:
    """Return the nested estimate: mean ranks of the chosen variant and of each peer, on sets not used for the choice.

    Parameters
    ----------
    scores : DataFrame
        Means over classifiers, with a row for each (dataset, sampler) and a column for each metric.
    variants : list of str
        Samplers from which one is chosen.
    peers : list of str
        Samplers among which the chosen variant is ranked.

    Returns
    -------
    DataFrame
        Means over all random halves, with a row for "chosen" and for each peer.
    """
    tables = {metric: scores[metric].unstack() for metric in METRICS}
    # Each variant is ranked alone among the peers, so that other variants do not change its rank.
    ranks = {
        (name, metric): table[[name, *peers]].rank(axis=1, ascending=False, na_option="bottom")
        for metric, table in tables.items()
        for name in variants
    }
    rng, results = np.random.default_rng(0), []
    sets = tables[METRICS[0]].index.to_numpy()
    for _ in range(N_HALVINGS):
        order = rng.permutation(sets)
        for chosen_on, tested_on in ((order[::2], order[1::2]), (order[1::2], order[::2])):
            quality = {
                name: np.mean([ranks[name, metric].loc[chosen_on, name].mean() for metric in CHOSEN_BY])
                for name in variants
            }
            best = min(quality, key=lambda name: quality[name])
            results.append(
                {metric: ranks[best, metric].loc[tested_on].mean().rename({best: "chosen"}) for metric in METRICS}
            )
    return sum(pd.DataFrame(each) for each in results) / len(results)


def main():
    """Run the comparison, and print means and mean ranks."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--splits", type=int, default=1)
    parser.add_argument("--max-rows", type=int, default=4000)
    parser.add_argument("--jobs", type=int, default=2)
    args = parser.parse_args()
    result = compare_samplers(
        sorted(args.folder.glob("*.csv.gz")),
        {
            **{name: WGANGPOverSampler(device="cpu", **parameters) for name, parameters in WITHOUT.items()},
            **{name: name for name in PEERS},
        },
        cv=StratifiedShuffleSplit(args.splits, test_size=0.2, random_state=0),
        scoring=METRICS,
        max_rows=args.max_rows,
        n_jobs=args.jobs,
        reference="defaults",
        output=args.output,
        resume=True,
    )
    scores = result.to_frame().groupby(["dataset", "sampler"])[list(METRICS)].mean()
    own = {metric: scores[metric].unstack()[list(WITHOUT)].rank(axis=1, ascending=False).mean() for metric in METRICS}
    whole = scores.unstack().dropna().mean().unstack(0)
    seconds = result.costs().set_index("sampler")["resample_seconds"]
    print("| |" + "".join(f" {name} (rank) |" for name in METRICS) + " seconds |\n|---|" + "---|" * (len(METRICS) + 1))
    for name in (*WITHOUT, *PEERS):
        cells = [f"{whole.loc[name, m]:.3f}" + (f" ({own[m][name]:.2f})" if name in WITHOUT else "") for m in METRICS]
        print(f"| {name} | {' | '.join(cells)} | {seconds[name]:.1f} |")
    print("\nnested estimate, mean rank among five\n\n| | " + " | ".join(METRICS) + " |\n|---|" + "---|" * len(METRICS))
    for name, row in nested(scores, list(WITHOUT), list(PEERS)).round(2).iterrows():
        print(f"| {name} | {' | '.join(map(str, row))} |")


if __name__ == "__main__":
    main()
