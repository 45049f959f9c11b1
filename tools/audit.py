"""Look for known vulnerabilities in the packages of this environment: ``python -m tools.audit``.

pip-audit asks the package index for them. Where that cannot be reached, or does not know them,
the check is skipped, and says so.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

COMMAND = [sys.executable, "-m", "pip_audit", "--format=json", "--progress-spinner=off"]
# This package, which is not on the index before its first release.
OWN = "mnist-zoo"


def verdict(output: str) -> tuple[list[str], str]:
    """Return what was found, a line for each vulnerability, and a summary.

    Parameters
    ----------
    output : str
        What ``pip-audit --format=json`` wrote.
    """
    try:
        packages: list[dict[str, Any]] = json.loads(output)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return [], "skipped: the data of vulnerabilities could not be reached"
    asked = [package for package in packages if "vulns" in package]
    left_out = [p["name"] for p in packages if "vulns" not in p and p["name"] != OWN]
    if not asked:
        return [], "skipped: the package index has no data of vulnerabilities"
    found = [
        f"{package['name']} {package['version']}: {fault['id']}, mended in "
        f"{', '.join(fault['fix_versions']) or 'no release yet'}"
        for package in asked
        for fault in package["vulns"]
    ]
    summary = f"{len(asked)} packages were looked up, {len(found)} vulnerabilities found"
    return found, summary + (f"; not known: {', '.join(left_out)}" if left_out else "")


def main() -> None:
    """Print what was found; fail if anything was."""
    try:
        done = subprocess.run(COMMAND, capture_output=True, text=True, timeout=300)  # noqa: S603
        output = done.stdout
    except subprocess.TimeoutExpired:
        output = ""
    found, summary = verdict(output)
    print("\n".join([*found, f"pip-audit: {summary}"]))
    raise SystemExit(bool(found))


if __name__ == "__main__":
    main()
