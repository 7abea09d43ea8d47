"""A framework's application behind the front: its routes stay its own, within the front's limits."""

from __future__ import annotations

import asyncio
import gzip

import httpx
import pytest
from fastapi import FastAPI, Request, Response

from tests.runtime.models import iris_onnx
from tests.runtime.serving import load

LIMIT = 10_000


def framework():
    from chartgen_runtime.behind import Refusal
    from chartgen_runtime.errors import ServingError, refused

    async def told(request, error):
        return Refusal(request, error)

    app = FastAPI()
    app.add_exception_handler(ServingError, told)

    @app.get("/v2/models/{name}")
    async def metadata(name: str):
        return {"theirs": name}

    @app.post("/v2/models/{name}/infer")
    async def infer(name: str, request: Request):
        if name == "refused":
            raise refused("type", "no", "inputs[0]", "yes")
        if name == "broken":
            raise LookupError("a cause that only the log has")
        return {"bytes": len(await request.body()), "said": request.headers["content-length"]}

    @app.get("/livez")
    async def live():
        return Response(status_code=503)

    return app


@pytest.fixture(scope="module")
def plane(tmp_path_factory):
    folder = tmp_path_factory.mktemp("behind")
    variables = {"CHARTGEN_MAX_BODY_BYTES": str(LIMIT), "CHARTGEN_BASE_PATH": "/a", "CHARTGEN_MAX_IN_FLIGHT": "2"}
    return load(iris_onnx(folder), "onnx", **variables)


@pytest.fixture
def ask(plane):
    """Asks the front with a framework behind it; gives the answer. `ask.metrics` is what was counted."""
    from chartgen_runtime.behind import Behind
    from chartgen_runtime.front import Front
    from chartgen_runtime.metrics import Metrics

    metrics = Metrics(plane)
    app = Behind(Front(plane, metrics, theirs=("/v2",)), framework())

    def request(method, path, **arguments):
        async def send():
            transport = httpx.ASGITransport(app=app)
            async with httpx.AsyncClient(transport=transport, base_url="http://pod") as client:
                return await client.request(method, path, **arguments)

        return asyncio.run(send())

    request.metrics = metrics
    return request


def test_a_framework_that_knows_no_head_answers_it_as_get(ask, caplog):
    head = ask("HEAD", "/v2/models/x")
    assert head.status_code == 200
    assert head.headers["content-length"] == ask("GET", "/v2/models/x").headers["content-length"]
    with caplog.at_level("INFO", "chartgen"):
        assert ask("HEAD", "/v2/models/x/infer").status_code == 405
    assert [record.fields["method"] for record in caplog.records] == ["HEAD"]


def test_what_the_front_has_it_answers_and_everything_else_the_framework(ask):
    assert ask("POST", "/predict", json={"input": [5.1, 3.5, 1.4, 0.2]}).status_code == 200
    assert ask("GET", "/v2/models/x").json() == {"theirs": "x"}
    assert ask("GET", "/a/v2/models/x").json() == {"theirs": "x"}
    assert ask("GET", "/nothing").json() == {"detail": "Not Found"}
    paths = ask("GET", "/openapi.json").json()["paths"]
    assert "/predict" in paths
    assert not [path for path in paths if path.startswith("/v2")]


def test_a_body_is_bounded_packed_and_unpacked(ask):
    fits, large = b"x" * LIMIT, b"x" * (LIMIT + 1)
    for body, status in ((fits, 200), (large, 413)):
        assert ask("POST", "/v2/models/x/infer", content=body).status_code == status
        packed = ask("POST", "/v2/models/x/infer", content=gzip.compress(body), headers={"content-encoding": "gzip"})
        assert packed.status_code == status
        if status == 200:
            assert packed.json() == {"bytes": LIMIT, "said": str(LIMIT)}
    bomb = gzip.compress(bytes(1 << 28))[: LIMIT - 1]
    assert ask("POST", "/v2/models/x/infer", content=bomb, headers={"content-encoding": "gzip"}).status_code == 413
    refused = ask("POST", "/v2/models/x/infer", content=b"{}", headers={"content-encoding": "gzip"})
    assert (refused.status_code, "not gzip" in refused.json()["error"]) == (400, True)


def test_a_body_in_pieces_has_its_length_for_the_framework(ask):
    async def pieces():
        yield b"xx"
        yield b"yyy"

    assert ask("POST", "/v2/models/x/infer", content=pieces()).json() == {"bytes": 5, "said": "5"}


def test_an_error_of_the_data_plane_is_told_in_the_form_of_the_protocol(ask):
    answer = ask("POST", "/v2/models/refused/infer", content=b"{}", headers={"x-request-id": "mine"})
    assert (answer.status_code, answer.json()) == (400, {"error": "no (at inputs[0]; expected yes)"})
    assert answer.headers.get_list("x-request-id") == ["mine"]
    assert ask("POST", "/a/v2/models/refused/infer", content=b"{}").status_code == 400


def test_a_framework_that_fails_is_found_in_the_log_by_the_answers_id(ask, caplog):
    answer = ask("POST", "/v2/models/broken/infer", content=b"{}", headers={"x-request-id": "find-me"})
    assert (answer.status_code, "a cause" in answer.text) == (500, False)
    [record] = [record for record in caplog.records if getattr(record, "fields", {}).get("id") == "find-me"]
    assert "a cause that only the log has" in str(record.exc_info[1])
    assert ask.metrics.errors == {"server_failed": 1}


def test_the_log_spares_the_probes_that_a_framework_answers(ask, caplog):
    with caplog.at_level("INFO", "chartgen"):
        assert ask("GET", "/livez").status_code == 503
        assert ask("GET", "/elsewhere").status_code == 404
    assert [record.fields["path"] for record in caplog.records] == ["/elsewhere"]


def test_answers_are_counted_by_the_template_of_their_route(ask):
    for name in ("x", "y", "refused"):
        ask("POST", f"/v2/models/{name}/infer", content=b"{}")
    ask("GET", "/one")
    ask("GET", "/other")
    text = ask("GET", "/metrics").text
    assert 'chartgen_requests_total{route="/v2/models/{name}/infer",status="200"} 2.0' in text
    assert 'chartgen_requests_total{route="/v2/models/{name}/infer",status="400"} 1.0' in text
    assert 'chartgen_requests_total{route="native",status="404"} 2.0' in text


def test_as_many_requests_as_may_be_are_in_flight_and_no_more(ask):
    ask.metrics.in_flight = 2
    busy = ask("POST", "/v2/models/x/infer", content=b"{}")
    assert (busy.status_code, busy.headers["retry-after"]) == (503, "1")
    assert ask("GET", "/v2/models/x").status_code == 200, "what predicts nothing is answered"


def test_a_document_gets_the_answer_that_its_text_gets(plane):
    tensor = {"name": "input", "shape": [1, 4], "datatype": "FP32", "data": [5.1, 3.5, 1.4, 0.2]}
    name = plane.metadata()["inputs"][0]["name"]
    import orjson

    document = {"id": "7", "inputs": [{**tensor, "name": name}]}
    assert plane.infer_document(document) == orjson.loads(plane.infer(orjson.dumps(document)))
    value = [[5.1, 3.5, 1.4, 0.2]]
    assert plane.predict_value(value) == orjson.loads(plane.predict(orjson.dumps({"input": value})))["output"]
