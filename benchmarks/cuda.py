"""Check in a few minutes whether the CUDA code is right, and how fast it is.

The script is a list of stages, the most important one first. It prints each figure as soon as it is known and writes it
to a JSON file. A second run with the same file measures only what is missing there. Each stage has its own time limit.
Cases for which no time is left wait for the next run. Stages that need a GPU are skipped without one.

    python benchmarks/cuda.py --output cuda.json                        # all stages
    python benchmarks/cuda.py --output cuda.json --stages speed graph   # two of them

tests       the tests that are marked `gpu`
speed       whole fits, and generator updates per second; peak device memory; on the GPU and on one core of the CPU
syncs       whether an update makes the host wait for the GPU, and where first; the goal is never
graph       one step of training: its calls one by one, as a CUDA graph, and its bare matrix products
generation  10 million rows of 20 columns; the goal is 5 seconds
quality     scores of classifiers on five tables, with several seeds: are those of the GPU as good as those of the CPU?
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import statistics
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import PIPE, STDOUT, Popen
from types import SimpleNamespace
from typing import Any

import torch
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import train_test_split
from sklearn.tree import DecisionTreeClassifier
from speed import Update, make_table, multiply

from wgan_resampler import Callback, GanDiscriminator, GanGenerator, GanTrainer, WGANGPOverSampler
from wgan_resampler.gan import ClassBalancedBatches, EncodedTable, WGANGPLoss
from wgan_resampler.gan.gradients.flat_optimizers import Adam, FlatParameters
from wgan_resampler.gan.training.cuda_graph import EAGER_RUNS, GraphedStep
from wgan_resampler.gan.training.steps import Pair, Step, noise_rows
from wgan_resampler.tables import RowLayout

REPOSITORY = Path(__file__).parents[1]
DEFAULTS = WGANGPOverSampler().get_params()
N_CRITIC, NOISE_DIM, LAYERS = DEFAULTS["n_critic"], DEFAULTS["noise_dim"], DEFAULTS["num_layers"]

Figures = dict[str, Any]
Networks = tuple[GanGenerator, GanDiscriminator]
Case = Callable[[], Figures]
Stage = Iterator[tuple[str, Case]]

GPU = torch.cuda.is_available()
DEVICES = ("cuda", "cpu") if GPU else ("cpu",)
DEVICE = DEVICES[0]


class OutOfTimeError(Exception):
    """A stage has used up its time."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise `OutOfTimeError` in the block when the time is over."""

    def stop(*_: object) -> None:
        raise OutOfTimeError

    signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, max(seconds, 0.001))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def finish() -> None:
    """Wait for the GPU, if there is one."""
    if GPU:
        torch.cuda.synchronize()


def forget_memory() -> None:
    """Begin to look for a new peak of device memory."""
    if GPU:
        torch.cuda.reset_peak_memory_stats()


def peak_mb() -> float:
    """Return the peak of device memory in MB; 0 without a GPU."""
    return round(torch.cuda.max_memory_allocated() / 2**20, 1) if GPU else 0.0


def batches_of(n_rows: int, n_columns: int, batch_size: int, device: str, block_sizes: tuple[int, ...] = ()) -> Any:
    """Return class-balanced batches of a random table of two classes, as the sampler draws them."""
    rng = torch.Generator().manual_seed(0)
    values = torch.rand(n_rows, n_columns, generator=rng) * 2 - 1
    blocks = [torch.randint(size, (n_rows, 1), generator=rng) for size in block_sizes]
    states = torch.cat([torch.empty(n_rows, 0, dtype=torch.int64), *blocks], dim=1)
    classes = (torch.arange(n_rows) < n_rows // 5).long()
    on_device = [tensor.to(device) for tensor in (values, states, classes)]
    table = EncodedTable.sort(*on_device, RowLayout(n_columns, block_sizes))
    own_rng = torch.Generator(device=device).manual_seed(1)
    return ClassBalancedBatches(table, batch_size, own_rng, borrowed_rows=DEFAULTS["borrowed_rows"])


def networks_of(width: int, hidden_dim: int, block_sizes: tuple[int, ...] = ()) -> Networks:
    """Return the two networks of the sampler's defaults."""
    sizes = {"num_classes": 2, "feature_dim": width, "hidden_dim": hidden_dim, "num_layers": LAYERS}
    moments = torch.randn(2, NOISE_DIM + 1, width, generator=torch.Generator().manual_seed(4)) * 0.01
    kind = {"noise_dim": NOISE_DIM, "dropout": 0.0, "normalization": None, "moments": moments}
    generator = GanGenerator(**sizes, **kind, block_sizes=block_sizes, random_state=2)
    return generator, GanDiscriminator(**sizes, random_state=3)


def trainer_of(batches: Any, hidden_dim: int, device: str, callbacks: list[Callback]) -> GanTrainer:
    """Return a trainer of the sampler's defaults."""
    layout = batches.layout
    generator, critic = networks_of(layout.width, hidden_dim, layout.block_sizes)
    settings = {name: DEFAULTS[name] for name in ("noise_dim", "n_critic", "learning_rate", "average_decay")}
    where = {"device": device, "callbacks": callbacks, "random_state": 0}
    return GanTrainer(generator=generator, discriminator=critic, num_classes=2, **settings, **where)


class Stopwatch(Callback):
    """Counts updates from the 31st on, and stops training after 1.5 seconds. Slow updates count from the first on."""

    def on_train_begin(self, trainer: GanTrainer) -> None:
        """Start."""
        self.n, self.start = 0, time.perf_counter()

    def on_update_end(self, trainer: GanTrainer) -> None:
        """Count, and start anew or stop."""
        self.n += 1
        if time.perf_counter() - self.start > 1.5:
            trainer.stop()
        elif trainer.n_updates == 30:
            finish()
            self.on_train_begin(trainer)

    def rate(self) -> float:
        """Return the updates per second; call it when training has ended."""
        finish()
        return self.n / (time.perf_counter() - self.start)


def training_speed(n_rows: int, n_columns: int, batch_size: int, hidden_dim: int, device: str) -> Figures:
    """Return generator updates per second, real rows that the critic saw per second, and peak device memory."""
    forget_memory()
    watch = Stopwatch()
    batches = batches_of(n_rows, n_columns, batch_size, device)
    trainer_of(batches, hidden_dim, device, [watch]).train(batches, epochs=10**6)
    rate = watch.rate()
    return {"updates_per_s": round(rate, 2), "rows_per_s": round(rate * batch_size * N_CRITIC), "peak_mb": peak_mb()}


def fit(n_rows: int, n_columns: int, device: str) -> Figures:
    """Return seconds and peak device memory of `fit_resample` with the defaults, after a first call."""
    X, y = make_table(n_rows, n_columns)
    sampler = WGANGPOverSampler(random_state=0, device=device)
    sampler.fit_resample(*make_table(200, 3))
    forget_memory()
    start = time.perf_counter()
    sampler.fit_resample(X, y)
    return {"fit_s": round(time.perf_counter() - start, 3), "peak_mb": peak_mb()}


def tests_stage() -> Stage:
    """Run the tests that need a GPU."""
    files = [path for path in sorted(REPOSITORY.glob("tests/**/test_*.py")) if "mark.gpu" in path.read_text()]

    def run() -> Figures:
        # Warnings of the machine's other packages are no failures.
        options = "-m", "gpu", "-q", "-W", "default", "-p", "no:cacheprovider", "--tb=short", "--durations=5"
        path = os.pathsep.join(filter(None, (str(REPOSITORY), os.environ.get("PYTHONPATH"))))
        command = [sys.executable, "-m", "pytest", *options, *map(str, files)]
        env, lines = {**os.environ, "PYTHONPATH": path}, []
        with Popen(command, cwd=REPOSITORY, env=env, stdout=PIPE, stderr=STDOUT, text=True) as process:
            try:
                for line in process.stdout:
                    print(line, end="", flush=True)
                    lines.append(line)
            except OutOfTimeError:
                process.kill()
                raise
        return {"exit": process.returncode, "output": "".join(lines)[-9000:]}

    yield f"{len(files)} files", run


def speed_stage() -> Stage:
    """Time training by size of the table, of the batch and of the networks."""
    cases = [
        (1000, 10, 64, 64),
        (1_000_000, 50, 8192, 1024),
        (100_000, 50, 64, 64),
        (100_000, 50, 1024, 256),
        (1_000_000, 50, 64, 64),
        (1000, 10, 1024, 256),
        (1_000_000, 50, 16_384, 64),
    ]
    for size in ((1000, 10), (100_000, 50)):
        for device in DEVICES:
            yield "fit {} x {}, defaults, ".format(*size) + device, lambda s=size, d=device: fit(*s, d)
    pairs = [(case, device) for case in cases for device in DEVICES]
    # One update of the largest networks takes seconds on the CPU, so that comes last.
    for case, device in sorted(pairs, key=lambda pair: pair[1] == "cpu" and pair[0][3] >= 1024):
        title = "{} x {}, batch {}, hidden {}".format(*case)
        yield f"{title}, {device}", lambda c=case, d=device: training_speed(*c, d)


class ForbidWaiting(Callback):
    """Makes torch raise where the host waits for the GPU, between the 20th and the 220th update."""

    def on_update_end(self, trainer: GanTrainer) -> None:
        """Switch torch's debug mode."""
        if trainer.n_updates == 20:
            torch.cuda.set_sync_debug_mode("error")
        elif trainer.n_updates == 220:
            torch.cuda.set_sync_debug_mode("default")
            trainer.stop()


def first_sync(block_sizes: tuple[int, ...], batch_size: int) -> Figures:
    """Return where the host first waited for the GPU; nothing if it never did."""
    batches = batches_of(100_000, 10, batch_size, DEVICE, block_sizes)
    try:
        trainer_of(batches, 64, DEVICE, [ForbidWaiting()]).train(batches, epochs=1)
    except RuntimeError:
        return {"waits": traceback.format_exc()[-1500:]}
    finally:
        torch.cuda.set_sync_debug_mode("default")
    return {"waits": None}


def syncs_stage() -> Stage:
    """Look for synchronizations in training."""
    yield "numbers only, batch 64", lambda: first_sync((), 64)
    yield "with categories, batch 64", lambda: first_sync((3, 3, 8), 64)


def milliseconds(run: Callable[[], object], n_calls: int = 50) -> float:
    """Return how long a call takes. The first calls do not count: they load kernels, and record a graph."""
    for _ in range(EAGER_RUNS + 1):
        run()
    finish()
    start = time.perf_counter()
    for _ in range(n_calls):
        run()
    finish()
    return round(1000 * (time.perf_counter() - start) / n_calls, 4)


def step_products(n_columns: int, hidden_dim: int, batch_size: int) -> Callable[[], object]:
    """Return a function that computes the matrix products of a step, and nothing else."""
    sizes = {"f": n_columns, "h": hidden_dim, "layers": LAYERS, "z": NOISE_DIM, "classes": 2}
    one, of_critic = (SimpleNamespace(**sizes, n=batch_size * factor) for factor in (1, N_CRITIC))
    with torch.device(DEVICE):
        # The fake rows of the critic updates need the forward products only.
        fakes = Update.generator_products(of_critic)[: LAYERS + 2]
        return multiply([*Update.critic_products(one) * N_CRITIC, *Update.generator_products(one), *fakes])


def graph_against_eager(n_columns: int, batch_size: int, hidden_dim: int) -> Figures:
    """Time a step of training: eager, as a CUDA graph if there is a GPU, and its bare products."""
    generator, critic = (network.to(DEVICE) for network in networks_of(n_columns, hidden_dim))
    optimizers = [Adam(FlatParameters(network), 1e-6, (0.5, 0.9)) for network in (generator, critic)]
    step = Step(Pair(generator, critic, *optimizers, None, WGANGPLoss()), N_CRITIC, batch_size, explicit=True)
    shape = N_CRITIC, batch_size
    features = torch.rand(*shape, n_columns, device=DEVICE) * 2 - 1
    condition = torch.eye(2, device=DEVICE)[torch.arange(N_CRITIC * batch_size) % 2].view(*shape, 2)
    noise = torch.randn(noise_rows(*shape), NOISE_DIM, device=DEVICE)
    inputs = features, condition, noise, torch.rand(*shape, 1, device=DEVICE), 10.0
    figures: Figures = {}
    with torch.no_grad(), torch.inference_mode():
        figures["eager_ms"] = milliseconds(lambda: step.run(*inputs))
        if GPU:
            graphed = GraphedStep(step)
            figures["graph_ms"] = milliseconds(lambda: graphed.run(*inputs))
            figures["is_recorded"] = graphed.is_recorded
        figures["products_ms"] = milliseconds(step_products(n_columns, hidden_dim, batch_size))
    return figures


def graph_stage() -> Stage:
    """Compare a CUDA graph of a step with its single calls."""
    for case in ((10, 64, 64), (50, 1024, 256), (50, 8192, 1024), (50, 16_384, 1024)):
        title = "{} columns, batch {}, hidden {}".format(*case)
        yield title, lambda c=case: graph_against_eager(*c)


def generate(n_rows: int) -> Figures:
    """Return the time and the device memory of drawing rows."""
    sampler = WGANGPOverSampler(random_state=0, device=DEVICE, epochs=5)
    sampler.fit_resample(*make_table(1000, 20))
    sampler.sample(1000, label=1)
    forget_memory()
    start = time.perf_counter()
    sampler.sample(n_rows, label=1)
    seconds = time.perf_counter() - start
    return {"seconds": round(seconds, 2), "rows_per_s": round(n_rows / seconds), "peak_mb": peak_mb()}


def generation_stage() -> Stage:
    """Time the generation of many rows."""
    yield "1 million x 20", lambda: generate(1_000_000)
    yield "10 million x 20", lambda: generate(10_000_000)


TABLES = {
    "separated": {"n_features": 10, "n_informative": 6, "class_sep": 1.5, "weights": [0.9]},
    "overlapping": {"n_features": 10, "n_informative": 5, "class_sep": 0.6, "weights": [0.85]},
    "three classes": {"n_features": 12, "n_informative": 8, "n_classes": 3, "weights": [0.8, 0.12]},
    "wide": {"n_features": 40, "n_informative": 12, "class_sep": 0.8, "weights": [0.9]},
    "rare": {"n_features": 8, "n_informative": 5, "class_sep": 1.0, "weights": [0.96]},
}
"""Arguments of `make_classification` for each generated table of 1000 rows."""


def quality(name: str) -> Figures:
    """Return the balanced accuracy of two classifiers on held-out rows: for each device, mean and spread over seeds."""
    scores: dict[str, list[float]] = {device: [] for device in DEVICES}
    for seed in range(5):
        X, y = make_classification(n_samples=1000, random_state=seed, **TABLES[name])
        X, X_test, y, y_test = train_test_split(X, y, stratify=y, random_state=seed)
        for device in DEVICES:
            resampled = WGANGPOverSampler(random_state=seed, device=device).fit_resample(X, y)
            classifiers = LogisticRegression(max_iter=1000), DecisionTreeClassifier(max_depth=5, random_state=0)
            found = [balanced_accuracy_score(y_test, each.fit(*resampled).predict(X_test)) for each in classifiers]
            scores[device].append(statistics.mean(found))
    return {device: f"{statistics.mean(s):.4f} (+- {statistics.stdev(s):.4f})" for device, s in scores.items()}


def quality_stage() -> Stage:
    """Compare the rows of both devices by what classifiers learn from them."""
    for name in TABLES:
        yield name, lambda n=name: quality(n)


# name: (stage, seconds, whether it needs a GPU)
STAGES: dict[str, tuple[Callable[[], Stage], float, bool]] = {
    "tests": (tests_stage, 59, True),
    "speed": (speed_stage, 59, False),
    "syncs": (syncs_stage, 20, True),
    "graph": (graph_stage, 30, False),
    "generation": (generation_stage, 59, True),
    "quality": (quality_stage, 59, False),
}


def run_stage(name: str, known: dict[str, Figures], limit: float | None) -> Iterator[tuple[str, Figures]]:
    """Yield title and figures of the cases of a stage that are not known yet, as long as its time lasts."""
    stage, seconds, needs_gpu = STAGES[name]
    if needs_gpu and not GPU:
        print(f"{name} | skipped: no CUDA device", flush=True)
        return
    deadline = time.perf_counter() + (limit or seconds)
    for title, case in stage():
        if "error" not in known.get(title, {"error": "not measured"}):
            continue
        try:
            with time_limit(deadline - time.perf_counter()):
                figures = case()
        except OutOfTimeError:
            print(f"{name} | {title} | the time of the stage is over", flush=True)
            break
        except Exception:  # the other cases are still worth knowing
            figures = {"error": traceback.format_exc()[-2000:]}
        shown = {key: value for key, value in figures.items() if key != "output"}
        print(f"{name} | {title} | {shown.pop('error', '') or json.dumps(shown)}", flush=True)
        yield title, figures


def main() -> None:
    """Run the stages that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path("cuda.json"), help="JSON file (default: cuda.json)")
    parser.add_argument("--stages", nargs="+", choices=STAGES, default=list(STAGES), help="default: all")
    parser.add_argument("--limit", type=float, help="seconds of each stage, instead of its own limit")
    args = parser.parse_args()
    report: dict[str, Any] = json.loads(args.output.read_text()) if args.output.exists() else {}
    cpu = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    gpu = torch.cuda.get_device_name() if GPU else None
    report["machine"] = {"gpu": gpu, "cpu": cpu[1] if cpu else None, "torch": torch.__version__}
    print(json.dumps(report["machine"]), flush=True)
    for name in args.stages:
        results = report.setdefault(name, {})
        for title, figures in run_stage(name, results, args.limit):
            results[title] = figures
            args.output.write_text(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
