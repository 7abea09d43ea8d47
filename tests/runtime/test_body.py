"""The bound on what the bodies of all requests hold at a time."""

from __future__ import annotations

import asyncio

import pytest


def test_a_body_that_makes_room_is_ended_once_however_many_want_it(monkeypatch):
    from chartgen_runtime import body
    from chartgen_runtime.errors import ServingError

    monkeypatch.setattr(body, "ALL_BODIES", 100)
    monkeypatch.setattr(body, "STILL_SECONDS", 0.0)

    async def never():
        await asyncio.Event().wait()

    async def still(reader):
        with pytest.raises(ServingError) as caught:
            await reader.read({"type": "http.request", "body": b"x" * 45, "more_body": True}, never)
        await asyncio.sleep(0)  # as the answer is sent, which nothing may break off
        return caught.value.status, asyncio.current_task().cancelling()

    async def main():
        reader = body.BodyReader(50)
        waiting = [asyncio.create_task(still(reader)) for _ in range(2)]
        await asyncio.sleep(0.01)
        new = {"type": "http.request", "body": b"y" * 50, "more_body": False}
        for _ in range(2):  # before those that are ended have run on
            await reader.read(new, never)
        with pytest.raises(ServingError, match="hold"):
            await reader.read(new, never)
        return reader.held, await asyncio.gather(*waiting)

    held, ended = asyncio.run(main())
    assert held == 100
    assert ended == [(408, 0), (408, 0)]
