"""The first half of the table: the cluster is not to be had, the release is not fit, or it went wrong on the way."""

from __future__ import annotations

import re
from dataclasses import dataclass

from chartgen.errors import (
    ClusterUnreachableError,
    ForbiddenError,
    HelmError,
    HelmTimeoutError,
    HookFailedError,
    OperationInProgressError,
    ReleaseExistsError,
    ReleaseNotFoundError,
)


@dataclass(frozen=True)
class Rule:
    """One way to fail.

    Attributes:
        pattern: Matches helm's text, whatever the case (Helm 4 lowered much of it).
        error: The error it is.
        message: Its message; `{...}` is a group of `pattern`, or of the command: name, namespace, timeout,
            release (the name, with the revision if one was asked for).
        hint: What to do next, in the same way.
        verb: The only verb it holds for, if any.
        revision_hint: What to do next where a revision was asked for.
    """

    pattern: re.Pattern[str]
    error: type[HelmError]
    message: str
    hint: str | None = None
    verb: str | None = None
    revision_hint: str | None = None


def rule(
    pattern: str,
    error: type[HelmError],
    message: str,
    hint: str | None = None,
    verb: str | None = None,
    *,
    revision_hint: str | None = None,
) -> Rule:
    """A row of the table; see `Rule`."""
    return Rule(re.compile(pattern, re.IGNORECASE | re.DOTALL), error, message, hint, verb, revision_hint)


_SEE_CONTEXT = "see the clusters that are known with `kubectl config get-contexts`, and choose with --kube-context"
_SEE_SERVER = "see whether the cluster is up and this computer reaches it: `kubectl version`"
_SEE_USER = "log in again as your cluster's provider says, or choose another user with --kube-context"
_SEE_CAUSE = "`chartgen status {name}` shows what its pods are waiting for; --timeout sets how long to wait"

# No API server, or not for this user.
_CLUSTER = (
    rule(
        r"localhost:8080.*connection refused",
        ClusterUnreachableError,
        "there is no kubeconfig that names a cluster",
        "name one with --kubeconfig or $KUBECONFIG",
    ),
    rule(
        r"dial tcp (?P<address>\S+): connect: connection refused",
        ClusterUnreachableError,
        "the API server at {address} refuses the connection",
        _SEE_SERVER,
    ),
    rule(
        r"lookup (?P<host>\S+).*no such host",
        ClusterUnreachableError,
        "the API server's name {host} is not known",
        _SEE_SERVER,
    ),
    rule(
        r"(?P<why>x509: .*|tls: .*)",
        ClusterUnreachableError,
        "the API server's certificate is not accepted: {why}",
        "the kubeconfig's certificate-authority does not fit this server; fetch the kubeconfig again",
    ),
    rule(
        r"server gave HTTP response to HTTPS client",
        ClusterUnreachableError,
        "the API server answers with HTTP where HTTPS is expected",
        "mend `server:` in the kubeconfig",
    ),
    rule(
        r"getting credentials: exec: executable (?P<program>\S+) not found",
        ClusterUnreachableError,
        "the program {program}, which the kubeconfig asks for credentials, is not installed",
        "install it, or choose another user with --kube-context",
    ),
    rule(r"getting credentials: (?P<why>.*)", ClusterUnreachableError, "no credentials: {why}", _SEE_USER),
    rule(
        r"client to provide credentials|cluster unreachable: unauthorized|\bunauthorized$",
        ClusterUnreachableError,
        "the API server does not accept the credentials",
        _SEE_USER,
    ),
    rule(
        r"context \"(?P<context>[^\"]*)\" does not exist",
        ClusterUnreachableError,
        "the kubeconfig has no context {context}",
        _SEE_CONTEXT,
    ),
    rule(
        r"error loading config file \"(?P<file>[^\"]*)\": (?P<why>.*)",
        ClusterUnreachableError,
        "the kubeconfig {file} cannot be read: {why}",
        "name another with --kubeconfig or $KUBECONFIG",
    ),
    rule(
        r"cluster unreachable: stat (?P<file>.*): no such file or directory",
        ClusterUnreachableError,
        "the kubeconfig {file} does not exist",
        "name another with --kubeconfig or $KUBECONFIG",
    ),
    rule(
        r"cluster unreachable: (?P<why>.*)|(?P<net>(?:i/o timeout|no route to host|network is unreachable"
        r"|TLS handshake timeout|client connection lost|connection reset by peer))",
        ClusterUnreachableError,
        "the cluster cannot be reached: {why}{net}",
        _SEE_SERVER,
    ),
    rule(
        r"user \"(?P<user>[^\"]*)\" cannot (?P<deed>\w+) resource \"(?P<resource>[^\"]*)\""
        r"(?: in API group \"[^\"]*\")?(?: (?P<scope>in the namespace \"[^\"]*\"|at the cluster scope))?",
        ForbiddenError,
        "user {user} may not {deed} {resource} {scope}",
        "ask for a Role that allows it; Helm keeps its releases in Secrets of the namespace",
    ),
)

# The release is not in a state for it.
_RELEASE = (
    rule(
        r"another operation \(install/upgrade/rollback\) is in progress",
        OperationInProgressError,
        "another operation on release {name} has not ended",
        "wait for it; if it was killed: `chartgen rollback {name}`, or `chartgen uninstall {name}` if it was the first",
    ),
    rule(
        r"cannot re-?use a name that is still in use",
        ReleaseExistsError,
        "release {name} exists already in namespace {namespace}",
        "`chartgen upgrade` changes it; `chartgen uninstall {name}` removes it",
    ),
    rule(
        r"release has no 0 version",
        ReleaseNotFoundError,
        "release {name} has no earlier revision to go back to",
        "`chartgen history {name}` lists them",
    ),
    rule(
        r"release has no (?P<wanted>\d+) version",
        ReleaseNotFoundError,
        "release {name} has no revision {wanted}",
        "`chartgen history {name}` lists them",
    ),
    rule(
        r"release: not found|has no deployed releases|release not loaded",
        ReleaseNotFoundError,
        "there is no {release} in namespace {namespace}",
        "`chartgen list --all-namespaces` shows what is installed; -n names the namespace",
        revision_hint="`chartgen history {name}` lists its revisions; -n names the namespace",
    ),
    rule(
        r"namespaces \"(?P<missing>[^\"]*)\" not found",
        HelmError,
        "there is no namespace {missing}",
        "`kubectl create namespace {missing}`, or --create-namespace",
    ),
    rule(
        r"in namespace (?P<gone>\S+) because it is being terminated",
        HelmError,
        "namespace {gone} is being deleted",
        "wait until it is gone, or use another with -n",
    ),
    rule(
        r"release name \"(?P<bad>[^\"]*)\": invalid release name|release name is invalid: (?P<other>\S+)",
        HelmError,
        "{bad}{other} cannot name a release",
        "use lower-case letters, digits and hyphens, at most 53 characters",
    ),
)

# It was begun, and did not end well.
_RUN = (
    rule(
        r"timed out waiting for the condition|context deadline exceeded",
        HelmTimeoutError,
        "the test did not end within {timeout}",
        "--timeout sets how long to wait",
        verb="test",
    ),
    rule(
        r"failed (?P<hook>(?:pre|post)-\w+): .*(?:timed out waiting|context deadline exceeded)",
        HelmTimeoutError,
        "the {hook} hook of release {name} did not end within {timeout}",
        "--timeout sets how long to wait",
    ),
    rule(
        r"failed (?P<hook>(?:pre|post)-\w+): .*?(?:message: )?(?P<why>(?:pod|job) \S+ failed.*)",
        HookFailedError,
        "the {hook} hook of release {name} failed: {why}",
        "the logs of its pod tell why",
    ),
    rule(
        r"failed (?P<hook>(?:pre|post)-\w+): (?P<why>.*)",
        HookFailedError,
        "the {hook} hook of release {name} failed: {why}",
    ),
    rule(
        r"(?P<what>(?:pod|job) \S+) failed",
        HookFailedError,
        "the test of release {name} failed: {what}",
        verb="test",
    ),
    rule(
        r"unable to get pod logs for (?P<what>\S+):",
        HookFailedError,
        "a test of release {name} failed, and the log of {what} is gone",
        verb="test",
    ),
    # Helm 4 ends its wait here, whatever is left of the time.
    rule(
        r"resource (?P<object>\S+) not ready\. status: Failed, message: (?P<why>[^\n]*)",
        HelmTimeoutError,
        "{object} counts as failed in Kubernetes ({why})",
        _SEE_CAUSE,
    ),
    rule(
        r"resource (?P<object>\S+) not ready\. status: \w+, message: (?P<why>[^\n]*)",
        HelmTimeoutError,
        "{object} did not become ready within {timeout} ({why})",
        _SEE_CAUSE,
    ),
    rule(
        r"context deadline exceeded|would exceed context deadline|timed out waiting for the condition"
        r"|client rate limiter wait returned an error",
        HelmTimeoutError,
        "release {name} was not ready within {timeout}",
        _SEE_CAUSE,
    ),
    rule(
        r"context canceled|release \S+ failed.*interrupt",
        HelmError,
        "the operation on release {name} was interrupted",
        "`chartgen status {name}` shows how far it came",
    ),
)

OPERATION_RULES = (*_CLUSTER, *_RELEASE, *_RUN)
