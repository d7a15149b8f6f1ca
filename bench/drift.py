"""drift: Kolmogorov-Smirnov of 29 columns, 284,807 rows as they were against 5,000 new ones, beside scipy.

The columns are those of the card data where ASSAY_CREDITCARD names that file (V1..V28, Amount), else
drawn like them: heavy-tailed components and amounts in cents. Both sides see the same floats; turns alternate.
"""
import csv
import json
import os
import statistics
import subprocess
import time

import numpy as np
import scipy
from scipy import stats

from cases import KEPT, ROWS, SEED

KS = os.environ.get("KS_BENCH", "build/release/ks_bench")
COLUMNS, WINDOW, TURNS, ROUNDS = 29, 5000, 5, 5


def card_data(path):
    with open(path, encoding="utf-8") as file:
        rows = csv.reader(file)
        names = next(rows)
        keep = [names.index(f"V{i}") for i in range(1, 29)] + [names.index("Amount")]
        return np.array([[float(row[i]) for i in keep] for row in rows], dtype="<f4").T


def drawn(rows, draws):
    columns = [draws.standard_t(4, rows) * np.exp(-0.05 * i) for i in range(COLUMNS - 1)]
    return np.array([*columns, np.round(np.exp(3.1 + 1.67 * draws.standard_normal(rows)), 2)], dtype="<f4")


def columns():
    draws = np.random.default_rng(SEED)
    path = os.environ.get("ASSAY_CREDITCARD")
    if path is None:
        return "drawn like the card data", drawn(ROWS, draws), drawn(WINDOW, draws)
    reference = card_data(path)
    rows = draws.choice(reference.shape[1], WINDOW, replace=False)
    return "the card data, and 5,000 of its rows", reference, reference[:, rows]


def ours(path):
    done = subprocess.run([KS, path, str(ROUNDS)], check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def scipys(reference, window):
    started = time.perf_counter()
    found = [stats.ks_2samp(a, b) for a, b in zip(reference, window)]
    return time.perf_counter() - started, [f.statistic for f in found], [f.pvalue for f in found]


def ms(seconds):
    values = sorted(1000 * s for s in seconds)
    return f"{statistics.median(values):.1f} ({values[0]:.1f}..{values[-1]:.1f})"


def main():
    about, reference, window = columns()
    path = os.path.join(KEPT, "ks.bin")
    os.makedirs(KEPT, exist_ok=True)
    with open(path, "wb") as file:
        file.write(np.array([COLUMNS, reference.shape[1], window.shape[1]], dtype="<u4").tobytes())
        file.write(np.ascontiguousarray(reference).tobytes())
        file.write(np.ascontiguousarray(window).tobytes())
    kept, scratch, theirs, gap = [], [], [], 0.0
    for _ in range(TURNS):
        said = ours(path)
        kept.append(statistics.median(said["kept"]))
        scratch.append(statistics.median(said["scratch"]))
        took, distance, p = scipys(reference.astype(float), window.astype(float))
        theirs.append(took)
        gap = max(gap, max(abs(a - b) for a, b in zip(said["distance"] + said["p"], distance + p)))
    os.remove(path)
    print("## Drift: Kolmogorov-Smirnov\n")
    print(f"{COLUMNS} columns, {reference.shape[1]:,} rows against {window.shape[1]:,}, one thread, {TURNS} turns. "
          f"Data: {about}. Distances and p-values; the largest difference of one: {gap:.1g}.\n")
    print("| | ms: median (least..greatest) | times faster, median of the turns |\n|---|---|---|")
    print(f"| scipy {scipy.__version__}, `ks_2samp` | {ms(theirs)} | |")
    for name, seconds, target in (("Assay, the reference kept", kept, 40), ("Assay, from scratch", scratch, 4)):
        ratio = statistics.median(b / a for a, b in zip(seconds, theirs))
        met = "met" if ratio >= target else "**not met**"
        print(f"| {name} | {ms(seconds)} | {ratio:.1f}, target {target}: {met} |")


if __name__ == "__main__":
    main()
