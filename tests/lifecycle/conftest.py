"""Fixtures for what changes releases."""

from __future__ import annotations

from tests.cluster_fixtures import kubeconfig, namespace

__all__ = ["kubeconfig", "namespace"]
