"""What a job says: to its log and to the terminal, and one line instead of a traceback for a user's mistake."""

import ctypes
import errno
import os
import signal
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from pathlib import Path
from typing import TextIO

from scenessl.errors import UserError

SNAKEMAKE = "SCENESSL_SNAKEMAKE"  # the environment variable with the process id of Snakemake, set by rules/study.smk
# What a user can mend: no room, no permission.
MENDABLE = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM}


class Tee:
    """A text stream that writes to several.

    One that takes no more (a log on a full disk, a closed terminal) is left out from then on: what a job makes counts
    for more than what it says.
    """

    def __init__(self, *streams) -> None:
        """Take the streams."""
        self.streams = list(streams)

    def write(self, text: str) -> int:
        """Write to all, at once."""
        for stream in tuple(self.streams):
            try:
                stream.write(text)
                stream.flush()
            except OSError:
                self.streams.remove(stream)
        return len(text)

    def flush(self) -> None:
        """Do nothing, since every writing flushes."""

    def isatty(self) -> bool:
        """Say no: a log takes no progress bars."""
        return False


@contextmanager
def job(log: Path | str, threads: int | None = None) -> Iterator[None]:
    """Send what a job prints to its log as well, and compute with `threads` whatever was granted.

    A UserError, a full disk or a missing permission ends the process with a message and status 1, an interrupt with
    status 130; none shows a traceback.
    """
    _end_with_snakemake()
    if threads:
        _fix_threads(threads)
        _keep_freed_memory()
    with _opened(log) as file:
        both = Tee(sys.__stderr__, file)
        with redirect_stdout(both), redirect_stderr(both):
            try:
                yield
            except UserError as error:
                print(f"Error: {error}", file=sys.stderr)
                sys.exit(1)
            except KeyboardInterrupt:
                print("interrupted; what was finished stands, and the next run goes on from there", file=sys.stderr)
                sys.exit(130)
            except Exception as error:
                if isinstance(error, OSError) and error.errno in MENDABLE:
                    print(_mendable(error), file=sys.stderr)
                else:  # a mistake of ours: the log must tell it as well
                    traceback.print_exc()
                sys.exit(1)


def _end_with_snakemake() -> None:
    """Let the system end this job when its Snakemake is killed: the next one would start a second copy beside it.

    On Linux only; elsewhere copies wait for each other where that counts (`training.state`). A job whose Snakemake
    went before it came this far ends here.
    """
    set_signal_at_parents_death = 1  # of prctl(2)
    with suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").prctl(set_signal_at_parents_death, signal.SIGKILL)
    if SNAKEMAKE not in os.environ:  # started by hand
        return
    try:
        os.kill(int(os.environ[SNAKEMAKE]), 0)
    except ProcessLookupError:
        sys.exit("Error: the Snakemake that started this job is gone. Start it again.")
    except PermissionError:  # it is there, and somebody else's
        pass


@contextmanager
def _opened(log: Path | str) -> Iterator[TextIO]:
    """Open the log, or end the process with a message; what a full disk did not take is lost without another."""
    try:
        file = open(log, "w", encoding="utf-8")  # noqa: SIM115 - closed below, where that may fail
    except OSError as error:
        print(_mendable(error), file=sys.__stderr__)
        sys.exit(1)
    try:
        yield file
    finally:
        with suppress(OSError):
            file.close()


def _mendable(error: OSError) -> str:
    """Say what the system refused."""
    place = error.filename or "a file"
    return f"Error: cannot use {place}: {error.strerror}. Free disk or change the permissions, and start again."


def _keep_freed_memory() -> None:
    """Let glibc keep what is freed: each batch needs the same memory again, and asking the system for it costs a third.

    Measured with EfficientNet-B0 training at 224 pixels: 35 % of the time was the system's. Other C libraries are
    left as they are.
    """
    trim_threshold, mmap_max = -1, -4  # of mallopt(3)
    with suppress(OSError, AttributeError):
        libc = ctypes.CDLL("libc.so.6")
        libc.mallopt(mmap_max, 0)
        libc.mallopt(trim_threshold, 2**31 - 1)


def _fix_threads(threads: int) -> None:
    """Set the number of threads of every numerical library, before they are imported and after."""
    for name in ("OMP", "MKL", "OPENBLAS", "NUMEXPR"):
        os.environ[f"{name}_NUM_THREADS"] = str(threads)
    import torch

    torch.set_num_threads(threads)
    torch.set_deterministic_debug_mode("warn")  # as `use_deterministic_algorithms`, which imports the compiler as well
    torch.utils.deterministic.fill_uninitialized_memory = False  # a tenth of a training step; nothing reads it
