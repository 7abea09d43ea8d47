"""The end of listening: every connection that the kernel has taken is served, and the next one is refused.

The kernel takes connections on its own, and they wait in a queue until the server does. When a listening socket is
closed, those in the queue are reset, although their clients have sent their requests already. So the kernel is told to
leave new ones alone first: a client then hears nothing, asks again a second later, and is refused.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import select
import socket
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

# From <asm-generic/socket.h>; the module socket has no name for it.
SO_ATTACH_FILTER = 26
# What a client has begun before is through after so long, even where its answers take their time.
HANDSHAKE_SECONDS = 0.2
# How long the queue may take to become empty after that.
QUEUE_SECONDS = 2.0
PASS = 0xFFFFFFFF


class Instruction(ctypes.Structure):
    """`struct sock_filter` of <linux/filter.h>."""

    _fields_ = (("code", ctypes.c_uint16), ("yes", ctypes.c_uint8), ("no", ctypes.c_uint8), ("k", ctypes.c_uint32))


class Program(ctypes.Structure):
    """`struct sock_fprog` of <linux/filter.h>."""

    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.POINTER(Instruction)))


# Classic BPF, https://docs.kernel.org/networking/filter.html: the packet begins with TCP's header, whose byte 13 has
# the flags, SYN 0x02 and ACK 0x10. A first SYN, which has no ACK, is dropped; whatever belongs to a handshake that has
# begun goes through.
NO_FIRST_SYN = (
    Instruction(0x30, 0, 0, 13),  # load the byte
    Instruction(0x54, 0, 0, 0x12),  # and
    Instruction(0x15, 0, 1, 0x02),  # jump if equal
    Instruction(0x06, 0, 0, 0),  # return: drop
    Instruction(0x06, 0, 0, PASS),
)


async def take_the_last(listeners: Iterable[int]) -> None:
    """Has no new connections come in, and waits until the server has taken all that there are.

    Where the kernel knows no such filter, only the queue is waited for.

    Args:
        listeners: The descriptors of listening sockets, which the event loop still reads.
    """
    descriptors = list(listeners)
    filtered = [take_no_more(each) for each in descriptors]
    if all(filtered):
        await asyncio.sleep(HANDSHAKE_SECONDS)
    last = time.monotonic() + QUEUE_SECONDS
    while waiting(descriptors) and time.monotonic() < last:
        await asyncio.sleep(0)


def take_no_more(listener: int) -> bool:
    """Has the kernel drop what begins a connection; says whether it can."""
    if sys.platform != "linux":
        return False
    instructions = (Instruction * len(NO_FIRST_SYN))(*NO_FIRST_SYN)
    program = bytes(Program(len(NO_FIRST_SYN), instructions))
    try:
        with socket.socket(fileno=os.dup(listener)) as listening:
            listening.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, program)
    except OSError:  # a sandbox that has no filters
        return False
    return True


def waiting(listeners: Iterable[int]) -> bool:
    """Whether a connection waits in the queue of one of the sockets."""
    poll = select.poll()
    for each in listeners:
        poll.register(each, select.POLLIN)
    return bool(poll.poll(0))
