"""Memory with a byte budget: what was used least recently goes first."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class ByteCache(Generic[Key, Value]):
    """A thread-safe cache of values of known size.

    The newest value is always kept, even when it alone is over the budget: whoever just paid for it asks again.

    Args:
        budget: bytes.
    """

    def __init__(self, budget: int) -> None:
        self.budget = budget
        self._items: OrderedDict[Key, tuple[Value, int]] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def get(self, key: Key) -> Value | None:
        """The value, which counts as used now; None if it is not here."""
        with self._lock:
            item = self._items.get(key)
            if item is None:
                return None
            self._items.move_to_end(key)
            return item[0]

    def put(self, key: Key, value: Value, *, nbytes: int) -> None:
        """Keep a value of `nbytes` bytes in place of any with the same key."""
        with self._lock:
            self._drop(key)
            self._items[key] = (value, nbytes)
            self._bytes += nbytes
            while self._bytes > self.budget and len(self._items) > 1:
                self._drop(next(iter(self._items)))

    def order(self) -> list[Key]:
        """Keys, least recently used first."""
        with self._lock:
            return list(self._items)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._items.clear()
            self._bytes = 0

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return self._bytes

    def __contains__(self, key: object) -> bool:
        """Whether the value is here; does not count as a use."""
        with self._lock:
            return key in self._items

    def __len__(self) -> int:
        return len(self._items)

    def _drop(self, key: Key) -> None:
        item = self._items.pop(key, None)
        if item is not None:
            self._bytes -= item[1]
