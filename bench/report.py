"""report: what forest_bench has said, as a page for people.

A number is the median over the rounds. A ratio is taken within each round, so that what slows the
machine for a while slows both of its sides; its median stands with the least and the greatest.
"""
import os
import platform
import re
import statistics
import subprocess
import time

EXACT = "xgboost"
# Measures of the tables: key, heading, unit and what to divide nanoseconds by.
MEASURES = [("one_p50", "one row, us", 1e3), ("one_p99", "its p99", 1e3),
            ("one_loop", "in a loop, us", 1e3), ("cold_p50", "cold, us", 1e3),
            ("batch_row", "1,000 rows, ns/row", 1), ("table_row", "all rows, ns/row", 1),
            ("explain_p50", "SHAP one row, us", 1e3), ("explain_row", "SHAP many, us/row", 1e3),
            ("load_ms", "load, ms", 1), ("memory", "memory, MB", 1e6)]
RATIOS = [("one_p50", "one row"), ("one_loop", "in a loop"), ("cold_p50", "cold"),
          ("batch_row", "1,000 rows"), ("table_row", "all rows"), ("explain_p50", "SHAP one row"),
          ("explain_row", "SHAP many")]
OURS = "Assay"


def number(value):
    """Three digits, as people write them."""
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def times(value):
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}"


class Case:
    """The measures of one case: value[contender][measure] is a list by round."""

    def __init__(self, lines):
        self.value, self.about, self.group, self.order = {}, {}, {}, []
        self.clock_step = None
        for line in lines:
            if "clock_step_ns" in line:
                self.clock_step = line["clock_step_ns"]
                continue
            name = line["name"]
            if name not in self.value:
                self.value[name] = {}
                self.group[name] = line["group"]
                self.order.append(name)
            if "about" in line:
                self.about[name] = line["about"]
            else:
                self.value[name].setdefault(line["measure"], []).append(line["value"])
        self.order.sort(key=lambda name: (not self.is_ours(name), name != OURS))

    def rounds(self, name, measure):
        return self.value.get(name, {}).get(measure, [])

    def median(self, name, measure):
        values = self.rounds(name, measure)
        return statistics.median(values) if values else None

    def is_ours(self, name):
        return name.startswith(OURS)

    def peers(self, measure):
        return [name for name in self.order if not self.is_ours(name) and self.rounds(name, measure)]

    def ratios(self, name, measure):
        """How many times as long as ours, round by round."""
        return [theirs / ours for theirs, ours in zip(self.rounds(name, measure),
                                                      self.rounds(OURS, measure))]

    def best(self, measure, but=None):
        """Of the peers: its name, by the median, and the ratios to whichever was best in a round."""
        peers = [name for name in self.peers(measure) if name != but]
        if not peers:
            return None, []
        name = min(peers, key=lambda peer: self.median(peer, measure))
        best = [min(values) for values in zip(*(self.rounds(peer, measure) for peer in peers))]
        return name, [theirs / ours for theirs, ours in zip(best, self.rounds(OURS, measure))]


def spread(values):
    if not values:
        return "-"
    return f"{times(statistics.median(values))} ({times(min(values))}..{times(max(values))})"


def row(cells):
    return "| " + " | ".join(cells) + " |"


def table(heads, rows):
    return "\n".join([row(heads), row(["---"] * len(heads)), *map(row, rows)])


# ---------------------------------------------------------------- the machine

def lscpu():
    said = subprocess.run(["lscpu"], check=False, capture_output=True, text=True,
                          env=dict(os.environ, LC_ALL="C")).stdout
    return dict(re.findall(r"^([^:\n]+):\s*(.*)$", said, re.M))


def machine():
    cpu = lscpu()
    caches = ", ".join(f"{level} {cpu[level + ' cache']}" for level in ("L1d", "L2", "L3")
                       if level + " cache" in cpu)
    compiler = subprocess.run(["gcc", "--version"], check=False, capture_output=True,
                              text=True).stdout.splitlines()[0]
    system = ""
    with open("/etc/os-release", encoding="utf-8") as file:
        system = re.search(r'^PRETTY_NAME="?([^"\n]*)', file.read(), re.M)[1]
    wide = [flag for flag in ("avx2", "avx512bw", "avx512vbmi") if f" {flag} " in f" {cpu.get('Flags', '')} "]
    return (f"{cpu.get('Model name', platform.machine())} (family {cpu.get('CPU family', '?')}, model "
            f"{cpu.get('Model', '?')}), {os.cpu_count()} virtual cores, {caches}; instructions: "
            f"{', '.join(wide) or 'none of the wide ones'}. {system}, {compiler}, `MODE=release`. The "
            f"load over the last 15 minutes was {os.getloadavg()[2]:.1f}, 1 of it this run.")


def installed(peers, first):
    """Versions, and what could not be had with its reason."""
    about = {name: case for name, case in first.about.items() if not first.is_ours(name)}
    have = [f"XGBoost {about['XGBoost, Debian' + chr(39) + 's']} (Debian's)"]
    if "XGBoost, newest" in about:
        have.append(f"XGBoost {about['XGBoost, newest']} (the newest release)")
    for package, name in (("lightgbm", "LightGBM"), ("onnxruntime", "ONNX Runtime"),
                          ("treelite", "Treelite"), ("tl2cgen", "tl2cgen"),
                          ("scikit-learn", "scikit-learn")):
        if package in peers.version:
            have.append(f"{name} {peers.version[package]}")
    lines = ["Peers: " + ", ".join(have) + "."]
    for name, reason in peers.missing.items():
        lines.append(f"Could not be had: {name}: {reason}.")
    return "\n".join(lines)


# ---------------------------------------------------------------- targets

class Targets:
    def __init__(self, cases):
        self.cases, self.rows = cases, []

    def add(self, what, measured, met):
        self.rows.append([what, measured, "met" if met else "**not met**"])

    def at_least(self, key, measure, least, what):
        if key not in self.cases:
            self.rows.append([what, "not run", "-"])
            return
        name, ratios = self.cases[key].best(measure)
        if not ratios:
            self.rows.append([what, "no peer", "-"])
            return
        said = f"{spread(ratios)}; best is {name}"
        if name == "Treelite": # which compiles each model with gcc
            second, others = self.cases[key].best(measure, but=name)
            said += f", then {second} {times(statistics.median(others))}" if others else ""
        self.add(what, said, statistics.median(ratios) >= least)

    def one_row(self, key, at_most):
        if key not in self.cases:
            return
        case = self.cases[key]
        p50, p99 = case.rounds(OURS, "one_p50"), case.rounds(OURS, "one_p99")
        tail = statistics.median(b / a for a, b in zip(p50, p99))
        self.add(f"{key}: p99 under 2 times p50", f"{tail:.2f} times", tail < 2)
        micro = statistics.median(p50) / 1e3
        self.add(f"{key}: one row at most {at_most} us", f"{micro:.3f} us", micro <= at_most)


    def right(self):
        """All of ours, in every case: every kernel, and the way through assay.h."""
        differ, rows, left = 0, 0, 0.0
        for case in self.cases.values():
            for name in filter(case.is_ours, case.order):
                if case.group[name] == EXACT:
                    differ += case.median(name, "margins_differ")
                    rows += case.median(name, "rows_checked")
                    left = max(left, case.median(name, "phi_rows_left_over") or 0)
        self.add("margins with other bits than XGBoost's: none",
                 f"{differ:.0f} of {rows:,.0f}, every kernel in every case", differ == 0)
        self.add("contributions add up within a millionth", f"{left:.0e}", left <= 1e-6)


def targets(cases):
    rows = Targets(cases)
    rows.right()
    rows.at_least("i", "one_p50", 15, "i: one row, 15 times the best peer")
    rows.at_least("ii", "one_p50", 20, "ii: one row, 20 times")
    rows.one_row("i", 0.5)
    rows.one_row("ii", 2)
    for key, least in (("i", 12), ("ii", 12), ("iii", 8)):
        rows.at_least(key, "table_row", least, f"{key}: all rows, {least} times")
    for key in ("i", "ii", "iii"):
        rows.at_least(key, "explain_p50", 15, f"{key}: SHAP of one row, 15 times")
    for key, least in (("i", 100), ("ii", 100), ("iii", 60)):
        rows.at_least(key, "explain_row", least, f"{key}: SHAP of many rows, {least} times")
    return table(["target", "measured: median of rounds (least..greatest)", ""], rows.rows)


# ---------------------------------------------------------------- cases

def values_table(case):
    rows = []
    for name in case.order:
        cells = [name if name != OURS else f"**{OURS}** ({case.about[name]})"]
        for key, _, divide in MEASURES:
            value = case.median(name, key)
            cells.append("-" if value is None or (key == "memory" and name == "Treelite")
                         else number(value / divide))
        rows.append(cells)
    return table(["", *(heading for _, heading, _ in MEASURES)], rows)


def ratios_table(case):
    rows = []
    for name in case.order:
        if not case.is_ours(name):
            rows.append([name, *(spread(case.ratios(name, key)) for key, _ in RATIOS)])
    rows.append(["**best of them**", *(spread(case.best(key)[1]) for key, _ in RATIOS)])
    return table(["times as long as Assay", *(heading for _, heading in RATIOS)], rows)


def checked(case):
    """What was compared before anything was timed."""
    said = []
    for name in case.order:
        apart, left = case.median(name, "phi_rows_apart"), case.median(name, "phi_rows_left_over")
        differ, rows = case.median(name, "margins_differ"), case.median(name, "rows_checked")
        if name == OURS:
            said.append(f"Checked: {rows:,.0f} margins, {differ:.0f} with other bits than Debian's "
                        f"XGBoost; contributions up to {apart:.1e} of their size away from its "
                        f"own, and {left:.1e} from adding up to the trees' sum, which floats round "
                        f"by {case.median(name, 'phi_rows_rounding'):.1e} to the margin.")
        elif differ and not case.is_ours(name):
            said.append(f"{name}: {100 * differ / rows:.0f} % of margins have other bits, up to "
                        f"{case.median(name, 'margins_apart'):.1e} away.")
    own = case.median("Assay, LightGBM's model", "margins_apart")
    if own is not None:
        said.append(f"On LightGBM's model Assay is {own:.1e} away from LightGBM.")
    return " ".join(said)


def load_line(case):
    parts = [f"{what} {number(case.median(OURS, key) / divide)} {unit}" for what, key, divide, unit in (
        ("reading UBJ", "parse_ms", 1, "ms"), ("compiling", "compile_ms", 1, "ms"),
        ("the explainer", "explainer_ms", 1, "ms"), ("in memory: the trees", "forest_bytes", 1e6, "MB"),
        ("what scoring reads", "engine_bytes", 1e6, "MB"),
        ("what explaining reads", "explainer_bytes", 1e6, "MB"))]
    return "Assay's loading: " + ", ".join(parts) + "."


def main_case(ran, case):
    one = ran["case"]
    parts = [f"### {one['key']}: {one['about']}\n", values_table(case), "", ratios_table(case), "",
             checked(case), load_line(case)]
    parts += [f"{name} is not here: {reason}." for name, reason in ran["missing"].items()]
    return "\n".join(parts)


def other_cases(rans, cases):
    rows, notes = [], []
    keys = [("one_p50", 1e3, "us"), ("cold_p50", 1e3, "us"), ("batch_row", 1, "ns"),
            ("table_row", 1, "ns"), ("explain_p50", 1e3, "us"), ("explain_row", 1e3, "us")]
    for ran in rans:
        case = cases[ran["case"]["key"]]
        cells = [f"{ran['case']['about']} ({case.about[OURS]})"]
        for key, divide, unit in keys:
            name, ratios = case.best(key)
            ours = f"{number(case.median(OURS, key) / divide)} {unit}"
            cells.append(f"{ours}; {spread(ratios)} {name}" if name else ours)
        rows.append(cells)
        differ = case.median(OURS, "margins_differ")
        notes.append(f"{ran['case']['key']}: {differ:.0f} of {case.median(OURS, 'rows_checked'):,.0f} "
                     f"margins differ, contributions add up to within "
                     f"{case.median(OURS, 'phi_rows_left_over'):.0e}")
    heads = ["", "one row", "cold", "1,000 rows, a row", "all rows, a row", "SHAP one row",
             "SHAP many, a row"]
    return table(heads, rows) + "\n\nChecked: " + "; ".join(notes) + "."


def forest_part(forest, version):
    case = Case(forest["lines"])
    theirs = forest["theirs"]
    rows = [["scikit-learn, predict_proba", number(statistics.median(theirs["one_p50"]) / 1e3),
             number(statistics.median(theirs["table_row"]))],
            [f"**{OURS}**, imported ({case.about[OURS]})", number(case.median(OURS, "one_p50") / 1e3),
             number(case.median(OURS, "table_row"))],
            ["times as long", *(spread([a / b for a, b in zip(theirs[key], case.rounds(OURS, key))])
                                for key in ("one_p50", "table_row"))]]
    return "\n".join([
        "### scikit-learn's random forest: 100 trees, depth 8\n",
        f"scikit-learn {version} has no interface but Python's, whose calls are in its figures; its "
        "rows are 20,000 at a time. It and forest_bench run one after the other here, not in turn.\n",
        table(["", "one row, us", "many rows, ns/row"], rows), "",
        f"Checked: probabilities of {case.median(OURS, 'rows_checked'):,.0f} rows, up to "
        f"{case.median(OURS, 'margins_apart'):.1e} away."])


HOW = """Everything runs in one thread; a case is one process in which all contenders take turns, {rounds}
rounds. Ratios are taken within a round. Table: 284,807 generated card payments, 1 % fraud. XGBoost's
models are trained by Debian's XGBoost with nearly full trees; LightGBM trains its own of the same
shape, because it cannot read XGBoost's, and counts among the best all the same.

- **one row**: p50 and p99 of single calls, at least 20,000 over the rounds, by the processor's counter
  less its own cost (it moves in steps of {step:.0f} ns here; equal readings are spread over a step). Each
  call gets a random row that has just been copied into place. XGBoost: in place, with everything
  reused that can be. LightGBM: its fast single row. ONNX Runtime: tensors made once. Treelite: the
  compiled function itself. **In a loop**: no counter between the calls, 2,048 rows in order.
- **cold**: p50 of calls after 64 MiB were written over, which empties every cache.
- **1,000 rows**, **all rows**: processor time. A slow peer gets as many of the rows as fit 0.5 s, at least
  10,000; its time a row depends on no more than that.
- **SHAP**: path-dependent contributions in full. XGBoost's single-row matrices are made beforehand and
  not in its time. SHAP many: 10,240 rows, for slow ones as many as fit 0.5 s, at least 64. ONNX
  Runtime and Treelite have none.
- **load**: from a file in the page cache until the first row can be scored and explained. For Treelite this is
  the opening of a library that took gcc seconds to minutes to make. **memory**: what loading left allocated;
  Treelite's model is its code."""


def page(rans, forest, peers, rounds, left_out):
    cases = {ran["case"]["key"]: Case(ran["lines"]) for ran in rans}
    first = cases[rans[0]["case"]["key"]]
    main = [ran for ran in rans if ran["case"]["key"] in ("i", "ii", "iii", "iv")]
    others = [ran for ran in rans if ran not in main]
    parts = ["## The forest engine\n", f"{time.strftime('%Y-%m-%d')}. {machine()}", installed(peers, first), ""]
    if left_out:
        parts.append("Left out of this run: " + "; ".join(left_out) + ".\n")
    parts += ["### Targets\n", targets(cases), "", "### How it is measured\n",
              HOW.format(rounds=rounds, step=first.clock_step), ""]
    parts += [main_case(ran, cases[ran["case"]["key"]]) + "\n" for ran in main]
    if others:
        parts += ["### Other shapes\n", "Assay's figure; how many times as long the best peer takes; which one it is.\n",
                  other_cases(others, cases), ""]
    if forest:
        parts.append(forest_part(forest, peers.version["scikit-learn"]))
    return "\n".join(parts)
