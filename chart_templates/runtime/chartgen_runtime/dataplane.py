"""The life of the model in the pod, for any server: live, ready, predict (bytes in, bytes out), drain."""

from __future__ import annotations

import gc
import threading
import time
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from .codec import decode, encode, loads, only_numbers
from .cpu import available_cpus
from .errors import ServingError, StartupError, failed, not_ready, refused
from .handler import Handler
from .loader import load_model
from .logs import last_words, log
from .openapi import predict_path, probe_paths
from .openapi_v2 import v2_paths
from .predictor import Predictor
from .protocol import member
from .quick import short_way
from .v2 import OpenInference
from .warmup import HANDLER_TIMES, TIMES, as_request, read_sample, warm_up

if TYPE_CHECKING:
    from collections.abc import Callable

    from .settings import RuntimeSettings
    from .warmup import WarmUp

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")

# What is done by then costs less than a thread, and delays no probe; so does reading and writing this much JSON.
INLINE_SECONDS = 0.005
INLINE_BYTES = 64 * 1024
# Lists of a request are no garbage: at Python's own 700, to look for it takes most of the time of long JSON.
GARBAGE_THRESHOLD = 20_000


class DataPlane:
    """Loads one model and answers for it.

    Args:
        settings: What to serve.
    """

    def __init__(self, settings: RuntimeSettings) -> None:
        self.settings = settings
        self.others_ready: Callable[[], bool] = lambda: True  # of the processes that serve the same port
        self.failed = False  # whether loading has ended in a failure
        self.workers = 1  # how many predictions may run at once in threads; known once the model is loaded
        self.load_seconds = 0.0
        self._predictor: Predictor | None = None
        self._v2: OpenInference | None = None
        self._short_way: Callable[[bytes], bytes | None] = _no_short_way
        self._turn: AbstractContextManager[Any] = nullcontext()  # held while the model predicts
        self._draining = False
        # A request of at most so many bytes is answered on the event loop. Until there is a model, all are refused.
        self.inline_bytes = settings.max_body_bytes
        self._example: Any = None

    def load(self) -> None:
        """Verifies and loads the model, and predicts: then the pod is ready. A StartupError says what failed."""
        started = time.monotonic()
        settings = self.settings
        model = load_model(settings)
        handler = Handler()
        if settings.handler_path is not None:
            from .load_handler import load_handler, loaded  # in charts with a handler only

            handler = load_handler(settings.handler_path)
            model = loaded(handler, model)
        predictor = Predictor(model, handler, allow_non_finite=settings.allow_non_finite)
        warm = self._warm_up(predictor)
        # Without a sample the handler's steps around the model were not tried, and may take any time.
        quick = warm.seconds < INLINE_SECONDS and (settings.handler_path is None or warm.made is None)
        if model.thread_safe and settings.handler_path is None:
            # What a quick model leaves to threads is long JSON, which they would only take from each other.
            self.workers = 1 if quick else available_cpus()
        else:  # the user's code is not asked to be safe in threads
            self._turn = threading.Lock()
        self._v2 = self._open_inference(predictor, warm.made)
        self.load_seconds = time.monotonic() - started
        # What a number has cost bounds how many, of two bytes each, are few.
        few = int(2 * warm.numbers * INLINE_SECONDS / warm.seconds) if quick else 0
        self.inline_bytes = min(few, INLINE_BYTES, settings.max_body_bytes)
        self._predictor = predictor
        if settings.handler_path is None:
            self._short_way = short_way(model, predictor, self._turn) or _no_short_way
        log.info("%s is ready after %.2f s", settings.model_name, self.load_seconds)

    def start(self, on_failure: Callable[[], None]) -> threading.Thread:
        """Loads in a thread of its own; `on_failure` ends the server, after the reason was logged there."""

        def load() -> None:
            try:
                self.load()
                gc.collect()
                gc.freeze()  # what is left stays: the collector need not look at it again and again
                gc.set_threshold(GARBAGE_THRESHOLD)
            except BaseException as error:
                self.failed = True
                reason = str(error) if isinstance(error, StartupError) else f"{type(error).__name__}: {error}"
                log.error("cannot serve: %s", reason, exc_info=True)
                last_words(reason, self.settings.termination_log)
                on_failure()

        thread = threading.Thread(target=load, name="load", daemon=True)
        thread.start()
        return thread

    def healthz(self) -> dict[str, str]:
        """The process serves."""
        return {"status": "live"}

    def readyz(self) -> dict[str, str]:
        """A prediction has worked and the pod is not about to stop.

        Raises:
            ServingError: 503 otherwise.
        """
        if self._draining:
            raise not_ready("the pod is stopping")
        if not (self.loaded and self.others_ready()):
            raise not_ready("the model is being loaded")
        return {"status": "ready"}

    @property
    def loaded(self) -> bool:
        """Whether a prediction has worked in this process."""
        return self._predictor is not None

    @property
    def ready(self) -> bool:
        """Whether `readyz` would say so."""
        return self.loaded and self.others_ready() and not self._draining

    @property
    def by_column(self) -> bool:
        """Whether the model takes a table, whose rows may be objects."""
        return self._predictor is not None and self._predictor.reader.by_column

    def drain(self) -> None:
        """Ends readiness; requests that still come are answered."""
        self._draining = True

    def predict(self, body: bytes) -> bytes:
        """Answers one request.

        Args:
            body: The request's body, ``{"input": ...}`` as JSON.

        Returns:
            The answer's body, ``{"output": ...}`` as JSON.

        Raises:
            ServingError: The request is refused, the pod is not ready, or the model failed; nothing else is raised.
        """
        try:
            answer = self._short_way(body)
            if answer is not None:
                return answer
            if self._predictor is None:
                raise not_ready("the model is being loaded")
            return self._answer(self._predictor, body)
        except ServingError:
            raise
        except (Exception, SystemExit) as error:  # the handler's or the model's own code may try to end the process
            raise failed("model_failed", "the model failed on this input") from error

    def infer(self, body: bytes) -> bytes:
        """As `predict`, by the Open Inference Protocol."""
        return self._guarded(self._loaded_v2().infer, body)

    def infer_document(self, document: Any) -> dict[str, Any]:
        """The same from JSON values to JSON values, for a server that reads and writes itself."""
        answer = self._guarded(self._loaded_v2().answer, document)
        written: dict[str, Any] = loads(encode(answer))
        return written

    def predict_value(self, value: Any) -> Any:
        """The value of `output` for a value of `input`, for a server that reads and writes itself; as `predict`."""
        predictor = self._predictor
        if predictor is None:
            raise not_ready("the model is being loaded")
        with self._turn:
            output = self._guarded(predictor.predict, value)
        return loads(encode(output))

    @staticmethod
    def _guarded(function: Callable[[Asked], Answer], asked: Asked) -> Answer:
        """Turns whatever the model or the handler raises into a ServingError."""
        try:
            return function(asked)
        except ServingError:
            raise
        except (Exception, SystemExit) as error:  # the handler's or the model's own code may try to end the process
            raise failed("model_failed", "the model failed on this input") from error

    def metadata(self) -> dict[str, Any]:
        """The model's metadata by the Open Inference Protocol; 503 while the model is being loaded."""
        return self._loaded_v2().metadata()

    def _loaded_v2(self) -> OpenInference:
        if self._v2 is None:
            raise not_ready("the model is being loaded")
        return self._v2

    def openapi(self) -> dict[str, Any]:
        """The OpenAPI path items, with the model's own signature once it is known."""
        signature = self._predictor.signature if self._predictor else None
        table = self._predictor.reader.schema if self._predictor else None
        settings, metadata = self.settings, self._v2.metadata() if self._v2 else None
        return {
            "/predict": predict_path(signature, self._example, table),
            **v2_paths(settings.model_name, settings.model_version, metadata),
            **probe_paths(),
        }

    def _answer(self, predictor: Predictor, body: bytes) -> bytes:
        value = _input(decode(body, allow_non_finite=self.settings.allow_non_finite))
        if predictor.reader.by_column:
            predictor.reader.check_text(body, value)
        with self._turn:
            output = predictor.predict(value, only_numbers=only_numbers(body))
        return encode({"output": output})

    def _open_inference(self, predictor: Predictor, made: dict[str, Any] | None) -> OpenInference:
        v2 = OpenInference(predictor, self.settings, self._turn)
        if v2.knows_outputs or predictor.own_values:
            return v2
        # What the outputs are is seen on one more prediction.
        sample = read_sample(self.settings.sample_path)
        if sample is not None:
            value = _input(decode(sample, allow_non_finite=self.settings.allow_non_finite))
            inputs = predictor.reader.read(value).inputs
        else:
            inputs = made or {}
        v2.learn(inputs, predictor.run(inputs))
        return v2

    def _warm_up(self, predictor: Predictor) -> WarmUp:
        """Predicts for the first times, and keeps what has worked as the example of the documentation."""
        own_code = self.settings.handler_path is not None
        sample = read_sample(self.settings.sample_path)
        answer = None if sample is None else partial(self._answer, predictor, sample)
        done = warm_up(predictor, answer, HANDLER_TIMES if own_code else TIMES)
        if sample is not None:
            self._example = decode(sample, allow_non_finite=True)
            done = done._replace(numbers=1 + sample.count(b","))
        elif done.made is not None and not own_code:  # a handler may take something else
            self._example = as_request(done.made)
        return done


def _no_short_way(_body: bytes) -> None:
    return None


def _input(document: Any) -> Any:
    """The value of `input`; the document must be an object with that member and no other."""
    if not isinstance(document, dict):
        raise refused("type", "the body is not an object", "", 'an object such as {"input": [1, 2, 3]}')
    for key in document:
        if key != "input":
            raise refused("unknown_key", f"the member {key!r} is not known", member("", key).lstrip("."), "input")
    if "input" not in document:
        raise refused("missing_key", "the member `input` is missing", "input", "an array, or an object by input name")
    return document["input"]
