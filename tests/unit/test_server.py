"""The socket that the app listens on."""

from __future__ import annotations

import socket

import pytest

from annotator.errors import BadSetting
from annotator.server import listen


def test_small_replies_are_sent_at_once() -> None:
    with listen("127.0.0.1", 0) as listener:
        # asyncio sets TCP_NODELAY only where this is said; without it each reply waits 40 ms.
        assert listener.proto == socket.IPPROTO_TCP


def test_a_port_in_use_is_a_sentence() -> None:
    with listen("127.0.0.1", 0) as listener, pytest.raises(BadSetting, match="can't be listened on"):
        listen("127.0.0.1", listener.getsockname()[1])
