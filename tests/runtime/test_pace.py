"""Where long requests are answered: on the event loop while that is quick, in a thread otherwise."""

from __future__ import annotations

import asyncio
import threading
import time

import httpx
import numpy as np
import pytest
from sklearn.svm import SVR

from tests.runtime.models import iris, pickled

LONG = b"[" + b"0," * 500_000 + b"0]"


def taking(seconds):
    """An answer that takes so long, and tells whether it was made on the event loop."""

    def infer(_body):
        time.sleep(seconds)
        return threading.current_thread() is threading.main_thread()

    return infer


def refusing(_body):
    from chartgen_runtime.errors import not_json

    raise not_json("at the first byte")


async def in_thread(function, *asked):
    return await asyncio.get_running_loop().run_in_executor(None, function, *asked)


def one_by_one(*calls):
    """What calls answer: each a function, or a function and a body."""
    from chartgen_runtime.pace import Pace

    async def main():
        pace, answers = Pace(), []
        for call in calls:
            infer, body = call if isinstance(call, tuple) else (call, LONG)
            answers += await asyncio.gather(pace.answer(infer, body, in_thread), return_exceptions=True)
        return answers

    return asyncio.run(main())


def test_a_long_request_is_answered_on_the_loop_once_such_were_seen_to_be_quick():
    assert one_by_one(*[taking(0.01)] * 3) == [False, True, True]


def test_after_a_slow_one_long_requests_are_answered_in_a_thread_for_a_while():
    before, slow, *after = one_by_one(*[taking(0)] * 2, taking(0.5), *[taking(0)] * 200)[1:]
    assert (before, slow) == (True, True)
    assert after[:100] == [False] * 100
    assert after[-1]


def test_a_refusal_does_not_say_that_an_answer_would_be_quick():
    assert one_by_one(refusing, taking(0.5), refusing, taking(0.5))[1::2] == [False, False]


def test_blanks_and_digits_do_not_say_that_numbers_are_quick():
    padded = [b"[0" + filler * 1_000_000 + b"]" for filler in (b" ", b"0")]
    quick = [(taking(0.001), body) for body in padded * 2]
    assert one_by_one(*quick, taking(0.5))[1:] == [True, True, True, False]


def test_what_comes_at_once_is_answered_in_its_order_with_turns_for_others_between():
    from chartgen_runtime.pace import Pace

    done: list[int] = []

    async def main():
        pace = Pace()
        await pace.answer(taking(0.03), LONG, in_thread)

        async def ask(number):
            await pace.answer(taking(0.03), LONG, in_thread)
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


@pytest.mark.parametrize("rows", [1000, 5000])
def test_probes_are_answered_while_a_model_is_slow_for_many_rows(tmp_path, serve, rows):
    """Half a millisecond a row, and many rows in few bytes: the first request is not answered on the loop either."""
    model = SVR(C=0.01, epsilon=0).fit(
        np.random.default_rng(0).random((6000, 1)), np.random.default_rng(1).random(6000)
    )
    server = serve(pickled(tmp_path, model), "pickle")
    server.wait_ready()
    padded = b'{"input":[[0.5]]' + b" " * 300_000 + b"}"
    assert [httpx.post(f"{server.url}/predict", content=padded).status_code for _ in range(3)] == [200] * 3
    slowest = probed(server, b'{"input":[' + b"[0]," * rows + b"[0]]}")
    assert slowest < 0.5


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
    assert probed(server, b'{"input": [' + b"[5.1, 3.5, 1.4, 0.2]," * 5000 + b"[5.1, 3.5, 1.4, 0.2]]}") < 0.4


def probed(server, body):
    """How long a probe took at most, in seconds, while clients asked."""
    codes: list[int] = []

    def ask():
        codes.extend(httpx.post(f"{server.url}/predict", content=body, timeout=100).status_code for _ in range(2))

    clients = [threading.Thread(target=ask) for _ in range(3)]
    for client in clients:
        client.start()
    slowest = 0.0
    while any(client.is_alive() for client in clients):
        began = time.monotonic()
        assert server.get("/healthz").status_code == 200
        slowest = max(slowest, time.monotonic() - began)
    assert codes == [200] * 6
    return slowest
