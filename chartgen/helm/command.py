"""How helm is called: the program, the connection to the cluster, and what becomes of a failure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from chartgen.errors import HelmError
from chartgen.helm.failures import error_of
from chartgen.helm.runner import Completed, Runner, SubprocessRunner
from chartgen.helm.version import DIALECTS, Dialect, HelmVersion, detect

if TYPE_CHECKING:
    from pathlib import Path


class HelmCommand:
    """One helm program, for one cluster and namespace; `HelmClient` adds the verbs.

    Args:
        helm: The program.
        kubeconfig: The kubeconfig file; None leaves it to $KUBECONFIG and the default place.
        kube_context: The context in it; None for the current one.
        namespace: The namespace of the releases. Never left to helm to find out: the verbs on releases need it.
        runner: Runs the program.
        debug: Ask helm for its own debug output, on stderr.
    """

    def __init__(
        self,
        helm: Path,
        *,
        kubeconfig: Path | str | None = None,
        kube_context: str | None = None,
        namespace: str | None = None,
        runner: Runner | None = None,
        debug: bool = False,
    ) -> None:
        self.helm = helm
        self.namespace = namespace
        self._runner = runner or SubprocessRunner()
        self._connection = ["--kubeconfig", str(kubeconfig)] if kubeconfig else []
        self._connection += ["--kube-context", kube_context] if kube_context else []
        self._debug = ["--debug"] if debug else []

    @property
    def version(self) -> HelmVersion:
        """The program's version; asked when first needed."""
        return detect(self.helm, self._runner)

    @property
    def judges_rollouts(self) -> bool:
        """Whether waiting ends with what Kubernetes says of a rollout, unless pods are counted."""
        return self._dialect.wait_counting != "--wait"

    @property
    def _dialect(self) -> Dialect:
        return DIALECTS[self.version.major]

    def _on_release(self) -> list[str]:
        if self.namespace is None:
            raise ValueError("HelmClient needs a namespace for the verbs on releases")
        return ["--namespace", self.namespace, *self._connection]

    def _json(self, verb: str, *arguments: str, stdin: bytes | None = None) -> Any:
        """What a verb, such as `status` or `get values`, answers with `-o json`."""
        done = self._checked(verb, "--output", "json", *arguments, stdin=stdin)
        try:
            return json.loads(done.stdout)
        except json.JSONDecodeError as error:
            raise HelmError(
                f"helm {verb} did not answer with JSON",
                argv=done.argv,
                returncode=done.returncode,
                stderr=done.stderr or done.stdout,
            ) from error

    def _checked(self, verb: str, *arguments: str, stdin: bytes | None = None) -> Completed:
        done = self._run(verb, *arguments, stdin=stdin)
        if done.returncode:
            raise error_of(done)
        return done

    def _run(self, verb: str, *arguments: str, stdin: bytes | None = None) -> Completed:
        # Asked first, so that what is not helm, or too old, says so instead of failing on some flag.
        _ = self.version
        return self._runner.run([str(self.helm), *self._debug, *verb.split(), *arguments], stdin=stdin)
