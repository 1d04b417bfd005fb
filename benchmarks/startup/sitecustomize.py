"""What a process spends beside its own work: Python's start and imports, in seconds of CPU time.

Python imports a module of this name whenever it starts, if its folder is on PYTHONPATH. At its end, each process adds a
line to the file that BENCHMARK_STARTUPS names: what it ran, and the seconds of its start, its imports and all of it.
"""

import _frozen_importlib as importing
import atexit
import os
import sys
import time
from types import ModuleType


class Imports:
    """Stands where Python looks for modules that are not there yet; what a module imports itself is part of it."""

    def __init__(self) -> None:
        """Take the place."""
        self.find, self.is_busy, self.seconds = importing._find_and_load, False, 0.0
        importing._find_and_load = self

    def __call__(self, name: str, *rest: object) -> ModuleType:
        """Import a module."""
        if self.is_busy:
            return self.find(name, *rest)
        begin, self.is_busy = time.thread_time(), True
        try:
            return self.find(name, *rest)
        finally:
            self.seconds, self.is_busy = self.seconds + time.thread_time() - begin, False


def _record() -> None:
    """Write the line, in one piece, since two processes may end at once."""
    spent = time.process_time()
    line = f"{sys.argv[0]}\t{START:.3f}\t{IMPORTS.seconds:.3f}\t{spent:.3f}\n"
    with open(os.environ["BENCHMARK_STARTUPS"], "ab", buffering=0) as file:
        file.write(line.encode())


IMPORTS = Imports()
START = time.process_time()
atexit.register(_record)
