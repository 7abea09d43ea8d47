"""Helm's messages, as recorded on a real cluster by `test_failures_live`, become errors in the user's words."""

from __future__ import annotations

from pathlib import Path

import pytest

from chartgen.errors import (
    ClusterUnreachableError,
    HelmError,
    HelmTimeoutError,
    HookFailedError,
    InvalidManifestError,
    RolledBackError,
)
from chartgen.helm.failures import error_of
from chartgen.helm.runner import Completed
from tests.helm.expected import EXPECTED, NO_FAILURE_ON_3

RECORDED = Path(__file__).parent / "stderr"


def completed(text: str, *argv: str, status: int = 1) -> Completed:
    stderr, _, stdout = text.partition("\n\nNAME: ")
    return Completed(argv or ("helm", "install", "--", "r"), status, f"NAME: {stdout}" if stdout else "", stderr)


def command(name: str) -> tuple[str, ...]:
    verb = "test" if name.startswith("test_") else "install"
    revision = ("--revision", "9") if name == "revision_missing" else ()
    return ("helm", verb, "--namespace", "models", "--timeout", "2s", *revision, "--", "r")


@pytest.mark.parametrize("name", EXPECTED)
@pytest.mark.parametrize("major", [3, 4])
def test_a_recorded_message(name: str, major: int) -> None:
    if major == 3 and name in NO_FAILURE_ON_3:
        assert not (RECORDED / f"{name}.helm3.txt").exists()
        return
    text = (RECORDED / f"{name}.helm{major}.txt").read_text()
    error = error_of(completed(text, *command(name)))
    expected, words = EXPECTED[name]
    assert type(error) is expected
    assert words in str(error)
    assert error.stderr.split() == text.split(), "helm's own words are kept"
    assert "{" not in str(error.hint)


@pytest.mark.parametrize("major", [3, 4])
def test_a_revision_that_is_missing_points_to_the_history_and_a_release_to_the_list(major: int) -> None:
    texts = {
        name: (RECORDED / f"{name}.helm{major}.txt").read_text() for name in ("revision_missing", "release_missing")
    }
    hints = {name: str(error_of(completed(text, *command(name))).hint) for name, text in texts.items()}
    assert "`chartgen history r`" in hints["revision_missing"]
    assert "`chartgen list" in hints["release_missing"]


def test_every_recorded_message_is_expected() -> None:
    recorded = {path.name.partition(".")[0] for path in RECORDED.iterdir()}
    assert recorded == set(EXPECTED)


def test_what_no_rule_knows_is_told_as_helm_says_it() -> None:
    error = error_of(completed("level=WARN msg=x\nError: INSTALLATION FAILED: something new\n\tand more\n"))
    assert (type(error), error.message) == (HelmError, "something new; and more")


def test_the_case_of_a_message_does_not_matter() -> None:
    error = error_of(completed("Error: CONTEXT DEADLINE EXCEEDED\n"))
    assert type(error) is HelmTimeoutError


@pytest.mark.parametrize(
    ("status", "stderr", "message"),
    [
        (-9, "", "helm was ended by signal 9 (exit status -9) without a message"),
        (2, "panic: oh\n\n", "helm failed: panic: oh"),
        (1, "", "helm failed (exit status 1) without a message"),
    ],
)
def test_a_helm_that_does_not_say_error(status: int, stderr: str, message: str) -> None:
    assert error_of(completed(stderr, status=status)).message == message


def test_a_time_that_did_not_pass_is_not_claimed() -> None:
    """The watcher of Helm 4 ends when Kubernetes gives up on a rollout, long before its own time is over."""
    why = "resource Deployment/models/r not ready. status: Failed, message: Progress deadline exceeded"
    error = error_of(completed(f"Error: UPGRADE FAILED: {why}\n", *command("timed_out_upgrade")))
    assert type(error) is HelmTimeoutError
    assert error.message == "Deployment/models/r counts as failed in Kubernetes (Progress deadline exceeded)"


def test_an_undone_operation_keeps_its_cause() -> None:
    text = (RECORDED / "upgrade_undone.helm4.txt").read_text()
    error = error_of(completed(text, *command("upgrade_undone")))
    assert type(error) is RolledBackError
    assert type(error.__cause__) is HelmTimeoutError
    assert error.message.startswith("Deployment/models/r did not become ready within 2s (Available: 0/1); ")


# Not made to happen here: a slow network, a webhook, an older helm.
@pytest.mark.parametrize(
    ("text", "expected", "words"),
    [
        (
            'Kubernetes cluster unreachable: Get "https://10.0.0.1:6443/version": context deadline exceeded',
            ClusterUnreachableError,
            "cannot be reached",
        ),
        (
            'Kubernetes cluster unreachable: Get "https://10.0.0.1:6443/version": dial tcp 10.0.0.1:6443: i/o timeout',
            ClusterUnreachableError,
            "i/o timeout",
        ),
        (
            'Kubernetes cluster unreachable: Get "https://x:80": http: server gave HTTP response to HTTPS client',
            ClusterUnreachableError,
            "answers with HTTP",
        ),
        ('Get "https://x/api": net/http: TLS handshake timeout', ClusterUnreachableError, "TLS handshake timeout"),
        ("Unauthorized", ClusterUnreachableError, "does not accept the credentials"),
        (
            "client rate limiter Wait returned an error: rate: Wait(n=1) would exceed context deadline",
            HelmTimeoutError,
            "was not ready within",
        ),
        (
            "resource Deployment/models/r not ready. status: Failed, message: Progress deadline exceeded",
            HelmTimeoutError,
            "Progress deadline exceeded",
        ),
        (
            '1 error occurred:\n\t* admission webhook "policy.example.com" denied the request: no latest tags\n\n',
            InvalidManifestError,
            "the cluster's policy policy.example.com refuses it: no latest tags",
        ),
        (
            "values don't meet the specifications of the schema(s) in the following chart(s):\nsmall:\n"
            "- replicaCount: Invalid type. Expected: integer, given: string\n",
            InvalidManifestError,
            "replicaCount: Invalid type. Expected: integer, given: string",
        ),
        (
            'Operation cannot be fulfilled on resourcequotas "q": the object has been modified; please apply',
            HelmError,
            "at the same moment",
        ),
    ],
)
def test_a_message_that_is_known_from_elsewhere(text: str, expected: type[HelmError], words: str) -> None:
    error = error_of(completed(f"Error: INSTALLATION FAILED: {text}\n"))
    assert type(error) is expected
    assert words in error.message


def test_a_failed_test_whose_log_is_gone_is_still_a_failed_test() -> None:
    text = 'Error: unable to get pod logs for a: pods "a" not found\n\nNAME: r\nPhase:  Succeeded\nPhase:  Failed\n'
    assert type(error_of(completed(text, *command("test_")))) is HookFailedError


@pytest.mark.parametrize(
    "stderr",
    [
        # As recorded of Helm 3.19.0 and 4.3.1 with `helm.sh/hook-output-log-policy: hook-failed`.
        'FAILED: output: expected "a", found "b"\nError: 1 error occurred:\n\t* pod r-test failed\n\n\n',
        'level=INFO msg="FAILED: output: expected \\"a\\", found \\"b\\""\n'
        "Error: resource Pod/t2/r-test not ready. status: Failed, message: pod r-test failed\n",
    ],
    ids=["helm3", "helm4"],
)
def test_a_failed_test_says_what_its_pod_said_by_the_log_policy(stderr: str) -> None:
    error = error_of(completed(stderr, *command("test_failed")))
    assert type(error) is HookFailedError
    assert 'output: expected "a", found "b"' in error.message
