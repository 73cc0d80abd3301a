"""What each ingredient of the over-sampler gives: the defaults, and the defaults without it.

Usage: python benchmarks/ablation.py FOLDER --output DIR [--splits 1] [--jobs 2]

FOLDER holds one file NAME.csv.gz for each set, the target in the last column. Each variant is an over-sampler of its
own in one comparison (`compare_samplers`): one stratified split of each set, a fifth of the rows tested, seven
classifiers. Results are stored in DIR as they come, and a run that was stopped goes on.
"""

import argparse
from pathlib import Path

from sklearn.model_selection import StratifiedShuffleSplit

from wgan_resampler import WGANGPOverSampler, compare_samplers

METRICS = ("balanced_accuracy", "g_mean", "f1", "matthews_corrcoef", "average_precision", "roc_auc")
WITHOUT = {
    "defaults": {},
    "no moment start": {"moment_start": False},
    "no boundary focus": {"boundary_focus": 0.0},
    "no rejection": {"rejection_rate": 0.0},
    "neither focus nor rejection": {"boundary_focus": 0.0, "rejection_rate": 0.0},
    "rows as they are": {"borrowed_rows": 0.0},
    "one critic update": {"n_critic": 1},
    "five critic updates": {"n_critic": 5},
    "no moving average": {"average_decay": 0.0},
    "no layer norm": {"normalization": None},
}


def main():
    """Compare, and print means and mean ranks."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--splits", type=int, default=1)
    parser.add_argument("--max-rows", type=int, default=4000)
    parser.add_argument("--jobs", type=int, default=2)
    args = parser.parse_args()
    result = compare_samplers(
        sorted(args.folder.glob("*.csv.gz")),
        {name: WGANGPOverSampler(device="cpu", **parameters) for name, parameters in WITHOUT.items()},
        cv=StratifiedShuffleSplit(args.splits, test_size=0.2, random_state=0),
        scoring=METRICS,
        max_rows=args.max_rows,
        n_jobs=args.jobs,
        reference="defaults",
        output=args.output,
        resume=True,
    )
    summary = result.summary(groups=["all"])
    seconds = result.costs().set_index("sampler")["resample_seconds"]
    print("| |" + "".join(f" {name} (rank) |" for name in METRICS) + " seconds |\n|---|" + "---|" * (len(METRICS) + 1))
    for name in WITHOUT:
        rows = summary[summary["sampler"] == name].set_index("metric").loc[list(METRICS)]
        cells = "".join(f" {row.score:.3f} ({row.mean_rank:.2f}) |" for row in rows.itertuples())
        print(f"| {name} |{cells} {seconds[name]:.1f} |")


if __name__ == "__main__":
    main()
