"""Where long requests are answered: on the event loop while that is quick, in a thread otherwise."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from tests.runtime.models import iris, iris_onnx, pickled
from tests.runtime.serving import load

LONG = 1_000_000


@pytest.fixture(scope="module")
def plane(tmp_path_factory):
    return load(iris_onnx(tmp_path_factory.mktemp("pace")), "onnx")


def taking(seconds):
    """A call that takes so long, and tells whether it was on the event loop."""

    def call(_asked):
        time.sleep(seconds)
        return threading.current_thread() is threading.main_thread()

    return call


def refusing(_asked):
    from chartgen_runtime.errors import not_json

    raise not_json("at the first byte")


def in_turn(plane, *calls):
    """What calls of a long request answer, one after another."""
    from chartgen_runtime.front import Front
    from chartgen_runtime.metrics import Metrics

    async def main():
        front = Front(plane, Metrics(plane))
        return [(await asyncio.gather(front.call(call, b"", LONG), return_exceptions=True))[0] for call in calls]

    return asyncio.run(main())


def test_a_long_request_is_answered_on_the_loop_once_such_were_seen_to_be_quick(plane):
    assert in_turn(plane, *[taking(0.01)] * 3) == [False, True, True]


def test_after_a_slow_one_long_requests_are_answered_in_a_thread_for_a_while(plane):
    before, slow, *after = in_turn(plane, *[taking(0)] * 2, taking(0.5), *[taking(0)] * 200)[1:]
    assert (before, slow) == (True, True)
    assert after[:100] == [False] * 100
    assert after[-1]


def test_a_refusal_does_not_say_that_an_answer_would_be_quick(plane):
    assert in_turn(plane, refusing, taking(0.5), refusing, taking(0.5))[1::2] == [False, False]


def test_what_comes_at_once_is_answered_in_its_order_with_turns_for_others_between(plane):
    from chartgen_runtime.front import Front
    from chartgen_runtime.metrics import Metrics

    done: list[int] = []

    async def main():
        front = Front(plane, Metrics(plane))
        await front.call(taking(0.03), b"", LONG)

        async def ask(number):
            await front.call(taking(0.03), b"", LONG)
            done.append(number)

        asking = [asyncio.create_task(ask(number)) for number in range(20)]
        longest, began = 0.0, time.monotonic()
        while not all(task.done() for task in asking):
            await asyncio.sleep(0)
            longest, began = max(longest, time.monotonic() - began), time.monotonic()
        return longest

    longest = asyncio.run(main())
    assert done == list(range(20))
    assert longest < 0.3  # of 0.6 seconds


def test_a_model_that_is_slow_for_a_row_never_holds_up_the_loop(plane, monkeypatch):
    monkeypatch.setattr(plane, "inline_bytes", 0)
    assert in_turn(plane, *[taking(0)] * 3) == [False] * 3


def test_probes_are_answered_while_long_requests_take_their_time(tmp_path, serve):
    """Quick for the recorded row, slow for many: the loop is never held up for as long as a probe waits."""
    sample, handler = tmp_path / "sample.json", tmp_path / "handler.py"
    sample.write_text('{"input": [5.1, 3.5, 1.4, 0.2]}')
    handler.write_text(
        "import time\ndef predict(model, inputs):\n time.sleep(len(inputs) / 10000)\n return model.predict(inputs)\n"
    )
    server = serve(
        pickled(tmp_path, iris()),
        "pickle",
        CHARTGEN_HANDLER_PATH=str(handler),
        CHARTGEN_SAMPLE_PATH=str(sample),
    )
    server.wait_ready()
    body = {"input": [[5.1, 3.5, 1.4, 0.2]] * 5000}  # 100 KB, half a second
    codes: list[int] = []
    clients = [
        threading.Thread(target=lambda: codes.extend(server.post(body).status_code for _ in range(2))) for _ in range(4)
    ]
    for client in clients:
        client.start()
    slowest = 0.0
    while any(client.is_alive() for client in clients):
        began = time.monotonic()
        assert server.get("/healthz").status_code == 200
        slowest = max(slowest, time.monotonic() - began)
    assert codes == [200] * 8
    assert slowest < 0.4
