"""python_tools: programs and libraries of Python's, in an environment of their own under build/tools.
They are fetched once; where they cannot be had, what needs them is skipped."""
import os
import subprocess
import sys

from harness import ROOT, Skip


def environment(name, *packages):
    """The bin directory of an environment that has the packages."""
    folder = os.path.join(ROOT, "build", "tools", "python-" + name)
    ready = os.path.join(folder, "ready")
    if os.path.exists(ready):
        return os.path.join(folder, "bin")
    try:
        subprocess.run([sys.executable, "-m", "venv", folder], check=True, capture_output=True,
                       timeout=120)
        subprocess.run([os.path.join(folder, "bin", "pip"), "-q", "install", *packages],
                       check=True, capture_output=True, timeout=300)
    except (subprocess.SubprocessError, OSError) as why:
        said = (getattr(why, "stderr", None) or b"").decode(errors="replace").strip()
        raise Skip(f"{' '.join(packages)} cannot be had: {(said or str(why))[-160:]}") from None
    with open(ready, "w", encoding="utf-8"):
        pass
    return os.path.join(folder, "bin")
