"""What Kubernetes and container registries take for a name, a label, a key and an image: pure checks, no I/O."""

from __future__ import annotations

import re

LABEL_PART = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
LABEL_PART_EXPECTED = "letters, digits, `-`, `_` and `.`, a letter or a digit at either end, at most 63 characters"
SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
SUBDOMAIN_EXPECTED = "lower-case letters, digits, `-` and `.`, a letter or a digit at either end of each part"
SUBDOMAIN_MAX = 253
DATA_KEY = re.compile(r"[-._A-Za-z0-9]{1,253}")
DATA_KEY_EXPECTED = "letters, digits, `-`, `_` and `.`, at most 253 characters"
QUALIFIED_EXPECTED = f"{LABEL_PART_EXPECTED}; before it, where it has one, a domain and `/`"

# Helm 4, `kubectl apply --server-side` and GitOps tools hand an object to the API server as JSON, which it reads as
# YAML: of these characters, which JSON writes without an escape, it takes the one for a space and refuses the others.
READ_AS_SPACE = "\x85"
LOST = re.compile("[\x7f-\x9f\ufffe\uffff]")
LOST_EXPECTED = "text without U+007F to U+009F, U+FFFE and U+FFFF"

_DOMAIN = r"(?:[A-Za-z0-9](?:[-A-Za-z0-9]*[A-Za-z0-9])?)(?:\.[A-Za-z0-9](?:[-A-Za-z0-9]*[A-Za-z0-9])?)*"
_REPOSITORY = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
IMAGE = re.compile(
    rf"(?:(?:{_DOMAIN}|\[[0-9a-fA-F:]+\])(?::[0-9]+)?/)?{_REPOSITORY}(?:/{_REPOSITORY})*"
    r"(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@sha256:[0-9a-f]{64})?"
)


def is_subdomain(text: str) -> bool:
    """Whether `text` can name a Secret, a ConfigMap or most other objects: a DNS-1123 subdomain."""
    return len(text) <= SUBDOMAIN_MAX and SUBDOMAIN.fullmatch(text) is not None


def is_data_key(text: str) -> bool:
    """Whether `text` can be a key of a Secret or a ConfigMap."""
    return DATA_KEY.fullmatch(text) is not None and text not in {".", ".."} and not text.startswith("..")


def is_label_value(text: str) -> bool:
    """Whether `text` can be the value of a label, which may be empty."""
    return not text or LABEL_PART.fullmatch(text) is not None


def is_qualified_name(text: str) -> bool:
    """Whether `text` can be the key of a label, an annotation or a taint: `name`, or `domain/name`."""
    domain, slash, name = text.rpartition("/")
    return LABEL_PART.fullmatch(name) is not None and (not slash or is_subdomain(domain))


def is_image(text: str) -> bool:
    """Whether `text` is a reference to a container image: `registry/repository:tag@digest`."""
    return IMAGE.fullmatch(text) is not None
