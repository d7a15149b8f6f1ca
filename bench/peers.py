"""peers: what is measured beside us, each installed by itself, under build/bench/.

What cannot be had is named with its reason, and the rest goes on without it.
"""
import os
import subprocess
import sys
import zipfile

from cases import KEPT, kept, write_whole

HERE = os.path.dirname(os.path.abspath(__file__))
VENV = os.path.join(KEPT, "venv")
PYTHON = os.path.join(VENV, "bin", "python")
PACKAGES = ["numpy", "lightgbm", "onnx", "onnxruntime", "treelite", "tl2cgen", "scikit-learn"]
# XGBoost's newest releases ask for a newer Python than Debian's; their library does not, and only
# that is used.
NEWEST_PYTHON = "3.13"
COMPILE_SECONDS_MAX = 180
TREELITE_NODES_MAX = 100_000
DEBIAN_XGBOOST = ["/usr/lib/x86_64-linux-gnu/libxgboost.so.0", "libxgboost.so.0", "libxgboost.so"]


class Missing(Exception):
    """A peer that cannot be had, and why."""


def run(*command, timeout=1800):
    """Its output; Missing with the last thing it said when it fails."""
    try:
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=timeout)
    except subprocess.TimeoutExpired:
        raise Missing(f"took more than {timeout} s") from None
    if done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip() or "no word why").splitlines()
        raise Missing(said[-1][:200])
    return done.stdout.strip()


def peer(command, *arguments, timeout=1800):
    return run(PYTHON, os.path.join(HERE, "peer_models.py"), command, *map(str, arguments),
               timeout=timeout)


def make_venv():
    if not os.path.exists(PYTHON):
        run(sys.executable, "-m", "venv", VENV)


def install(package):
    """The version that is there; what was installed before is kept, so that a run can be repeated
    where no registry is reached."""
    version = ["-c", f"import importlib.metadata as m; print(m.version('{package}'))"]
    try:
        return run(PYTHON, *version)
    except Missing:
        run(PYTHON, "-m", "pip", "install", "-q", package)
        return run(PYTHON, *version)


def find_in_venv(pattern_folder, start, end):
    root = run(PYTHON, "-c", "import sysconfig; print(sysconfig.get_paths()['platlib'])")
    folder = os.path.join(root, pattern_folder)
    for name in sorted(os.listdir(folder)):
        if name.startswith(start) and end in name:
            return os.path.join(folder, name)
    raise Missing(f"its package has no {start}*{end}")


def newest_xgboost():
    """The path of the newest release's shared library."""
    folder = os.path.join(KEPT, "xgboost-newest")
    library = os.path.join(folder, "xgboost", "lib", "libxgboost.so")
    if not os.path.exists(library):
        os.makedirs(folder, exist_ok=True)
        run(PYTHON, "-m", "pip", "download", "-q", "--no-deps", "--only-binary=:all:",
            "--python-version", NEWEST_PYTHON, "-d", folder, "xgboost-cpu")
        wheel = [name for name in os.listdir(folder) if name.endswith(".whl")]
        with zipfile.ZipFile(os.path.join(folder, wheel[0])) as archive:
            archive.extractall(folder)
    return library


class Peers:
    """Versions by name, and reasons by name for those that are not there."""

    def __init__(self):
        self.version, self.missing = {}, {}
        self.library = {}
        make_venv()
        for package in PACKAGES:
            self.attempt(package, lambda package=package: install(package))
        self.locate("XGBoost, newest", newest_xgboost)
        if "lightgbm" in self.version:
            self.locate("LightGBM", lambda: find_in_venv("lightgbm/lib", "lib_lightgbm", ".so"))
        if "onnxruntime" in self.version:
            self.locate("ONNX Runtime",
                        lambda: find_in_venv("onnxruntime/capi", "libonnxruntime.so", "."))

    def attempt(self, name, get):
        try:
            self.version[name] = get()
        except (Missing, OSError) as reason:
            self.missing[name] = str(reason)

    def locate(self, name, find):
        try:
            self.library[name] = find()
        except (Missing, OSError) as reason:
            self.missing[name] = str(reason)

    def has(self, *names):
        return all(name in self.version for name in names)


def make_lightgbm(one, rows, labels):
    """LightGBM's own model of the same shape: it cannot read XGBoost's."""
    recipe = {"table": one["table"], "trees": one["trees"], "parameters": one["parameters"],
              "by": "lightgbm", "min_sum_hessian": 1e-3}
    path = kept(one["key"] + "-lightgbm", recipe, "txt")
    if not os.path.exists(path):
        write_whole(path, lambda new: peer(
            "lightgbm", rows, labels, one["table"]["columns"], one["trees"], one["depth"],
            one["parameters"]["eta"], one["parameters"]["max_bin"],
            ",".join(str(20 + i) for i in range(len(one["table"]["categories"]))) or "-", new))
    return path


def make_onnx(one, json_path):
    if one["table"]["categories"]:
        raise Missing("its trees have no sets of categories")
    path = json_path.replace(".json", ".onnx")
    if not os.path.exists(path):
        write_whole(path, lambda new: peer("onnx", json_path, one["table"]["columns"], new))
    return path


def make_treelite(one, json_path):
    """A failure is kept too: it takes minutes to fail."""
    if one["trees"] << one["depth"] > TREELITE_NODES_MAX:
        raise Missing("left out: compiling so many branches takes long")
    path = json_path.replace(".json", ".treelite.so")
    failed = json_path.replace(".json", ".treelite.failed")
    if os.path.exists(failed):
        with open(failed, encoding="utf-8") as file:
            raise Missing(file.read())
    if not os.path.exists(path):
        try:
            write_whole(path, lambda new: peer("treelite", json_path, new,
                                               timeout=COMPILE_SECONDS_MAX))
        except Missing as reason:
            with open(failed, "w", encoding="utf-8") as file:
                file.write(str(reason))
            raise
    return path
