"""Measure the time and the peak memory of several readers of a large JSON file of records.

``python benchmarks/json_reading.py --megabytes 700`` writes a file into a temporary folder. Each record in it has 130
frames with 13 coefficients. Each reader runs in its own process. The result is printed as a Markdown table. orjson is
included if it is installed.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

READERS = {
    "MFCCDataset": "import wgan_resampler; read = wgan_resampler.MFCCDataset",
    "read_records": "from wgan_resampler.records.files.json_records import read_records as read",
    "read_records, means only": """
from wgan_resampler.records.files.json_records import mean_over_time, read_records
read = lambda path: read_records(path, reduce=mean_over_time)""",
    "json.load": "import json, io; read = lambda path: json.load(open(path, 'rb'))",
    "orjson.loads": "import orjson, pathlib; read = lambda path: orjson.loads(pathlib.Path(path).read_bytes())",
}
MEASURE = """
import resource, sys, time
{code}
def peak():
    return int(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1]) / 1024
before, started = peak(), time.perf_counter()
kept = read(sys.argv[1])
print(time.perf_counter() - started, before, peak())
"""


def write_file(path: Path, megabytes: int) -> int:
    """Write records with four decimals, like `extract`, and return how many numbers the file holds."""
    rng = np.random.default_rng(0)
    record = (rng.normal(0, 60, (130, 13))).round(4).tolist()
    text = json.dumps(record)
    n_records = megabytes * 10**6 // (len(text) + 2)
    with path.open("w") as file:
        file.write('{"mapping": ["a", "b"], "mfcc": [')
        for i in range(n_records):
            file.write((", " if i else "") + text)
        file.write(f'], "labels": {json.dumps([i % 2 for i in range(n_records)])}}}')
    return n_records * 130 * 13


def main() -> None:
    """Write the file, run every reader on it, and print time and memory of each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=700)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "records.json")
        n_numbers = write_file(path, args.megabytes)
        print(f"{path.stat().st_size / 1e6:.0f} MB, {n_numbers / 1e6:.1f} million numbers\n")
        print("| reader | seconds | memory before, MB | peak, MB |\n|---|---|---|---|")
        for name, code in READERS.items():
            command = [sys.executable, "-c", MEASURE.format(code=code), str(path)]
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode:
                print(f"| {name} | {(done.stderr.splitlines() or ['killed'])[-1]} | | |", flush=True)
                continue
            seconds, before, peak = map(float, done.stdout.split())
            print(f"| {name} | {seconds:.1f} | {before:.0f} | {peak:.0f} |", flush=True)


if __name__ == "__main__":
    main()
