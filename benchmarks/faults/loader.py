"""Try the faults of the loader: each in a folder and a process of its own."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from multiprocessing.connection import Connection
from pathlib import Path

from benchmarks.faults.loader_faults import FAULTS, Fault
from benchmarks.faults.mirrors import GOOD, MadeUp, Servers, make_up, serving
from benchmarks.faults.preparing import STEM
from benchmarks.faults.processes import call
from benchmarks.faults.rows import Progress, Row
from benchmarks.faults.sites import (
    DIGITS,
    LIMIT,
    Outcome,
    Site,
    Snapshot,
    attempt,
    become_nobody,
    broken_rules,
    prepare_process,
    shortened_text,
    snapshot,
)


def run_one(line: Connection, site: Site, number: int) -> None:
    """In a process of its own: make a fault, load, and send what happened."""
    fault = FAULTS[number]
    prepare_process(site)
    site.mirrors, site.cache_dir = [site.addresses.mirror(GOOD.way)], site.cache
    fault.prepare(site)
    before = snapshot(site.root)
    if site.nobody or site.warm:
        warm_up(site)
    if site.nobody:
        become_nobody(site)
    outcomes = [attempt(site)]
    if fault.then_good:
        # Of a note of failure, only processes that wait should take notice.
        site.mirrors = [*site.mirrors, site.addresses.mirror(GOOD.way)]
        outcomes.append(attempt(site))
    for process in site.helpers:
        process.kill()
        process.wait()
    line.send((outcomes, before))


def warm_up(site: Site) -> None:
    """Load once elsewhere: modules that are imported on first use may be out of reach later."""
    with tempfile.TemporaryDirectory(dir=site.root) as folder:
        attempt(
            Site(
                site.root,
                site.addresses,
                site.made_up,
                mirrors=[site.addresses.mirror(GOOD.way)],
                cache_dir=folder,
            )
        )


def judged(fault: Fault, outcomes: list[Outcome], before: Snapshot, root: Path) -> list[str]:
    """Say which rules a fault's loads broke."""
    wanted = [fault.expected, (DIGITS,)]
    rules = [
        f"ended with {outcome.kind}"
        for outcome, expected in zip(outcomes, wanted, strict=False)
        if outcome.kind not in expected
    ]
    rules += [f"took {one.seconds:.0f} seconds" for one in outcomes if one.seconds > LIMIT]
    return rules + broken_rules(before, snapshot(root), STEM, fault.leaves)


def try_fault(number: int, servers: Servers, made_up: MadeUp, folder: Path) -> Row:
    """Do one fault as often as it says, and report it as a row."""
    fault, kinds, rules = FAULTS[number], Counter[str](), list[str]()
    longest, words = 0.0, ""
    for time_ in range(fault.times):
        root = folder / f"{number}-{time_}"
        root.mkdir()
        site = Site(root, servers.addresses, made_up, number=time_)
        try:
            outcomes, before = call(run_one, 3 * LIMIT, site, number)
        except (TimeoutError, ChildProcessError) as error:
            outcomes, before = [Outcome(type(error).__name__, str(error), 3 * LIMIT)], {}
        rules += judged(fault, outcomes, before, root)
        kinds[outcomes[0].kind] += 1
        longest = max(longest, *(outcome.seconds for outcome in outcomes))
        words = words or described(outcomes)
        allow_all(root)
        shutil.rmtree(root)
    if fault.times > 1:
        words = ", ".join(f"{kind}: {count} of {fault.times}" for kind, count in kinds.items())
    expected = " or ".join(fault.expected) + (", then digits" if fault.then_good else "")
    broken = "; ".join(dict.fromkeys(rules))
    return Row("loader", fault.done, expected, words, fault.times, longest, broken)


def described(outcomes: list[Outcome]) -> str:
    """Return what the program did, in a line."""
    first = outcomes[0]
    words = f"{first.kind}: {shortened_text(first.text)}" if first.text else first.kind
    return words + "".join(f"; with a second mirror: {other.kind}" for other in outcomes[1:])


def allow_all(root: Path) -> None:
    """Give permissions back, so that a site can be deleted."""
    for path in (root, *root.glob("*")):
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o755)


def loader_rows(folder: Path, every: int) -> list[Row]:
    """Do the faults of the loader, or one in so many of them."""
    made_up, numbers = make_up(40, 20), range(0, len(FAULTS), every)
    progress, rows = Progress("loader", len(numbers)), []
    with serving(made_up, folder) as servers:
        for number in numbers:
            rows.append(try_fault(number, servers, made_up, folder))
            progress.step()
    return rows
