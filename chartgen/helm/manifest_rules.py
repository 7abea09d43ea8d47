"""The second half of the table: helm cannot make the manifests, or the API server does not take them."""

from __future__ import annotations

from chartgen.errors import FieldConflictError, HelmError, InvalidManifestError
from chartgen.helm.failure_rules import rule

_RENDERED = "see what is sent with `chartgen template`"

# What was sent is not accepted.
_OBJECTS = (
    rule(
        r"apply failed with (?P<count>\d+) conflicts?: (?P<which>.*)",
        FieldConflictError,
        "another program has set fields that the chart sets: {which}",
        "let that program leave them, or take them over with --force-conflicts",
    ),
    rule(
        r"object has been modified; please apply your changes|operation cannot be fulfilled on",
        HelmError,
        "an object of release {name} was changed by another program at the same moment",
        "run it again",
    ),
    rule(
        r"(?P<object>\w+ \"[^\"]*\") in namespace \"[^\"]*\" exists and cannot be imported.*"
        r"release-name\" must equal \"[^\"]*\": current value is \"(?P<owner>[^\"]*)\"",
        InvalidManifestError,
        "{object} exists and belongs to release {owner}",
        "choose another name, or `chartgen uninstall {owner}`",
    ),
    rule(
        r"(?P<object>\w+ \"[^\"]*\") in namespace \"[^\"]*\" exists and cannot be imported",
        InvalidManifestError,
        "{object} exists and was not made by Helm",
        "choose another name, or delete it with kubectl if nothing needs it",
    ),
    rule(
        r"(?P<object>[\w.]+ \"[^\"]*\") is invalid: (?P<path>\S+): .*field is immutable",
        InvalidManifestError,
        "{path} of {object} cannot be changed once it exists",
        "uninstall the release and install it again",
    ),
    rule(
        r"exceeded quota: (?P<why>.*)",
        InvalidManifestError,
        "the namespace's quota does not allow it: {why}",
        "ask for less, or have the quota raised: `kubectl -n {namespace} describe quota`",
    ),
    rule(
        r"(?P<object>\w+ \"[^\"]*\") is forbidden: violates PodSecurity \"(?P<level>[^\"]*)\": (?P<why>.*)",
        InvalidManifestError,
        "{object} breaks the namespace's Pod Security level {level}: {why}",
        _RENDERED,
    ),
    rule(
        r"(?:admission webhook|ValidatingAdmissionPolicy) [\"'](?P<policy>[^\"']*)[\"'].*?denied(?: the)? request:? ?"
        r"(?P<why>.*)",
        InvalidManifestError,
        "the cluster's policy {policy} refuses it: {why}",
        _RENDERED,
    ),
    rule(
        r"(?P<object>[\w.]+ \"[^\"]*\") is forbidden: (?P<why>.*)",
        InvalidManifestError,
        "the cluster refuses {object}: {why}",
        _RENDERED,
    ),
    rule(
        r"too long: (?:may not be more than|must have at most) \d+|request entity too large|request is too large",
        InvalidManifestError,
        "the release is too large: Helm keeps it in one Secret of at most 1 MiB, chart and manifests compressed",
        "make smaller what is large: the model, the sample, variables or annotations, values that were set included",
    ),
    rule(
        r"no matches for kind \"(?P<kind>[^\"]*)\" in version \"(?P<version>[^\"]*)\"",
        InvalidManifestError,
        "the cluster does not know {kind} of {version}",
        "install what brings it (its CRD), or switch it off in the values",
    ),
    rule(
        r"(?P<object>[\w.]+ \"[^\"]*\") is invalid: (?P<why>.*)",
        InvalidManifestError,
        "the API server refuses {object}: {why}",
        _RENDERED,
    ),
    rule(
        r"(?P<why>[\w.]+ in version \"[^\"]*\" cannot be handled as .*|failed to create typed patch object .*"
        r"|error validating .*|strict decoding error.*|unknown field .*)",
        InvalidManifestError,
        "the API server refuses a manifest: {why}",
        _RENDERED,
    ),
)

# Helm itself could not make the manifests.
_CHART = (
    rule(
        r"values don't meet the specifications of the schema\(s\)[^\n]*\n(?P<why>.*)",
        InvalidManifestError,
        "the values break the chart's values.schema.json: {why}",
        "the chart's values.yaml says what each value may be",
    ),
    rule(
        r"execution error at \((?P<where>[^)]*)\): (?P<why>.*)",
        InvalidManifestError,
        "the chart refuses its values: {why}",
    ),
    rule(
        r"(?:yaml )?parse error (?:at|on) \(?(?P<where>[^\s)]+?)\)?: (?P<why>.*)",
        InvalidManifestError,
        "the template cannot be read: {why}",
    ),
    rule(
        r"template: (?P<where>\S+?): (?P<why>.*)",
        InvalidManifestError,
        "the template fails: {why}",
    ),
    rule(
        r"failed to parse (?P<where>\S+): (?:cannot unmarshal yaml document: )?(?:error converting YAML to JSON: )?"
        r"(?P<why>.*)",
        InvalidManifestError,
        "the values file is not YAML: {why}",
    ),
    rule(
        r"chart requires kubeVersion: (?P<wanted>.*) which is incompatible with Kubernetes (?P<have>\S+)",
        InvalidManifestError,
        "the chart needs Kubernetes {wanted}; the cluster has {have}",
    ),
    rule(
        r"path \"(?P<where>[^\"]*)\" not found|(?:repo|chart) (?P<chart>\S+) not found",
        InvalidManifestError,
        "there is no such chart",
        "`chartgen render` writes one",
    ),
    rule(
        r"Chart\.yaml file is missing|unable to detect chart at (?P<where>[^\n:]*)/Chart\.yaml",
        InvalidManifestError,
        "the folder is not a chart: it has no Chart.yaml",
        "`chartgen render` writes one",
    ),
    rule(
        r"file '(?P<where>[^']*)' does not appear to be a gzipped archive",
        InvalidManifestError,
        "the file is not a chart archive",
        "`chartgen package` writes one",
    ),
    rule(
        r"validation: (?P<why>chart\.metadata\..*)",
        InvalidManifestError,
        "the chart's Chart.yaml is not valid: {why}",
    ),
    rule(r"open (?P<where>.*): no such file or directory", InvalidManifestError, "the file does not exist"),
)

MANIFEST_RULES = (*_CHART, *_OBJECTS)
