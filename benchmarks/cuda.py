"""Learn in a few minutes whether the CUDA path is right and how fast it is.

The script is a list of stages, the most important one first. It prints each figure as soon as it is known and writes it
to a JSON file. A second run with the same file measures only what is missing there. Each stage keeps a time limit of
its own: cases that no longer fit are left for the next run. Stages that need a GPU are skipped without one.

    python benchmarks/cuda.py --output cuda.json                        # all stages
    python benchmarks/cuda.py --output cuda.json --stages speed,graph   # two of them
    python benchmarks/cuda.py --output cuda.json --stages tests --again # measure again what the file already holds

tests       the tests that are marked `gpu`
speed       generator updates per second and peak device memory in training, on the GPU and on one core of the CPU
syncs       how often an update makes the host wait for the GPU, and where; the goal is never
graph       one step of training: its calls one by one, as a CUDA graph, and its bare matrix products
generation  10 million rows of 20 columns; the goal is 5 seconds
memory      peak device memory of whole fits
quality     scores of classifiers on five tables, with several seeds: are those of the GPU as good as those of the CPU?
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import signal
import statistics
import subprocess
import sys
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import train_test_split
from sklearn.tree import DecisionTreeClassifier
from speed import Update, make_table, multiply, rss

from wgan_resampler import Callback, GanDiscriminator, GanGenerator, GanTrainer, WGANGPOverSampler
from wgan_resampler.gan import ClassBalancedBatches, EncodedTable, WGANGPLoss
from wgan_resampler.gan.gradients.flat_optimizers import Adam, FlatParameters
from wgan_resampler.gan.training.steps import Pair, Step, noise_rows
from wgan_resampler.tables import EncodedRows, RowLayout

REPOSITORY = Path(__file__).parents[1]
DEFAULTS = WGANGPOverSampler().get_params()
N_CRITIC, NOISE_DIM, LAYERS = DEFAULTS["n_critic"], DEFAULTS["noise_dim"], DEFAULTS["num_layers"]

Figures = dict[str, Any]
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

    previous = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, max(seconds, 0.001))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)


def finish() -> None:
    """Wait for the GPU, if there is one."""
    if GPU:
        torch.cuda.synchronize()


def forget_memory() -> None:
    """Begin to look for a new peak of device memory."""
    if GPU:
        finish()
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()


def peak_mb() -> float:
    """Return the peak of device memory in MB; 0 without a GPU."""
    return round(torch.cuda.max_memory_allocated() / 2**20, 1) if GPU else 0.0


# Training, without the sampler around it


def batches_of(n_rows: int, n_columns: int, batch_size: int, device: str, block_sizes: tuple[int, ...] = ()) -> Any:
    """Return class-balanced batches of a random table of two classes, as the sampler draws them."""
    rng = torch.Generator().manual_seed(0)
    values = torch.rand(n_rows, n_columns, generator=rng) * 2 - 1
    states = torch.cat(
        [torch.randint(size, (n_rows, 1), generator=rng) for size in block_sizes] or [torch.empty(n_rows, 0)], dim=1
    )
    classes = (torch.arange(n_rows) < n_rows // 5).long()
    on_device = [tensor.to(device) for tensor in (values, states, classes)]
    table = EncodedTable.sort(*on_device, RowLayout(n_columns, block_sizes))
    own_rng = torch.Generator(device=device).manual_seed(1)
    return ClassBalancedBatches(table, batch_size, own_rng, borrowed_rows=DEFAULTS["borrowed_rows"])


def networks_of(
    width: int, hidden_dim: int, block_sizes: tuple[int, ...] = ()
) -> tuple[GanGenerator, GanDiscriminator]:
    """Return the two networks of the sampler's defaults."""
    sizes = {"num_classes": 2, "feature_dim": width, "hidden_dim": hidden_dim, "num_layers": LAYERS}
    moments = torch.randn(2, NOISE_DIM + 1, width, generator=torch.Generator().manual_seed(4)) * 0.01
    kind = {"noise_dim": NOISE_DIM, "dropout": 0.0, "normalization": None, "moments": moments}
    return GanGenerator(**sizes, **kind, block_sizes=block_sizes, random_state=2), GanDiscriminator(
        **sizes, random_state=3
    )


def trainer_of(batches: Any, hidden_dim: int, device: str, callbacks: list[Callback]) -> GanTrainer:
    """Return a trainer of the sampler's defaults."""
    layout = batches.layout
    generator, critic = networks_of(layout.width, hidden_dim, layout.block_sizes)
    return GanTrainer(
        generator=generator,
        discriminator=critic,
        noise_dim=NOISE_DIM,
        num_classes=2,
        n_critic=N_CRITIC,
        learning_rate=DEFAULTS["learning_rate"],
        average_decay=DEFAULTS["average_decay"],
        device=device,
        random_state=0,
        callbacks=callbacks,
    )


class Stopwatch(Callback):
    """Counts updates, and stops training when enough time has passed. The first updates count only if they are slow.

    Parameters
    ----------
    n_first : int
        How many these are.
    seconds : float
        When to stop.
    """

    def __init__(self, n_first: int = 30, seconds: float = 1.5) -> None:
        self.n_first, self.seconds = n_first, seconds

    def on_train_begin(self, trainer: GanTrainer) -> None:
        """Start."""
        self.n, self.start = 0, time.perf_counter()

    def on_update_end(self, trainer: GanTrainer) -> None:
        """Count, and start anew or stop."""
        self.n += 1
        if time.perf_counter() - self.start > self.seconds:
            trainer.stop()
        elif trainer.n_updates == self.n_first:
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
    figures = {"updates_per_s": round(rate, 2), "rows_per_s": round(rate * batch_size * N_CRITIC)}
    return {**figures, "peak_mb": peak_mb()} if device == "cuda" else figures


def fit_seconds(n_rows: int, n_columns: int, device: str) -> Figures:
    """Return the seconds of `fit_resample` with the defaults, after a first call."""
    X, y = make_table(n_rows, n_columns)
    sampler = WGANGPOverSampler(random_state=0, device=device)
    sampler.fit_resample(*make_table(200, 3))
    start = time.perf_counter()
    sampler.fit_resample(X, y)
    return {
        "fit_s": round(time.perf_counter() - start, 3),
        "training_s": round(sum(sampler.history_.column("seconds")), 3),
    }


# Stages


def tests_stage() -> Stage:
    """Run the tests that need a GPU."""
    files = [path for path in sorted(REPOSITORY.glob("tests/**/test_*.py")) if "mark.gpu" in path.read_text()]

    def run() -> Figures:
        # Warnings of the machine's other packages are no failures.
        options = "-m", "gpu", "-q", "-W", "default", "-p", "no:cacheprovider", "--tb=short", "--durations=5"
        command = [sys.executable, "-m", "pytest", *options, *map(str, files)]
        path = os.pathsep.join(filter(None, (str(REPOSITORY), os.environ.get("PYTHONPATH"))))
        places = {"cwd": REPOSITORY, "env": {**os.environ, "PYTHONPATH": path}}
        lines = []
        with subprocess.Popen(
            command, **places, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as process:
            try:
                for line in process.stdout:
                    print(line, end="", flush=True)
                    lines.append(line)
            except OutOfTimeError:
                process.kill()
                raise
        counts = {word: int(n) for n, word in re.findall(r"(\d+) (passed|failed|skipped|errors?)", lines[-1])}
        return {"exit": process.returncode, **counts, "output": "".join(lines)[-9000:]}

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
        (1000, 10, 256, 64),
        (1_000_000, 50, 16_384, 64),
    ]
    for device in DEVICES:
        yield f"fit 1000 x 10, defaults, {device}", lambda d=device: fit_seconds(1000, 10, d)
    pairs = [(case, device) for case in cases for device in DEVICES]
    # One update of the largest networks takes seconds on the CPU, so that comes last.
    for case, device in sorted(pairs, key=lambda pair: pair[1] == "cpu" and pair[0][3] >= 1024):
        title = "{} x {}, batch {}, hidden {}".format(*case)
        yield f"{title}, {device}", lambda c=case, d=device: training_speed(*c, d)


class SyncMode(Callback):
    """Switches torch's debug mode on between two updates of the first epoch.

    Parameters
    ----------
    mode : {"warn", "error"}
        What torch does where the host waits for the GPU.
    first, last : int
        The updates after which it is switched on, and off again.
    """

    def __init__(self, mode: str, first: int = 20, last: int = 220) -> None:
        self.mode, self.first, self.last = mode, first, last

    def on_update_end(self, trainer: GanTrainer) -> None:
        """Switch it."""
        if trainer.n_updates == self.first:
            torch.cuda.set_sync_debug_mode(self.mode)
        elif trainer.n_updates == self.last:
            torch.cuda.set_sync_debug_mode("default")
            trainer.stop()


def count_syncs(block_sizes: tuple[int, ...], batch_size: int) -> Figures:
    """Return how often the host waited for the GPU per update, the lines where it did, and the first traceback."""
    batches = batches_of(100_000, 10, batch_size, DEVICE, block_sizes)
    mode = SyncMode("warn")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        trainer_of(batches, 64, DEVICE, [mode]).train(batches, epochs=1)
    found = Counter(
        f"{Path(each.filename).name}:{each.lineno}" for each in caught if "called a synchronizing" in str(each.message)
    )
    first = ""
    try:
        trainer_of(batches, 64, DEVICE, [SyncMode("error")]).train(batches, epochs=1)
    except RuntimeError:
        first = traceback.format_exc()
    finally:
        torch.cuda.set_sync_debug_mode("default")
    return {"per_update": found.total() / (mode.last - mode.first), "lines": dict(found), "first": first[-1500:]}


def syncs_stage() -> Stage:
    """Look for synchronizations in training."""
    yield "numbers only, batch 64", lambda: count_syncs((), 64)
    yield "with categories, batch 64", lambda: count_syncs((3, 3, 8), 64)
    yield "numbers only, batch 1024", lambda: count_syncs((), 1024)


def milliseconds(run: Callable[[], object], n_calls: int = 50) -> float:
    """Return how long a call takes on the GPU, one after the other."""
    for _ in range(3):
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
    """Time a step of training: eager, as a CUDA graph, and its bare products."""
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
        start = time.perf_counter()
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            step.run(*inputs)
        figures["capture_ms"] = round(1000 * (time.perf_counter() - start), 1)
        figures["graph_ms"] = milliseconds(graph.replay)
        figures["products_ms"] = milliseconds(step_products(n_columns, hidden_dim, batch_size))
    return figures


def graph_stage() -> Stage:
    """Compare a CUDA graph of a step with its single calls."""
    for case in ((10, 64, 64), (50, 1024, 256), (50, 8192, 1024), (50, 16_384, 1024)):
        title = "{} columns, batch {}, hidden {}".format(*case)
        yield title, lambda c=case: graph_against_eager(*c)


def generate(n_rows: int) -> Figures:
    """Return the time and the memory of drawing rows, and how long the decoding of so many rows takes by itself."""
    sampler = WGANGPOverSampler(random_state=0, device=DEVICE, epochs=5)
    sampler.fit_resample(*make_table(1000, 20))
    sampler.sample(1000, label=1)
    before = rss("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak
    forget_memory()
    start = time.perf_counter()
    sampler.sample(n_rows, label=1)
    seconds = time.perf_counter() - start
    host = rss("VmHWM") - before
    model = sampler._fitted.trained.model
    rng = np.random.default_rng(0)
    rows = EncodedRows(rng.random((n_rows, 20), dtype=np.float32) * 2 - 1, np.empty((n_rows, 0), dtype=np.int32))
    start = time.perf_counter()
    model.encoder.decode(rows)
    return {
        "seconds": round(seconds, 2),
        "rows_per_s": round(n_rows / seconds),
        "decoding_s": round(time.perf_counter() - start, 2),
        "host_mb": round(host),
        "peak_mb": peak_mb(),
    }


def generation_stage() -> Stage:
    """Time the generation of many rows."""
    yield "1 million x 20", lambda: generate(1_000_000)
    yield "10 million x 20", lambda: generate(10_000_000)


def fit_memory(n_rows: int, n_columns: int, **parameters: Any) -> Figures:
    """Return the peak of device memory of a whole fit."""
    X, y = make_table(n_rows, n_columns)
    forget_memory()
    start = time.perf_counter()
    WGANGPOverSampler(random_state=0, device=DEVICE, **parameters).fit_resample(X, y)
    return {
        "peak_mb": peak_mb(),
        "table_mb": round(X.nbytes / 2**20, 1),
        "fit_s": round(time.perf_counter() - start, 2),
    }


def memory_stage() -> Stage:
    """Measure the device memory of whole fits."""
    yield "1000 x 10", lambda: fit_memory(1000, 10)
    yield "100 000 x 50", lambda: fit_memory(100_000, 50)
    large = {"batch_size": 8192, "hidden_dim": 1024, "epochs": 3}
    yield "100 000 x 50, batch 8192, hidden 1024", lambda: fit_memory(100_000, 50, **large)


TABLES = {
    "separated": {"n_features": 10, "n_informative": 6, "class_sep": 1.5, "weights": [0.9]},
    "overlapping": {"n_features": 10, "n_informative": 5, "class_sep": 0.6, "weights": [0.85]},
    "three classes": {"n_features": 12, "n_informative": 8, "n_classes": 3, "weights": [0.8, 0.12]},
    "wide": {"n_features": 40, "n_informative": 12, "class_sep": 0.8, "weights": [0.9]},
    "rare": {"n_features": 8, "n_informative": 5, "class_sep": 1.0, "weights": [0.96]},
}
"""Arguments of `make_classification` for each generated table of 1000 rows."""


def quality(name: str, seed: int) -> Figures:
    """Return the mean balanced accuracy of two classifiers on held-out rows, for each device."""
    X, y = make_classification(n_samples=1000, random_state=seed, **TABLES[name])
    X, X_test, y, y_test = train_test_split(X, y, stratify=y, random_state=seed)
    scores = {}
    for device in DEVICES:
        resampled = WGANGPOverSampler(random_state=seed, device=device).fit_resample(X, y)
        classifiers = LogisticRegression(max_iter=1000), DecisionTreeClassifier(max_depth=5, random_state=0)
        found = [balanced_accuracy_score(y_test, each.fit(*resampled).predict(X_test)) for each in classifiers]
        scores[device] = round(statistics.mean(found), 4)
    return scores


def quality_stage() -> Stage:
    """Compare the rows of both devices by what classifiers learn from them."""
    for seed in range(5):
        for name in TABLES:
            yield f"{name}, seed {seed}", lambda n=name, s=seed: quality(n, s)


def summarize_quality(results: dict[str, Figures]) -> None:
    """Print the mean and the spread over the seeds, table by table."""
    for name in TABLES:
        found = [each for title, each in results.items() if title.startswith(f"{name}, ") and DEVICES[0] in each]
        if len(found) > 1:
            columns = {device: [each[device] for each in found if device in each] for device in DEVICES}
            texts = (f"{d} {statistics.mean(s):.4f} (+- {statistics.stdev(s):.4f})" for d, s in columns.items())
            print(f"quality | {name}, {len(found)} seeds | {', '.join(texts)}", flush=True)


# name: (stage, seconds, whether it needs a GPU)
STAGES: dict[str, tuple[Callable[[], Stage], float, bool]] = {
    "tests": (tests_stage, 59, True),
    "speed": (speed_stage, 59, False),
    "syncs": (syncs_stage, 20, True),
    "graph": (graph_stage, 30, True),
    "generation": (generation_stage, 59, True),
    "memory": (memory_stage, 40, True),
    "quality": (quality_stage, 59, False),
}


def run_stage(name: str, results: dict[str, Figures], save: Callable[[], None], limit: float | None) -> None:
    """Measure the cases of a stage that have no result yet, as long as its time lasts."""
    stage, seconds, needs_gpu = STAGES[name]
    if needs_gpu and not GPU:
        print(f"{name} | skipped: no CUDA device", flush=True)
        return
    deadline = time.perf_counter() + (limit or seconds)
    for title, case in stage():
        if title in results and "error" not in results[title]:
            continue
        start = time.perf_counter()
        try:
            with time_limit(deadline - start):
                results[title] = case()
        except OutOfTimeError:
            print(f"{name} | {title} | the time of the stage is over", flush=True)
            break
        except Exception:  # the other cases are still worth knowing
            results[title] = {"error": traceback.format_exc()[-2000:]}
        results[title]["took_s"] = round(time.perf_counter() - start, 1)
        shown = {key: value for key, value in results[title].items() if key != "output"}
        print(f"{name} | {title} | {shown.pop('error', '') or json.dumps(shown)}", flush=True)
        save()
    if name == "quality":
        summarize_quality(results)


def about_machine() -> Figures:
    """Return what the figures depend on."""
    gpu = torch.cuda.get_device_name() if GPU else None
    cpu = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    return {
        "gpu": gpu,
        "cpu": cpu[1] if cpu else platform.machine(),
        "cores": os.cpu_count(),
        "torch": torch.__version__,
        "python": platform.python_version(),
        "when": time.strftime("%Y-%m-%d %H:%M"),
    }


def main() -> None:
    """Run the stages that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path("cuda.json"), help="JSON file (default: cuda.json)")
    parser.add_argument("--stages", type=lambda text: text.split(","), default=list(STAGES), help=",".join(STAGES))
    parser.add_argument("--again", action="store_true", help="measure again what the file already holds")
    parser.add_argument("--limit", type=float, help="seconds of each stage, instead of its own limit")
    args = parser.parse_args()
    unknown = set(args.stages) - set(STAGES)
    if unknown:
        parser.error(f"--stages knows {', '.join(STAGES)}; got {', '.join(sorted(unknown))}")
    report: dict[str, Any] = json.loads(args.output.read_text()) if args.output.exists() else {}

    def save() -> None:
        partial = args.output.with_name(args.output.name + ".part")
        partial.write_text(json.dumps(report, indent=1))
        partial.replace(args.output)

    report["machine"] = about_machine()
    print(json.dumps(report["machine"]), flush=True)
    for name in args.stages:
        if args.again:
            report.pop(name, None)
        start = time.perf_counter()
        run_stage(name, report.setdefault(name, {}), save, args.limit)
        print(f"{name} | {time.perf_counter() - start:.1f} s", flush=True)
    save()


if __name__ == "__main__":
    main()
