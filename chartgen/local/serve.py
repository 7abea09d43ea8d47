"""The chart's files laid out as in the pod, and its command started."""

from __future__ import annotations

import os
import socket
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from chartgen.errors import LocalRunError
from chartgen.local.ended import ended
from chartgen.local.environments import in_use
from chartgen.local.gpu import has_gpu
from chartgen.local.interpreter import find_interpreter
from chartgen.local.libraries import environment_python
from chartgen.pins.tables import index_of
from chartgen.service.model import KeyReference

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from chartgen.chart.build import Built
    from chartgen.local.interpreter import Interpreter

TERMINATION_LOG = "termination-log"
_STOP_SECONDS = 10
_START_SECONDS = 300  # libraries that are imported for the first time are compiled then
_POLL_SECONDS = 0.1


@dataclass(frozen=True)
class LocalServer:
    """A model that is ready on this computer.

    Attributes:
        url: Where it answers, without a path.
        process: The server's process.
        python: The Python that has the model's libraries.
        folder: Where the pod's files are laid out.
    """

    url: str
    process: subprocess.Popen[bytes]
    python: Path
    folder: Path

    def wait(self) -> None:
        """Wait until the server ends.

        Raises:
            LocalRunError: It ended by itself, and not as it was told to.
        """
        if code := self.process.wait():
            raise ended(code, self.folder / TERMINATION_LOG)

    def smoke_test(self, tolerance: float) -> None:
        """Send the recorded sample and compare the answer, with the script of `helm test`.

        Args:
            tolerance: How far a number may be off, absolutely or relative to the recorded one.

        Raises:
            LocalRunError: The answer is another one.
        """
        script = self.folder / "chartgen" / "chartgen_runtime" / "smoke_test.py"
        files = [str(self.folder / "request.json"), str(self.folder / "response.json")]
        command = [str(self.python), str(script), f"{self.url}/predict", *files, f"--tolerance={tolerance}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
        if done.returncode:
            said = (done.stdout + done.stderr).strip().splitlines()
            raise LocalRunError(
                "the answer is not the recorded one: " + (said[-1].removeprefix("FAILED: ") if said else "no message"),
                hint="record the answer as `sample.output`, or mend the model",
            )


def prepare(built: Built, say: Callable[[str], None], *, python: str | None = None) -> Path:
    """The Python that has a model's libraries; the first time they are installed.

    Args:
        built: The service and its chart.
        say: Tells a person what is going on.
        python: A Python to serve it with; None takes the pod's version.

    Raises:
        ProgramMissingError: This computer has no such Python.
        LocalRunError: The libraries cannot be installed, or there is no GPU.
    """
    if built.plan.context["uses_gpu"] and not has_gpu():
        raise LocalRunError(
            "the service file asks for a GPU, and this computer has none that its NVIDIA driver finds",
            where="gpu",
            hint="`--set gpu=0` serves the same model on the CPU",
        )
    wanted = built.plan.context["runtime"].python
    interpreter = find_interpreter(wanted, python)
    if not interpreter.like_the_pod:
        say(
            f"{interpreter} is not the pod's, which has Python {wanted} on Linux: the same versions are "
            "installed, without checking their hashes"
        )
    return environment_python(
        built.requirements.text,
        interpreter,
        say,
        overrides=bool(built.requirements.overrides),
        indexes=index_of(built.requirements.versions) if _takes_indexes(built, interpreter) else {},
    )


def _takes_indexes(built: Built, interpreter: Interpreter) -> bool:
    """Whether libraries come from where the pod gets them by itself; what the service file says may be the cluster's.

    Where the platform is another one, the public index has wheels for it.
    """
    own = built.spec.runtime.packages.extra_index_urls is not None
    return interpreter.like_the_pod and not own and bool(built.requirements.indexes)


@contextmanager
def serve(
    built: Built, python: Path, *, host: str, port: int, say: Callable[[str], None], quiet: bool = False
) -> Iterator[LocalServer]:
    """Serve a chart's model until the block ends.

    Args:
        built: The service and its chart.
        python: The Python that has the model's libraries, see `prepare`.
        host: The address to listen on.
        port: The port; 0 takes a free one.
        say: Tells a person what is going on.
        quiet: Keep the server's own log back.

    Raises:
        LocalRunError: The port is taken, or the model does not become ready.
    """
    chosen = _free_port(host, port)
    with in_use(python), tempfile.TemporaryDirectory(prefix="chartgen-") as scratch:
        environment = _lay_out(built, Path(scratch), say) | {"CHARTGEN_HOST": host, "CHARTGEN_PORT": str(chosen)}
        log = Path(environment["CHARTGEN_TERMINATION_LOG"])
        adapter = Path(scratch) / "chartgen" / "adapter.py"
        process = subprocess.Popen(
            [str(python), str(adapter)],
            env=environment,
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE if quiet else None,
        )
        last_line = _drained(process.stderr)
        try:
            url = f"http://{f'[{host}]' if ':' in host else host}:{chosen}"
            _wait_until_ready(url, process, log, last_line)
            yield LocalServer(url, process, python, Path(scratch))
        finally:
            _stop(process)


def _lay_out(built: Built, root: Path, say: Callable[[str], None]) -> dict[str, str]:
    """Write the pod's files under `root`, and give its environment."""
    prefix = "files/runtime/"
    for path, content in built.chart.files.items():
        if path.startswith(prefix):
            target = root / "chartgen" / path.removeprefix(prefix)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
    model = built.plan.context["model"]
    model_path = root / "models" / model["mounted_as"]
    model_path.parent.mkdir()
    model_path.write_bytes(built.chart.files["files/model.bin"][1:])
    settings = {
        "CHARTGEN_MODEL_NAME": built.spec.name,
        "CHARTGEN_MODEL_VERSION": built.plan.metadata["appVersion"],
        "CHARTGEN_MODEL_FORMAT": model["format"],
        "CHARTGEN_MODEL_PATH": str(model_path),
        "CHARTGEN_MODEL_SHA256": model["sha256"],
        "CHARTGEN_MODEL_METHOD": model["method"],
        "CHARTGEN_ALLOW_NON_FINITE": str(model["allow_non_finite"]).lower(),
        "CHARTGEN_TERMINATION_LOG": str(root / TERMINATION_LOG),
    }
    if built.spec.sample:
        sample = root / "request.json"
        sample.write_text(built.plan.values["sample"]["request"], encoding="utf-8")
        (root / "response.json").write_text(built.plan.values["sample"]["response"], encoding="utf-8")
        settings["CHARTGEN_SAMPLE_PATH"] = str(sample)
    if built.spec.ingress and built.spec.ingress.enabled and built.spec.ingress.path != "/":
        settings["CHARTGEN_BASE_PATH"] = built.spec.ingress.path
    if built.plan.context["uses_gpu"]:
        settings["CHARTGEN_GPUS"] = str(built.spec.resources.gpus)
    if built.spec.runtime.handler:
        settings["CHARTGEN_HANDLER_PATH"] = str(root / "chartgen" / "handler.py")
    return _inherited() | _variables(built.spec.env, say) | settings


def _inherited() -> dict[str, str]:
    """This process's environment without what would change the server: its settings, and other Python packages."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("CHARTGEN_") and name not in ("PYTHONPATH", "PYTHONHOME")
    }


def _variables(env: Mapping[str, str | KeyReference], say: Callable[[str], None]) -> dict[str, str]:
    for name, value in env.items():
        if isinstance(value, KeyReference) and name not in os.environ:
            say(f"{name} is not set: it lies in the {value.kind} {value.name}, which only the cluster has")
    return {name: value for name, value in env.items() if isinstance(value, str)}


def _free_port(host: str, port: int) -> int:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise LocalRunError(
                f"cannot listen: {error.strerror or error}",
                where=f"{host}:{port}",
                hint="choose another --port, or 0 for a free one",
            ) from error
        chosen: int = probe.getsockname()[1]
        return chosen


def _drained(stream: IO[bytes] | None) -> Callable[[], str]:
    """Read a stream to its end beside the program, so that its writer never waits.

    Returns:
        What waits for the end of the stream, and gives its last line.
    """
    if stream is None:
        return lambda: ""
    kept: deque[str] = deque(maxlen=1)

    def drain() -> None:
        with stream:
            kept.extend(text for line in stream if (text := line.decode(errors="replace").strip()))

    thread = threading.Thread(target=drain, daemon=True)
    thread.start()

    def last_line() -> str:
        thread.join(_STOP_SECONDS)
        return next(iter(kept), "")

    return last_line


def _wait_until_ready(url: str, process: subprocess.Popen[bytes], log: Path, last_line: Callable[[], str]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    # The server is on this computer: a proxy of the environment must not be asked.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise ended(process.returncode, log, last_line())
        try:
            with opener.open(f"{url}/readyz", timeout=1):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(_POLL_SECONDS)
    raise LocalRunError(f"the model was not ready after {_START_SECONDS} s")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
