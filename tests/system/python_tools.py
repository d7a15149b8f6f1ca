"""python_tools: programs and libraries of Python's, in an environment of their own under build/tools.
They are fetched once; where they cannot be had, what needs them is skipped."""
import os
import subprocess
import sys

from harness import Skip, tool_folder


def environment(name, *packages):
    """The bin directory of an environment that has the packages."""
    with tool_folder("python-" + name) as folder:
        tools, ready = os.path.join(folder, "bin"), os.path.join(folder, "ready")
        if os.path.exists(ready):
            return tools
        try:
            subprocess.run([sys.executable, "-m", "venv", folder], check=True, capture_output=True,
                           timeout=120)
            subprocess.run([os.path.join(tools, "pip"), "-q", "install",
                            "--disable-pip-version-check", "--no-compile", *packages],
                           check=True, capture_output=True, timeout=300)
        except (subprocess.SubprocessError, OSError) as why:
            said = (getattr(why, "stderr", None) or b"").decode(errors="replace").strip()
            raise Skip(f"{' '.join(packages)} cannot be had: {(said or str(why))[-160:]}") from None
        with open(ready, "w", encoding="utf-8"):
            pass
        return tools
