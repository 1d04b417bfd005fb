"""Room in memory that threads share: what is large waits until others are done."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Room:
    """So much of something that threads may have at once, all together."""

    def __init__(self, size: int) -> None:
        """Take the whole room's size, in any unit."""
        self._free = size
        self._changed = threading.Condition()

    @contextmanager
    def taken(self, size: int) -> Iterator[None]:
        """Wait until `size`, at most the whole room, is free, and keep it until the block ends."""
        with self._changed:
            self._changed.wait_for(lambda: self._free >= size)
            self._free -= size
        try:
            yield
        finally:
            with self._changed:
                self._free += size
                self._changed.notify_all()
