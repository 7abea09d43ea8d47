"""The connection to the API server: the only place that knows kr8s."""

from __future__ import annotations

import asyncio
import json
import ssl
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

from chartgen.errors import ClusterError, ClusterUnreachableError, ForbiddenError, MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping

_T = TypeVar("_T")
_ANSWER_SECONDS = 15.0
_OTHER_KUBECONFIG = "name another with --kubeconfig, or another context with --kube-context"
_UNAUTHORIZED = 401
_FORBIDDEN = 403
_NOT_FOUND = 404
_ERROR = 400


@dataclass(frozen=True)
class Answer:
    """What the API server, or a service behind it, answered.

    Attributes:
        status: The HTTP status.
        body: The body's bytes.
    """

    status: int
    body: bytes

    def json(self) -> Any:
        """The body, decoded; None when it is not JSON."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    @property
    def refusal(self) -> str | None:
        """The message of a `Status` of the API server itself; None when something else has answered."""
        data = self.json() if self.status >= _ERROR else None
        if isinstance(data, dict) and data.get("kind") == "Status" and data.get("apiVersion") == "v1":
            return str(data.get("message") or data.get("reason") or self.status)
        return None


class Connection:
    """A connection to one cluster, made when it is first used; for one thread, since it runs an event loop of its own.

    Args:
        kubeconfig: The kubeconfig file; None leaves it to $KUBECONFIG, the default place, or the pod's own account.
        context: The context in it; None for the current one.
    """

    def __init__(self, kubeconfig: Path | str | None = None, context: str | None = None) -> None:
        self._kubeconfig = str(kubeconfig) if kubeconfig else None
        self._context = context
        self._loop: asyncio.Runner | None = None
        self._api: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close what is open; a later request opens it again."""
        if self._loop is None:
            return
        if self._api is not None:
            self._loop.run(_close(self._api))
        self._loop.close()
        self._api = self._loop = None

    def request(
        self,
        method: str,
        path: str,
        *,
        parameters: Mapping[str, str] | None = None,
        body: bytes | None = None,
        timeout: float = _ANSWER_SECONDS,
    ) -> Answer:
        """Send one request.

        Args:
            method: `GET`; `POST` only to a service behind the API server.
            path: The path below the server's address, from `/api` or `/apis`.
            parameters: The query.
            body: The body, sent as JSON.
            timeout: The longest silence, in seconds.

        Returns:
            The answer, whatever its status.

        Raises:
            MissingExtraError: kr8s is not installed.
            ClusterUnreachableError: The API server does not answer, or does not accept the credentials.
        """
        self.open()
        return self._run(self._send(method, path, parameters or {}, body, timeout))

    def open(self) -> None:
        """Connect, so that a request that is timed does not pay for it; see `request` for the errors."""
        if self._api is None:
            _kr8s()  # a missing extra is told before there is anything to await
            self._run(self._connect())

    def get(self, path: str, **parameters: str) -> dict[str, Any] | None:
        """Read an object or a list.

        Args:
            path: The path below the server's address, from `/api` or `/apis`.
            parameters: The query.

        Returns:
            The object; None when it does not exist.

        Raises:
            ForbiddenError: This user may not read it.
            ClusterError: The API server answered with another error.
            ClusterUnreachableError: See `request`.
        """
        answer = self.request("GET", path, parameters=parameters)
        if answer.status == _NOT_FOUND:
            return None
        check(answer)
        data = answer.json()
        return data if isinstance(data, dict) else {}

    async def _connect(self) -> None:
        # Not by `kr8s.asyncio.api`: that one asks for the version with three more logins when it is refused, each of
        # which leaves key files behind, and warns of a Kubernetes that is newer than itself.
        api = _kr8s().asyncio.Api(kubeconfig=self._kubeconfig, context=self._context, bypass_factory=True)
        try:
            await _log_in(api.auth)
            async with api.call_api(
                "GET", base="/version", version="", raise_for_status=False, timeout=_ANSWER_SECONDS
            ) as response:
                check(Answer(response.status_code, response.content))
        except BaseException:
            await _close(api)
            raise
        finally:
            _forget_key_files(api.auth)
        self._api = api

    async def _send(
        self, method: str, path: str, parameters: Mapping[str, str], body: bytes | None, timeout: float
    ) -> Answer:
        base, _, url = path.lstrip("/").partition("/")
        version, _, url = url.partition("/")
        options: dict[str, Any] = {"content": body} if body is not None else {}
        call = self._api.call_api(
            method,
            base=f"/{base}",
            version=version,
            url=url,
            raise_for_status=False,
            params=dict(parameters),
            timeout=timeout,
            **options,
        )
        async with call as response:
            return Answer(response.status_code, response.content)

    def _run(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Run `work` to its end, with what kr8s raises told in chartgen's errors."""
        kr8s, httpx = _kr8s(), _httpx()
        if self._loop is None:
            self._loop = asyncio.Runner()
        hint = "see whether the cluster is up and this computer reaches it: `kubectl version`"
        try:
            return self._loop.run(work)
        except kr8s.ServerError as error:
            raise ClusterUnreachableError(f"the API server does not accept the credentials: {error}") from error
        except (kr8s.APITimeoutError, httpx.TimeoutException, TimeoutError) as error:
            raise ClusterUnreachableError("the API server did not answer in time", hint=hint) from error
        except (httpx.TransportError, ssl.SSLError, OSError) as error:
            raise ClusterUnreachableError(f"the cluster cannot be reached: {error}", hint=hint) from error


def check(answer: Answer) -> None:
    """Raise what a refused answer of the API server amounts to; see `Connection.get`."""
    if answer.status < _ERROR:
        return
    message = answer.refusal or f"the API server answered with {answer.status}"
    if answer.status == _UNAUTHORIZED:
        raise ClusterUnreachableError(f"the API server does not accept the credentials: {message}")
    if answer.status == _FORBIDDEN:
        raise ForbiddenError(message, hint="ask for a Role that allows it")
    raise ClusterError(message)


def _kr8s() -> Any:
    try:
        import kr8s
        import kr8s.asyncio
    except ImportError as error:
        raise MissingExtraError(
            "reading the cluster needs the extra `cluster`", hint="pip install 'chartgen[cluster]'"
        ) from error
    return kr8s


def _httpx() -> Any:
    import httpx

    return httpx


async def _close(api: Any) -> None:
    """Close the connections that kr8s keeps open; it has no way of its own to do so."""
    if api._session is not None:
        with suppress(RuntimeError):
            await api._session.aclose()


async def _log_in(auth: Any) -> None:
    """Read the kubeconfig and its credentials; what is wrong with them comes as the parser's own error."""
    try:
        await auth
    except (OSError, RuntimeError) as error:  # a credential plugin that is missing, or fails
        raise ClusterUnreachableError(f"no credentials: {error}", hint=_OTHER_KUBECONFIG) from error
    except Exception as error:
        raise ClusterUnreachableError(f"the kubeconfig cannot be used: {error}", hint=_OTHER_KUBECONFIG) from error


def _forget_key_files(auth: Any) -> None:
    """Delete the files into which kr8s copied keys that the kubeconfig holds itself; they are loaded by now."""
    copied = (
        (auth._user, "client-key-data", auth.client_key_file),
        (auth._user, "client-certificate-data", auth.client_cert_file),
        (auth._cluster, "certificate-authority-data", auth.server_ca_file),
    )
    for entry, key, file in copied:
        if key in entry and file:
            Path(str(file)).unlink(missing_ok=True)
