"""What each way to fail (see `failing`) amounts to: the error, and words of its message."""

from __future__ import annotations

from chartgen import errors

Expected = tuple[type[errors.HelmError], str]

_UNREACHABLE = errors.ClusterUnreachableError
_MISSING = errors.ReleaseNotFoundError
_INVALID = errors.InvalidManifestError
_TIMEOUT = errors.HelmTimeoutError

EXPECTED: dict[str, Expected] = {
    # The cluster.
    "connection_refused": (_UNREACHABLE, "the API server at 127.0.0.1:1 refuses the connection"),
    "no_such_host": (_UNREACHABLE, "name nowhere.invalid is not known"),
    "wrong_authority": (_UNREACHABLE, "certificate is not accepted"),
    "wrong_token": (_UNREACHABLE, "does not accept the credentials"),
    "no_credential_plugin": (_UNREACHABLE, "the program no-such-plugin"),
    "credential_plugin_fails": (_UNREACHABLE, "no credentials: exec: executable false failed"),
    "kubeconfig_missing": (_UNREACHABLE, "/missing does not exist"),
    "kubeconfig_broken": (_UNREACHABLE, "/broken cannot be read"),
    "kubeconfig_of_text": (_UNREACHABLE, "/broken cannot be read"),
    "unknown_context": (_UNREACHABLE, "the kubeconfig has no context elsewhere"),
    "no_kubeconfig": (_UNREACHABLE, "there is no kubeconfig that names a cluster"),
    "forbidden": (errors.ForbiddenError, 'may not get configmaps in the namespace "'),
    # The release.
    "namespace_missing": (errors.HelmError, "there is no namespace no-such-namespace"),
    "namespace_ending": (errors.HelmError, "is being deleted"),
    "release_missing": (_MISSING, "there is no release r in namespace "),
    "release_missing_history": (_MISSING, "there is no release r in namespace "),
    "release_missing_upgrade": (_MISSING, "there is no release r in namespace "),
    "release_missing_rollback": (_MISSING, "there is no release r in namespace "),
    "release_missing_uninstall": (_MISSING, "there is no release r in namespace "),
    "release_missing_test": (_MISSING, "there is no release r in namespace "),
    "revision_missing": (_MISSING, "there is no revision 9 of release r"),
    "revision_missing_rollback": (_MISSING, "release r has no revision 9"),
    "no_earlier_revision": (_MISSING, "has no earlier revision"),
    "release_exists": (errors.ReleaseExistsError, "release r exists already"),
    "operation_in_progress": (errors.OperationInProgressError, "another operation on release r"),
    "release_name_invalid": (errors.HelmError, "Not_A_Name cannot name a release"),
    # On the way.
    "timed_out": (_TIMEOUT, "within 2s"),
    "timed_out_upgrade": (_TIMEOUT, "within 2s"),
    "install_undone": (errors.RolledBackError, "nothing of it is left"),
    "upgrade_undone": (errors.RolledBackError, "rolled back to what it was"),
    "upgrade_not_undone": (_TIMEOUT, "rolling back failed too"),
    "hook_failed": (errors.HookFailedError, "the pre-install hook of release r failed: pod r-test failed"),
    "test_failed": (errors.HookFailedError, "the test of release r failed: pod r-test: hello"),
    "test_timed_out": (_TIMEOUT, "the test did not end within 2s"),
    # The manifests.
    "field_conflict": (errors.FieldConflictError, 'conflict with "someone": .data.greeting'),
    "field_unknown": (_INVALID, "replicos"),
    "field_of_wrong_type": (_INVALID, "replicas"),
    "field_invalid": (_INVALID, 'refuses Deployment.apps "r": spec.replicas: Invalid value: -1'),
    "field_immutable": (_INVALID, 'spec.selector of Deployment.apps "r" cannot be changed'),
    "kind_unknown": (_INVALID, "the cluster does not know ConfigMop of v1"),
    "object_of_another": (_INVALID, 'ConfigMap "r" exists and was not made by Helm'),
    "object_of_another_release": (_INVALID, 'ConfigMap "shared" exists and belongs to release r'),
    "quota_exceeded": (_INVALID, "the namespace's quota does not allow it: small"),
    "pod_security": (_INVALID, "breaks the namespace's Pod Security level restricted:latest"),
    "policy_refuses": (_INVALID, 'the cluster refuses pods "p": maximum cpu usage'),
    "release_too_large": (_INVALID, "the release is too large"),
    # The chart.
    "values_break_schema": (_INVALID, "the values break the chart's values.schema.json: small: "),
    "template_not_yaml": (_INVALID, "the template cannot be read"),
    "template_not_parsable": (_INVALID, "the template cannot be read: missing value for if"),
    "template_calls_fail": (_INVALID, "the chart refuses its values: ingress.host is needed"),
    "chart_missing": (_INVALID, "there is no such chart"),
    "chart_without_metadata": (_INVALID, "the folder is not a chart"),
    "chart_not_an_archive": (_INVALID, "the file is not a chart archive"),
    "chart_for_newer_kubernetes": (_INVALID, "the chart needs Kubernetes >=1.99.0-0; the cluster has v1."),
    "chart_version_invalid": (_INVALID, "Chart.yaml is not valid"),
    "values_file_missing": (_INVALID, "the file does not exist"),
    "values_file_not_yaml": (_INVALID, "the values file is not YAML"),
}

# Helm 3 applies on the client's side: it takes over what another has set, and drops fields that it does not know.
NO_FAILURE_ON_3 = frozenset({"field_conflict", "field_unknown"})

# These fail before anything is in the namespace, so they may share one.
_BEFORE = {
    "forbidden",
    "values_break_schema",
    *(name for name in EXPECTED if name.startswith(("release_missing", "template_", "chart_", "values_file_"))),
}
LEAVES_NOTHING = frozenset({name for name, (error, _) in EXPECTED.items() if error is _UNREACHABLE} | _BEFORE)
