"""forest: our kernels beside every peer that can be had, in one run; prints its part of the page.

    FAST=1      without the largest models
    ROUNDS=n    instead of 5
    ONLY=i,ii   these cases alone
    RAW=FILE    every single measure as JSON, too

Models and tables are made once and kept under build/bench/ (cases.py), as are the peers (peers.py).
Each case is one process, build/release/forest_bench, that goes round all contenders; it fails when
a margin or a contribution is wrong.
"""
import ctypes
import json
import os
import subprocess
import sys

import report
from cases import CASES, KEPT, LARGE, kept, make_model, make_table, write_whole
from peers import (DEBIAN_XGBOOST, Missing, Peers, make_lightgbm, make_onnx, make_treelite, peer)

ROUNDS = int(os.environ.get("ROUNDS", "5"))
FAST = os.environ.get("FAST", "") not in ("", "0")
ONLY = [word for word in os.environ.get("ONLY", "").split(",") if word]
ASSAY, FOREST_BENCH = os.environ["ASSAY"], os.environ["FOREST_BENCH"]
KERNELS = ["vbmi", "avx512", "avx2", "portable"]
FOREST = {"trees": 100, "depth": 8}
EXACT, OWN, SKLEARN = "xgboost", "lightgbm", "scikit-learn" # groups: who says what is right


def say(text):
    print(text, file=sys.stderr, flush=True)


def debian_xgboost():
    for name in DEBIAN_XGBOOST:
        try:
            ctypes.CDLL(name)
            return name
        except OSError:
            pass
    sys.exit("bench: libxgboost is not installed: apt-get install libxgboost-dev")


def has_kernel(name):
    """By what the processor says of itself; forest_bench would refuse it otherwise."""
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        flags = file.read()
    asks = {"vbmi": "avx512_vbmi", "avx512": "avx512bw", "avx2": " avx2 "}
    return name not in asks or asks[name] in flags.replace("avx512vbmi", "avx512_vbmi")


def bench(table, columns, contenders):
    """Every line that forest_bench says, as it says it."""
    words = ["|".join(contender) for contender in contenders]
    done = subprocess.run([FOREST_BENCH, table, str(columns), str(ROUNDS), *words], check=False,
                          stdout=subprocess.PIPE, text=True,
                          env=dict(os.environ, OMP_WAIT_POLICY="PASSIVE"))
    if done.returncode != 0:
        sys.exit("bench: stopped, because an answer was wrong or a contender failed")
    return [json.loads(line) for line in done.stdout.splitlines()]


def bundle_of(ubj):
    """The model as Assay deploys it."""
    path = ubj.replace(".ubj", ".assay")
    if not os.path.exists(path):
        store = os.path.join(KEPT, "store")
        os.makedirs(store, exist_ok=True)
        def write(new):
            said = subprocess.run([ASSAY, "models", "import", ubj, "--allow-missing"], cwd=store,
                                  check=True, capture_output=True, text=True).stdout
            subprocess.run([ASSAY, "models", "export", said.split()[0], "--out", new], cwd=store,
                           check=True, capture_output=True)
        write_whole(path, write)
    return path


def attempt(missing, name, get):
    try:
        return get()
    except Missing as reason:
        missing[name] = str(reason)
        return None


def contenders_of(one, peers, missing):
    """What scores this case: kind, name, group, library, model."""
    ubj, json_path = make_model(one)
    rows, labels = make_table(one["table"])
    main = one["key"] in ("i", "ii", "iii")
    listed = [("xgboost", "XGBoost, Debian's", EXACT, debian_xgboost(), ubj),
              ("assay", "Assay", EXACT, "-", ubj)]
    if main:
        slower = [name for name in KERNELS if has_kernel(name)][1:] # "-" has taken the first
        listed += [("assay", f"Assay, {name}", EXACT, name, ubj) for name in slower]
        listed.append(("bundle", "Assay, assay_decide", EXACT, "-", bundle_of(ubj)))
    if "XGBoost, newest" in peers.library:
        listed.append(("xgboost", "XGBoost, newest", EXACT, peers.library["XGBoost, newest"], ubj))
    if "ONNX Runtime" in peers.library and peers.has("onnx"):
        model = attempt(missing, "ONNX Runtime", lambda: make_onnx(one, json_path))
        if model:
            listed.append(("onnx", "ONNX Runtime", EXACT, peers.library["ONNX Runtime"], model))
    if peers.has("treelite", "tl2cgen"):
        library = attempt(missing, "Treelite", lambda: make_treelite(one, json_path))
        if library:
            listed.append(("treelite", "Treelite", EXACT, library, "-"))
    if "LightGBM" in peers.library:
        model = attempt(missing, "LightGBM", lambda: make_lightgbm(one, rows, labels))
        if model:
            listed.append(("lightgbm", "LightGBM", OWN, peers.library["LightGBM"], model))
            if main:
                listed.append(("assay", "Assay, LightGBM's model", OWN, "-", model))
    return rows, listed


def run_case(one, peers):
    missing = {}
    say(f"{one['key']}: {one['about']}")
    rows, listed = contenders_of(one, peers, missing)
    lines = bench(rows, one["table"]["columns"], listed)
    return {"case": one, "missing": missing, "contenders": listed, "lines": lines}


def run_forest(peers):
    """A random forest of scikit-learn's, by itself and imported; it has no interface but Python's."""
    if not peers.has("scikit-learn"):
        return None
    say(f"scikit-learn: a forest of {FOREST['trees']} trees, depth {FOREST['depth']}")
    one = CASES[0]
    rows, labels = make_table(one["table"])
    columns = one["table"]["columns"]
    recipe = dict(FOREST, table=one["table"], version=peers.version["scikit-learn"])
    path, scores = kept("forest", recipe, "pickle"), kept("forest", recipe, "scores")
    try:
        if not os.path.exists(path):
            write_whole(path, lambda new: peer("forest", rows, labels, columns, FOREST["trees"],
                                               FOREST["depth"], new))
        theirs = json.loads(peer("time", path, rows, columns, ROUNDS, scores))
    except Missing as reason:
        peers.missing["scikit-learn"] = str(reason)
        return None
    lines = bench(rows, columns, [("recorded", "scikit-learn", SKLEARN, "-", scores),
                                  ("assay", "Assay", SKLEARN, "-", path)])
    return {"theirs": theirs, "lines": lines}


def main():
    peers = Peers()
    chosen = [one for one in CASES if (not FAST or one["key"] not in LARGE)
              and (not ONLY or one["key"] in ONLY)]
    ran = [run_case(one, peers) for one in chosen]
    forest = run_forest(peers) if not ONLY else None
    if "RAW" in os.environ:
        with open(os.environ["RAW"], "w", encoding="utf-8") as file:
            json.dump({"ran": ran, "forest": forest}, file)
    left_out = [one["about"] for one in CASES if one not in chosen]
    print(report.page(ran, forest, peers, ROUNDS, left_out))


main()
