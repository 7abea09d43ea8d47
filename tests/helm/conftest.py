"""Fixtures for the helm driver."""

from __future__ import annotations

from tests.cluster_fixtures import kubeconfig, namespace, restricted_namespace

__all__ = ["kubeconfig", "namespace", "restricted_namespace"]
