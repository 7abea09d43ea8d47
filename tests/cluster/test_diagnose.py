"""The one cause why pods are not ready, from records."""

from __future__ import annotations

import dataclasses

import pytest

from chartgen.cluster.diagnose import Diagnosis, describe, diagnose
from chartgen.cluster.install_log import install_failure
from chartgen.cluster.records import (
    Condition,
    ContainerState,
    DeploymentState,
    Ending,
    Event,
    Phase,
    PodState,
    Snapshot,
)

WAITING = DeploymentState("iris", desired=1, generation=1, observed_generation=1)
DONE = ContainerState("install-libraries", Phase.TERMINATED, ready=True, ended=Ending(0))


def cause_of(
    *pods: PodState, events: tuple[Event, ...] = (), logs: str = "", deployment: DeploymentState | None = WAITING
) -> Diagnosis:
    everywhere = {(pod.name, each.name): logs for pod in pods for each in (*pod.init_containers, *pod.containers)}
    found = diagnose(Snapshot("iris", deployment, pods, events, everywhere if logs else {}))
    assert found is not None
    return found


def pod(container: ContainerState, *, init: ContainerState = DONE) -> PodState:
    return PodState("iris-1", init_containers=(init,), containers=(container,))


def test_a_finished_rollout_has_no_cause() -> None:
    done = dataclasses.replace(WAITING, updated=1, ready=1, available=1)
    assert diagnose(Snapshot("iris", done)) is None


def test_a_rollout_that_the_controller_has_not_seen_is_not_finished() -> None:
    stale = dataclasses.replace(WAITING, updated=1, ready=1, available=1, generation=2)
    assert cause_of(deployment=stale).cause == "starting"


def test_a_missing_deployment_is_said() -> None:
    assert cause_of(deployment=None).message == "there is no Deployment iris"


@pytest.mark.parametrize("reason", ["ImagePullBackOff", "ErrImagePull"])
def test_an_image_that_cannot_be_pulled_is_told_in_the_words_of_the_registry(reason: str) -> None:
    failed = Event("Pod", "iris-1", "Warning", "Failed", 'Failed to pull image "nope:1": not found')
    backing_off = Event("Pod", "iris-1", "Warning", "Failed", "Error: ImagePullBackOff")
    found = cause_of(pod(ContainerState("model", reason=reason, message="Back-off")), events=(failed, backing_off))
    assert (found.cause, found.is_final) == ("image-pull", True)
    assert 'Failed to pull image "nope:1": not found' in found.message


@pytest.mark.parametrize(
    ("container", "logs", "lasts"),
    [
        (ContainerState("model", restarts=3, last_ended=Ending(1, "Error", "the handler has no `predict`")), "", True),
        (ContainerState("model", restarts=2, last_ended=Ending(1, "Error", "the handler has no `predict`")), "", False),
        (ContainerState("model", restarts=5, last_ended=Ending(137, "Error")), "", False),
        (ContainerState("model", restarts=3, last_ended=Ending(137, "OOMKilled")), "", True),
        (ContainerState("install-libraries", restarts=3, last_ended=Ending(1)), "ERROR: No matching x\n", True),
        (ContainerState("model", reason="InvalidImageName", message="couldn't parse A/b"), "", True),
        (ContainerState("model", reason="ImagePullBackOff", message="a/b:1: not found"), "", True),
        (ContainerState("model", reason="ImagePullBackOff", message="pull access denied for a/b"), "", True),
        (ContainerState("model", reason="ErrImagePull", message="a/b:1: not found"), "", False),
        (ContainerState("model", reason="ImagePullBackOff", message="dial tcp 10.0.0.9: i/o timeout"), "", False),
        (ContainerState("model", reason="CreateContainerConfigError", message='secret "a" not found'), "", False),
    ],
)
def test_what_has_failed_at_every_try_is_known_to_last(container: ContainerState, logs: str, lasts: bool) -> None:
    found = cause_of(pod(container), logs=logs)
    assert (found.is_final, found.is_lasting) == (True, lasts)


def test_a_missing_secret_is_named() -> None:
    waiting = ContainerState("model", reason="CreateContainerConfigError", message='secret "token" not found')
    found = cause_of(pod(waiting))
    assert found.cause == "config"
    assert 'secret "token" not found' in found.message


def test_a_crash_is_told_by_the_termination_log() -> None:
    ended = Ending(1, "Error", "the model's sha256 is not the chart's")
    found = cause_of(pod(ContainerState("model", reason="CrashLoopBackOff", last_ended=ended)), logs="Traceback\nend")
    assert found.cause == "crash"
    assert found.message == "it ends with an error: the model's sha256 is not the chart's"
    assert found.where == "pod iris-1, container model"


def test_a_crash_without_a_termination_log_is_told_by_the_last_line_of_the_log() -> None:
    found = cause_of(pod(ContainerState("model", Phase.TERMINATED, ended=Ending(2))), logs="one\nImportError: x\n\n")
    assert found.message == "it ends with an error: ImportError: x"


def test_too_little_memory_goes_before_the_exit_status() -> None:
    found = cause_of(pod(ContainerState("model", reason="CrashLoopBackOff", last_ended=Ending(137, "OOMKilled"))))
    assert found.cause == "out-of-memory"
    assert "memory" in found.hint


def test_a_container_that_recovered_is_no_cause() -> None:
    running = ContainerState("model", Phase.RUNNING, ready=True, restarts=1, last_ended=Ending(1))
    assert cause_of(pod(running)).cause == "starting"


def test_what_cannot_be_placed_names_the_resource_to_ask_less_of() -> None:
    text = "0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available"
    found = cause_of(PodState("iris-1", conditions=(Condition("PodScheduled", False, "Unschedulable", text),)))
    assert found.cause == "unschedulable"
    assert "resources" in found.hint
    assert not found.is_final, "a node may come"


@pytest.mark.parametrize(
    ("message", "cause"),
    [
        (
            'pods "iris-1" is forbidden: exceeded quota: small, used: pods=1, limited: pods=1',
            "quota",
        ),
        ('pods "iris-1" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot != true', "pod-security"),
        ('pods "iris-1" is forbidden: maximum cpu usage per Container is 1m, but limit is 1', "refused"),
        (
            'pods "iris-1" is forbidden: error looking up service account a/b: serviceaccount "b" not found',
            "service-account",
        ),
        ("something new", "refused"),
    ],
)
def test_pods_that_are_refused(message: str, cause: str) -> None:
    condition = Condition("ReplicaFailure", True, "FailedCreate", message)
    found = cause_of(deployment=dataclasses.replace(WAITING, conditions=(condition,)))
    assert (found.cause, found.is_final) == (cause, True)
    event = Event("ReplicaSet", "iris-abc", "Warning", "FailedCreate", message)
    assert cause_of(events=(event,)).cause == cause


def test_what_is_final_goes_before_what_may_come() -> None:
    unready = PodState("iris-1", containers=(ContainerState("model", Phase.RUNNING),))
    crashing = PodState("iris-2", containers=(ContainerState("model", last_ended=Ending(1, "Error", "broken")),))
    assert cause_of(unready, crashing).where.startswith("pod iris-2")


def test_a_failing_probe_is_told_by_its_event() -> None:
    event = Event("Pod", "iris-1", "Warning", "Unhealthy", "Readiness probe failed: statuscode: 503")
    found = cause_of(pod(ContainerState("model", Phase.RUNNING)), events=(event,))
    assert (found.cause, found.message) == ("not-ready", event.message)


def test_a_model_that_is_being_loaded_has_failed_no_probe() -> None:
    event = Event("Pod", "iris-1", "Warning", "Unhealthy", "Startup probe failed: HTTP probe failed: 503")
    state = {"name": "model", "state": {"running": {}}, "started": False, "restartCount": 0}
    found = cause_of(pod(ContainerState.from_json(state)), events=(event,))
    assert (found.cause, found.message, found.is_a_cause) == ("not-ready", "loading the model", False)
    # Its startup probe has given it up before.
    again = cause_of(pod(ContainerState.from_json({**state, "restartCount": 1})), events=(event,))
    assert again.message == event.message
    started = cause_of(pod(ContainerState.from_json({**state, "started": True})), events=(event,))
    assert started.message == event.message


def test_libraries_that_are_being_installed_are_told_until_they_are() -> None:
    waiting = ContainerState("model", reason="PodInitializing")
    found = cause_of(pod(waiting, init=ContainerState("install-libraries", Phase.RUNNING)))
    assert found.message == "installing libraries (container install-libraries)"


def test_a_volume_that_cannot_be_mounted_is_told_by_its_event() -> None:
    event = Event("Pod", "iris-1", "Warning", "FailedMount", 'configmap "iris-model" not found')
    waiting = pod(ContainerState("model"), init=ContainerState("install-libraries", reason="PodInitializing"))
    assert cause_of(waiting, events=(event,)).cause == "mount"


def test_a_volume_that_came_late_is_not_the_cause_any_more() -> None:
    event = Event("Pod", "iris-1", "Warning", "FailedMount", "failed to sync configmap cache")
    waiting = ContainerState("model", reason="PodInitializing")
    installing = ContainerState("install-libraries", Phase.RUNNING)
    assert cause_of(pod(waiting, init=installing), events=(event,)).cause == "starting"


def test_an_evicted_pod_is_told() -> None:
    found = cause_of(PodState("iris-1", phase="Failed", reason="Evicted", message="The node was low on memory."))
    assert found.message == "Evicted: The node was low on memory."


@pytest.mark.parametrize(
    ("log", "words"),
    [
        (
            "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE. If you have updated ...\n"
            "    onnxruntime==1.22.0 from http://x/o.whl:\n        Expected sha256 aa\n             Got        bb\n",
            "onnxruntime==1.22.0 is not the file that the chart pins",
        ),
        (
            "WARNING: Retrying after connection broken by 'NewConnectionError([Errno -3] Temporary failure in name "
            "resolution')': /simple/\nERROR: No matching distribution found for numpy==2.1.0\n",
            "name is not known",
        ),
        (
            "WARNING: Retrying ... SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] ...\n"
            "ERROR: No matching distribution found for numpy==2.1.0\n",
            "certificate is not trusted",
        ),
        (
            "WARNING: [Errno 111] Connection refused\nERROR: No matching distribution found for a\n",
            "cannot be reached",
        ),
        ("ERROR: No matching distribution found for numpy==99\n", "has no numpy==99"),
        (
            "Collecting x\nERROR: Could not install packages due to an OSError: [Errno 28] No space left on device\n",
            "No space",
        ),
        ("one\nERROR: Invalid requirement: '%'\nnotice: upgrade pip\n", "Invalid requirement"),
        ("just this\n", "just this"),
        ("", "no message"),
    ],
)
def test_why_libraries_cannot_be_installed(log: str, words: str) -> None:
    assert words in install_failure(log)[0]


def test_a_failed_install_of_libraries_is_the_cause() -> None:
    failing = ContainerState("install-libraries", reason="CrashLoopBackOff", last_ended=Ending(1, "Error"))
    found = cause_of(
        pod(ContainerState("model", reason="PodInitializing"), init=failing),
        logs="ERROR: No matching distribution found for numpy==99\n",
    )
    assert found.cause == "install"
    assert "numpy==99" in found.message


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (PodState("p", conditions=(Condition("PodScheduled", False, "Unschedulable"),)), "waiting for a node"),
        (
            PodState("p", init_containers=(ContainerState("install-libraries", Phase.RUNNING),)),
            "installing libraries (container install-libraries)",
        ),
        (pod(ContainerState("model", reason="ContainerCreating")), "starting (container model)"),
        (pod(ContainerState("model", reason="ErrImagePull")), "the image cannot be pulled (container model)"),
        (pod(ContainerState("model", reason="CrashLoopBackOff", last_ended=Ending(1))), "failed, and is started again"),
        (pod(ContainerState("model", Phase.RUNNING)), "running, not ready yet"),
        (PodState("p", ready=True), "ready"),
        (PodState("p"), "starting"),
    ],
)
def test_what_a_pod_is_doing(state: PodState, words: str) -> None:
    assert words in describe(state)


def test_an_old_pod_that_is_available_does_not_pass_for_the_new_one() -> None:
    # In the middle of an upgrade: the new pod is there and not ready, the old one serves.
    status = {"observedGeneration": 2, "replicas": 2, "updatedReplicas": 1, "readyReplicas": 1, "availableReplicas": 1}
    data = {"metadata": {"name": "iris", "generation": 2}, "spec": {"replicas": 1}, "status": status}
    assert not DeploymentState.from_json(data).is_rolled_out
    data["status"] = {**status, "replicas": 1}
    assert DeploymentState.from_json(data).is_rolled_out
