"""Measure the speed of training and generating.

The speed is compared with other samplers, with bare matrix products, and between tables of different sizes.

Everything runs in one process on one thread. The runs that are compared take turns, so that a busy machine slows all of
them equally. A ratio is the median over the ratios of two neighboring runs. Samplers that are not installed (``pip
install ctgan``) or would take too long are shown as "not installed" or "not run".

    python benchmarks/speed.py                                     # all, CTGAN and TVAE up to 1000 rows
    python benchmarks/speed.py --only update                       # seconds
    python benchmarks/speed.py --only fit --rows 250 1000 --columns 10 --repeats 3

The goals are:

- `fit_resample` is 20 times as fast as CTGAN's default on 1000 x 10.
- A critic update takes at most 1.6 times as long as its bare matrix products, a generator update at most 1.8 times.
- With the same number of updates, 100 000 rows take at most 2 times as long as 1000 rows.
- The peak of memory is at most 3 times the table plus 100 MB.
- One core generates 200 000 rows of 20 columns per second.
- The import takes at most 5 % longer than the import of torch and imbalanced-learn.
- The caller's number of threads is restored.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from joblib import Parallel, delayed
from threadpoolctl import threadpool_limits

from wgan_resampler import Callback, GanDiscriminator, GanGenerator, WGANGPOverSampler
from wgan_resampler.gan.gradients.critic import CriticPass
from wgan_resampler.gan.gradients.flat_optimizers import Adam, FlatParameters, MovingAverage
from wgan_resampler.gan.gradients.generator import GeneratorPass

Run = Callable[[], object]
Product = tuple[torch.Tensor, torch.Tensor, torch.Tensor]

SECTIONS = ("fit", "update", "memory", "sample", "import", "threads", "cuda")
MINORITY = 0.2


def make_table(n_rows: int, n_columns: int) -> tuple[np.ndarray, np.ndarray]:
    """Return a table of two classes, made without temporary copies. The minority is a fifth of the rows."""
    rng = np.random.default_rng(0)
    y = (np.arange(n_rows) < MINORITY * n_rows).astype(np.int64)
    X = rng.standard_normal((n_rows, n_columns))
    X += y[:, None]
    return X, y


def seconds(run: Run) -> float:
    """Return how long one call takes."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def side_by_side(runs: Sequence[Run], repeats: int, calls: int = 1) -> tuple[list[float], list[float]]:
    """Return for each function the shortest time of a call, and the median ratio to the first function.

    The functions are called in turn, `repeats` times. One time is the mean over `calls` calls.
    """
    times: list[list[float]] = [[] for _ in runs]
    for _ in range(repeats):
        for run, each in zip(runs, times, strict=True):
            each.append(seconds(lambda run=run: [run() for _ in range(calls)]) / calls)
    ratios = [statistics.median(a / b for a, b in zip(each, times[0], strict=True)) for each in times]
    return [min(each) for each in times], ratios


def print_table(title: str, header: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    """Print a Markdown table."""
    header = list(header)
    print(f"\n**{title}**\n\n| {' | '.join(header)} |\n|{'---|' * len(header)}")
    for row in rows:
        print(f"| {' | '.join(str(cell) for cell in row)} |", flush=True)


# Whole fits


def ours() -> WGANGPOverSampler:
    """Return the sampler with its defaults."""
    return WGANGPOverSampler(random_state=0, device="cpu")


def classic() -> WGANGPOverSampler:
    """Return the sampler with the default settings of `wgan-resampler train`: the documented constants."""
    from wgan_resampler.sampler import PRESETS

    settings = asdict(PRESETS["classic"])
    del settings["scaled_penalty"]  # this is not a parameter of the sampler
    return ours().set_params(**settings)


def fit_smote(X: np.ndarray, y: np.ndarray) -> None:
    """Over-sample by SMOTE."""
    from imblearn.over_sampling import SMOTE

    SMOTE(random_state=0).fit_resample(X, y)


def fit_ctgan(X: np.ndarray, y: np.ndarray) -> None:
    """Train CTGAN with its defaults, and draw the rows that the minority needs with its conditional sampling."""
    import pandas as pd
    from ctgan import CTGAN

    frame = pd.DataFrame(X, columns=[f"x{i}" for i in range(X.shape[1])]).assign(target=y.astype(str))
    model = CTGAN(enable_gpu=False)
    model.fit(frame, discrete_columns=["target"])
    model.sample(int((y == 0).sum() - (y == 1).sum()), "target", "1")


def fit_tvae(X: np.ndarray, y: np.ndarray) -> None:
    """Train a TVAE with its defaults on the minority, and draw the rows that the minority needs."""
    import pandas as pd
    from ctgan import TVAE

    model = TVAE(enable_gpu=False)
    model.fit(pd.DataFrame(X[y == 1], columns=[f"x{i}" for i in range(X.shape[1])]))
    model.sample(int((y == 0).sum() - (y == 1).sum()))


SAMPLERS: dict[str, Callable[[np.ndarray, np.ndarray], object]] = {
    "ours": lambda X, y: ours().fit_resample(X, y),
    "SMOTE": fit_smote,
    "CTGAN": fit_ctgan,
    "TVAE per class": fit_tvae,
    "classic recipe": lambda X, y: classic().fit_resample(X, y),
}


def fit_section(args: argparse.Namespace) -> None:
    """Measure the time of whole fits: training, and drawing the rows that the minority needs."""
    sizes = [(n, f) for n in args.rows for f in args.columns]
    tables = {size: make_table(*size) for size in sizes}
    lines = []
    for name, fit in SAMPLERS.items():
        limit = {"ours": None, "SMOTE": None, "classic recipe": args.classic_rows}.get(name, args.peer_rows)
        cells = []
        for size in sizes:
            if limit is not None and size[0] > limit:
                cells.append("not run")
                continue
            try:
                repeats = args.repeats if limit is None else 1
                cells.append(f"{min(seconds(lambda f=fit, t=tables[size]: f(*t)) for _ in range(repeats)):.3g}")
            except ImportError:
                cells.append("not installed")
        lines.append([name, *cells])
        print(f"... {name}: {cells}", file=sys.stderr, flush=True)
    print_table("Seconds of fit_resample", ["sampler", *(f"{n} x {f}" for n, f in sizes)], lines)


# Single updates


class Update:
    """The sampler's default networks for two classes, one update of each network, and its bare matrix products."""

    def __init__(self, n_columns: int, hidden_dim: int, n_rows: int) -> None:
        defaults = ours().get_params()
        self.f, self.h, self.n, self.layers = n_columns, hidden_dim, n_rows, defaults["num_layers"]
        self.z, self.classes, self.n_critic = defaults["noise_dim"], 2, defaults["n_critic"]
        sizes = {"feature_dim": self.f, "num_classes": 2, "hidden_dim": self.h, "num_layers": self.layers}
        kind = {name: defaults[name] for name in ("noise_dim", "dropout", "normalization", "skip_connections")}
        moments = torch.randn(2, self.z + 1, self.f) * 0.01 if defaults["moment_start"] else None
        generator = GanGenerator(**sizes, **kind, moments=moments, random_state=0)
        critic = GanDiscriminator(**sizes, random_state=1)
        flat = FlatParameters(generator), FlatParameters(critic)
        self.optimizers = [Adam(each, 1e-9, (0.5, 0.9)) for each in flat]
        self.average = MovingAverage(generator, flat[0], 0.999)
        self.critic_pass = CriticPass(critic, self.n, torch.rand(self.f) + 0.1)
        self.generator_pass = GeneratorPass(generator, critic, self.n, self.n)
        self.condition = torch.eye(2)[torch.arange(self.n) % 2]
        self.critic_pass.load(*torch.rand(3, self.n, self.f), self.condition)
        self.generator_pass.load(torch.randn(self.n, self.z), self.condition)

    def critic(self) -> None:
        """Make a critic update on rows in memory: gradient of the loss with its penalty, and Adam."""
        self.critic_pass.gradients(10.0)
        self.optimizers[1].step()

    def generator(self) -> None:
        """Make a generator update on noise in memory: rows, their scores, gradient, Adam, moving average."""
        self.generator_pass.gradients(self.generator_pass.rows(), self.condition)
        self.optimizers[0].step()
        self.average.update()

    def critic_products(self) -> list[Product]:
        """Return the matrix products of a critic update by layer, in the notation of `wgan_resampler.gan.gradients`."""
        n, last, rows = self.n, self.layers - 1, 3 * self.n
        w = _weights(self.f + self.classes, self.h, self.layers)
        h = [_random(rows, each.shape[1]) for each in w] + [_random(rows, self.h)]
        c, e = [_random(rows, self.h) for _ in w], [_random(n, self.h) for _ in w]
        output, gradient = _random(1, self.h), _random(n, w[0].shape[1])
        forward = [(h[i], w[i].t(), h[i + 1]) for i in range(self.layers)]
        scores = [(h[-1], output.t(), _random(rows, 1))]
        chain = [(c[i], w[i], c[i - 1]) for i in range(last, 0, -1)]
        penalty = [(c[0][:n], w[0], gradient)]  # g = W_0^T c_0 of the mixed rows
        back = [(e[i - 1] if i else gradient, w[i].t(), e[i]) for i in range(self.layers)]  # e_{i+1} = D_i W_i e_i
        grads = [(c[i].t(), h[i], torch.empty_like(w[i])) for i in range(self.layers)]  # of scores and penalty together
        return [*forward, *scores, *chain, *penalty, *back, *grads, (_random(1, rows), h[-1], torch.empty_like(output))]

    def generator_products(self) -> list[Product]:
        """Return the matrix products of a generator update by layer."""
        n, last = self.n, self.layers - 1
        v, w = (_weights(size + self.classes, self.h, self.layers) for size in (self.z, self.f))
        x, output, score = _random(n, self.f), _random(self.f, self.h), _random(1, self.h)
        h = [_random(n, each.shape[1]) for each in v] + [_random(n, self.h)]
        s = [_random(n, each.shape[1]) for each in w] + [_random(n, self.h)]
        c, d = [_random(n, self.h) for _ in w], [_random(n, self.h) for _ in v]
        rows = [(h[i], v[i].t(), h[i + 1]) for i in range(self.layers)] + [(h[-1], output.t(), x)]
        if ours().moment_start:  # the noise of each class times its moments
            by_class = self.classes * (self.z + 1)
            rows += [(_random(n, by_class), _random(by_class, self.f), x)]
        scores = [(s[i], w[i].t(), s[i + 1]) for i in range(self.layers)] + [(s[-1], score.t(), _random(n, 1))]
        chain = [(c[i], w[i], c[i - 1]) for i in range(last, 0, -1)] + [(c[0], w[0][:, : self.f], x)]
        back = [(x.t(), h[-1], torch.empty_like(output)), (x, output, d[-1])]
        back += [(d[i], v[i], d[i - 1]) for i in range(last, 0, -1)]
        return [*rows, *scores, *chain, *back, *((d[i].t(), h[i], torch.empty_like(v[i])) for i in range(self.layers))]


def _random(*shape: int) -> torch.Tensor:
    return torch.randn(*shape) * 0.01


def _weights(n_inputs: int, hidden_dim: int, num_layers: int) -> list[torch.Tensor]:
    return [_random(hidden_dim, hidden_dim if i else n_inputs) for i in range(num_layers)]


def multiply(products: Sequence[Product]) -> Run:
    """Return a function that only computes the products and writes them into their outputs."""

    def run() -> None:
        for a, b, out in products:
            torch.mm(a, b, out=out)

    return run


def update_section(args: argparse.Namespace) -> None:
    """Compare the time of updates with their bare products, and measure whole steps of a training."""
    lines = []
    hidden_dim = ours().hidden_dim
    for h, n in ((hidden_dim, 64), (128, 128)):
        for f in args.columns:
            with torch.no_grad(), torch.inference_mode():  # as in training
                update = Update(f, h, n)
                for name, run, products in (
                    ("critic", update.critic, update.critic_products()),
                    ("generator", update.generator, update.generator_products()),
                ):
                    times, ratios = side_by_side([multiply(products), run], 20 * args.repeats, calls=50)
                    lines.append([name, f, h, n, *(f"{1e6 * t:.0f}" for t in times), f"{ratios[1]:.2f}"])
            step = step_in_training(f, h, n)
            lines.append(["whole step", f, h, n, "", f"{1e6 * step:.0f}", ""])
    header = ["update", "columns", "units", "rows", "products, us", "update, us", "ratio"]
    print_table("One update (bars: 1.6 and 1.8)", header, lines)
    print(
        "\ncritic: gradient and Adam, on real, fake and mixed rows in memory. generator: rows from noise in memory,"
        " their scores, gradient, Adam, moving average. whole step: drawing real rows and noise, fake rows, mixing,"
        f" {ours().n_critic} critic updates, one generator update, history."
    )


def step_in_training(n_columns: int, hidden_dim: int, batch_size: int) -> float:
    """Return the seconds of a generator update and its critic updates in a training."""
    X, y = make_table(1000, n_columns)
    sampler = ours().set_params(hidden_dim=hidden_dim, batch_size=batch_size, epochs=20, rejection_rate=0.0)
    sampler.fit_resample(X, y)
    return min(epoch["seconds"] for epoch in sampler.history_) / np.ceil(len(X) / batch_size)


# Size


def rss(key: str) -> float:
    """Return the resident memory of this process in MB: "VmRSS" is the present value, "VmHWM" the peak so far."""
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith(key)) / 1024


def memory_child(n_rows: int, n_columns: int, n_sampled: int) -> None:
    """Print three numbers of MB: the table, the peak of fitting, and the peak of sampling.

    The peak of fitting is counted from the memory after the import, the peak of sampling from the memory after the fit.
    """
    torch.set_num_threads(1)
    sampler = ours()  # imports what it needs
    before = rss("VmRSS")
    X, y = make_table(n_rows, n_columns)
    sampler.fit_resample(X, y)
    fitted = rss("VmHWM") - before
    start = rss("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # reset the peak
    if n_sampled:
        sampler.sample(n_sampled)
    print(X.nbytes / 2**20, fitted, rss("VmHWM") - start)


def in_child(*arguments: object) -> list[float]:
    """Run this script in a new process, and return the numbers that it prints."""
    command = [sys.executable, __file__, *map(str, arguments)]
    return [
        float(number) for number in subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    ]


def memory_section(args: argparse.Namespace) -> None:
    """Compare 100 000 rows with 1000 rows for the same number of updates, and measure peak memory."""
    lines = []
    for f in args.columns:
        tables = [make_table(n, f) for n in (1000, 100_000)]
        times, ratios = side_by_side([lambda t=t: ours().fit_resample(*t) for t in tables], args.repeats)
        table, peak, _ = in_child("--child", 100_000, f, 0)
        cells = f"{times[0]:.2f}", f"{times[1]:.2f}", f"{ratios[1]:.2f}"
        lines.append([f, *cells, f"{table:.0f}", f"{peak:.0f}", f"{3 * table + 100:.0f}"])
    header = [
        "columns",
        "1000 rows, s",
        "100 000 rows, s",
        "ratio (bar 2)",
        "table, MB",
        "peak over import, MB",
        "bar, MB",
    ]
    print_table("Size of the table", header, lines)


def sample_section(args: argparse.Namespace) -> None:
    """Measure the time of drawing a million rows."""
    sampler = ours()
    sampler.fit_resample(*make_table(1000, 20))
    times, cpu = [], []
    for _ in range(args.repeats):
        start = time.process_time()
        times.append(seconds(lambda: sampler.sample(args.sampled, label=1)))
        cpu.append(time.process_time() - start)
    _, _, peak = in_child("--child", 1000, 20, args.sampled)
    rates = f"{args.sampled / min(times):.0f}", f"{args.sampled / min(cpu):.0f}"
    line = [args.sampled, *rates, f"{args.sampled * 20 * 8 / 2**20:.0f}", f"{peak:.0f}"]
    header = ["rows", "rows/s", "rows/s of CPU time (bar 200 000)", "result, MB", "peak, MB"]
    print_table("Drawing rows of 20 columns", header, [line])


# Import and threads


def import_section(args: argparse.Namespace) -> None:
    """Measure the time of imports in new processes, in pairs."""
    base = "import torch, imblearn"
    texts = {
        base: base,
        "wgan_resampler, all public names": "import wgan_resampler as w; [getattr(w, name) for name in w.__all__]",
        "wgan_resampler alone": "import wgan_resampler",
    }
    runs = [
        lambda text=text: subprocess.run([sys.executable, "-c", text], check=True, cwd=Path(__file__).parents[1])
        for text in texts.values()
    ]
    times, ratios = side_by_side(runs, 4 * args.repeats)
    lines = [[name, f"{t:.2f}", f"{r:.3f}"] for name, t, r in zip(texts, times, ratios, strict=True)]
    print_table("Import (bar 1.05)", ["import", "least, s", "median ratio"], lines)


class ThreadCount(Callback):
    """Records how many threads torch may use during training."""

    def __init__(self) -> None:
        self.seen: set[int] = set()

    def on_update_end(self, trainer: object) -> None:
        """Record the number of threads."""
        self.seen.add(torch.get_num_threads())


def fit_and_count() -> tuple[list[int], float]:
    """Return the numbers of threads during a training, and its CPU time divided by its wall-clock time."""
    count = ThreadCount()
    start, cpu = time.perf_counter(), time.process_time()
    WGANGPOverSampler(device="cpu", callbacks=[count]).fit_resample(*make_table(1000, 10))
    return sorted(count.seen), (time.process_time() - cpu) / (time.perf_counter() - start)


def threads_section(args: argparse.Namespace) -> None:
    """Show the number of threads before, during and after a training, and in two workers."""
    lines = []
    for before in (1, 2):
        torch.set_num_threads(before)
        seen, busy = fit_and_count()
        lines.append([f"caller's count {before}", seen, torch.get_num_threads(), f"{busy:.2f}"])
    torch.set_num_threads(1)
    for i, (seen, busy) in enumerate(Parallel(n_jobs=2)(delayed(fit_and_count)() for _ in range(2))):
        lines.append([f"worker {i + 1} of 2", seen, "", f"{busy:.2f}"])
    print_table("Threads", ["where", "in training", "after", "cores busy"], lines)


def cuda_section(args: argparse.Namespace) -> None:
    """Measure the time of training and drawing on a GPU, if there is one."""
    if not torch.cuda.is_available():
        print("\n**CUDA**: not run, because torch finds no device.")
        return
    lines = []
    for f in args.columns:
        X, y = make_table(10_000, f)
        sampler = WGANGPOverSampler(random_state=0, device="cuda")
        sampler.fit_resample(X, y)
        fit = seconds(lambda s=sampler, X=X, y=y: s.fit_resample(X, y))
        draw = seconds(lambda s=sampler: s.sample(args.sampled, label=1))
        lines.append([f, f"{sampler.n_iter_ / fit:.0f}", f"{args.sampled / draw:.0f}"])
    print_table(f"CUDA: {torch.cuda.get_device_name()}", ["columns", "generator updates/s", "rows/s"], lines)


def main() -> None:
    """Run the sections that `--only` names."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", type=lambda text: text.split(","), default=list(SECTIONS), help=",".join(SECTIONS))
    parser.add_argument(
        "--rows", type=int, nargs="+", default=[250, 1000, 10_000, 100_000], help="numbers of rows for whole fits"
    )
    parser.add_argument("--columns", type=int, nargs="+", default=[10, 50])
    parser.add_argument(
        "--repeats", type=int, default=3, help="repetitions of ours and SMOTE; other samplers run once (default: 3)"
    )
    parser.add_argument("--peer-rows", type=int, default=1000, help="largest table for CTGAN and TVAE (default: 1000)")
    parser.add_argument(
        "--classic-rows", type=int, default=1000, help="largest table for the classic recipe (default: 1000)"
    )
    parser.add_argument("--sampled", type=int, default=1_000_000, help="number of rows to draw (default: a million)")
    parser.add_argument("--child", type=int, nargs=3, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        memory_child(*args.child)
        return
    unknown = set(args.only) - set(SECTIONS)
    if unknown:
        parser.error(f"--only accepts {', '.join(SECTIONS)}; got {', '.join(sorted(unknown))}")
    torch.set_num_threads(1)
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, torch {torch.__version__}, 1 thread")
    with threadpool_limits(1):
        for section in args.only:
            globals()[f"{section}_section"](args)


if __name__ == "__main__":
    main()
