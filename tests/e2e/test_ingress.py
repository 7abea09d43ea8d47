"""Models seen from outside the cluster: through Traefik, over http and https, at the root and below a path."""

from __future__ import annotations

import json
import os
import ssl
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx
import numpy as np
import pytest
import trustme

from tests.e2e.services import Service, assert_close, infer_outputs, retrained
from tests.helpers import assert_soon, run

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.conftest import Namespace

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(900)]

CLASS = "traefik"


@pytest.fixture(scope="session")
def controller(kubeconfig: Path) -> None:
    classes = run("kubectl", "get", "ingressclass", "-o", "name").split()
    if f"ingressclass.networking.k8s.io/{CLASS}" not in classes:
        pytest.skip(f"the cluster has no IngressClass {CLASS}")


@pytest.fixture
def helm(helm4: Path) -> Path:
    """What Traefik does is the same for both."""
    return helm4


@dataclass
class Outside:
    """A client outside the cluster, whose names all lead to the Ingress controller.

    Attributes:
        address: The controller's.
        trusted: The certificates that it trusts; None trusts any.
    """

    address: str
    trusted: ssl.SSLContext | None = None

    def ask(self, url: str, body: object = None) -> httpx.Response:
        """GET, or POST of a body."""
        asked = httpx.URL(url)
        with httpx.Client(verify=self.trusted or False, trust_env=False, timeout=20) as client:
            request = client.build_request(
                "GET" if body is None else "POST",
                asked.copy_with(host=self.address),
                json=body,
                headers={"Host": asked.host},
                extensions={"sni_hostname": asked.host},
            )
            return client.send(request)

    def soon(self, url: str, body: object = None) -> Any:
        """The JSON of an answer that comes within a moment: the controller follows the cluster a little later."""
        deadline = time.monotonic() + 60
        while True:
            try:
                answer = self.ask(url, body)
                reason = f"{answer.status_code} {answer.text[:300]}"
                if answer.status_code == httpx.codes.OK:
                    return answer.json()
            except httpx.TransportError as error:
                reason = repr(error)
            assert time.monotonic() < deadline, f"{url}: {reason}"
            time.sleep(0.5)


@pytest.fixture
def two_models(namespace: Namespace, tmp_path: Path) -> list[Service]:
    """Two services of the same kind that differ in name and numbers."""
    made = []
    for name in ("a", "b"):
        service = retrained("digits-onnx", tmp_path / name, "1.0.0")
        service.name = f"digits-{name}"
        service.file.write_text(service.file.read_text().replace("name: digits\n", f"name: {service.name}\n"))
        made.append(service)
    return made


@pytest.mark.usefixtures("controller")
def test_models_are_reached_from_outside_over_http_and_https_at_the_root_and_below_a_path(
    namespace: Namespace, helm: Path, two_models: list[Service], tmp_path: Path
) -> None:
    one, two = two_models
    host, other = (f"{name}.{namespace.name}.example.test" for name in ("models", "other"))
    authority = trustme.CA()
    _tls_secret(namespace, authority.issue_cert(host), tmp_path)
    trusted = ssl.create_default_context()
    authority.configure_trust(trusted)

    def deploy(*settings: dict[str, Any]) -> None:
        """Both releases at once, each with its Ingress."""

        def one_of_them(service: Service, ingress: dict[str, Any]) -> None:
            given = json.dumps({"enabled": True, "className": CLASS, **ingress})
            setting = ["--set-json", f"ingress={given}", "--set", f"version={version}"]
            namespace.chartgen("upgrade", "--install", "-f", service.file, *setting, *namespace.values(), helm=helm)

        version = f"1.0.{len(deployed)}"
        deployed.append(version)
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(one_of_them, (one, two), settings))

    deployed: list[str] = []
    # At the root: one without TLS, one with the controller's own certificate.
    deploy({"host": host}, {"host": other, "tls": True})
    outside = Outside(_address(namespace))
    _assert_served(outside, f"http://{host}", one)
    _assert_served(outside, f"https://{other}", two)
    with pytest.raises(httpx.ConnectError, match="certificate verify failed"):
        Outside(outside.address, trusted).ask(f"https://{other}/docs")

    # Two models on one host, each below its path.
    deploy({"host": host, "path": "/models/a"}, {"host": host, "path": "/models/b"})
    _assert_served(outside, f"http://{host}/models/a", one)
    _assert_served(outside, f"http://{host}/models/b", two)
    assert outside.ask(f"http://{host}/models/c/predict", {"input": one.random_rows(1)}).status_code == 404
    assert outside.ask(f"http://{host}/models/ab/predict", {"input": one.random_rows(1)}).status_code == 404

    # The same with a certificate of our own.
    tls = {"secretName": "models-tls"}
    deploy({"host": host, "path": "/models/a", "tls": tls}, {"host": host, "path": "/models/b", "tls": tls})
    secure = Outside(outside.address, trusted)
    _assert_served(secure, f"https://{host}/models/a", one)
    _assert_served(secure, f"https://{host}/models/b", two)
    assert f"https://{host}/models/a" in namespace.chartgen("status", one.name, helm=helm).stdout


def _assert_served(outside: Outside, url: str, service: Service) -> None:
    """Everything that a client wants is below `url`, and the numbers are this model's."""
    rows = service.random_rows(3)
    expected = service.predict(np.array(rows))
    assert_close(outside.soon(f"{url}/predict", {"input": rows})["output"], expected)

    answer = outside.soon(f"{url}/v2/models/{service.name}/infer", service.infer_request(rows))
    assert_close(infer_outputs(answer), expected)

    page = outside.ask(f"{url}/docs")
    assert page.status_code == 200
    below = httpx.URL(url).path.rstrip("/")
    assert f"'{below}/openapi.json'" in page.text  # which the page asks for, by this path
    assert any(path.endswith("/predict") for path in outside.soon(f"{url}/openapi.json")["paths"])


def _address(namespace: Namespace) -> str:
    """Where the controller listens: what the environment says, else what it wrote into the Ingress."""
    if named := os.environ.get("CHARTGEN_TEST_INGRESS"):
        return named
    found: list[str] = []

    def is_known() -> bool:
        statuses = [ingress["status"].get("loadBalancer", {}) for ingress in namespace.get("ingress")["items"]]
        found.extend(point.get("ip") or point["hostname"] for each in statuses for point in each.get("ingress", ()))
        return bool(found)

    assert_soon(is_known)  # else set CHARTGEN_TEST_INGRESS
    return found[0]


def _tls_secret(namespace: Namespace, certificate: trustme.LeafCert, folder: Path) -> None:
    certificate.cert_chain_pems[0].write_to_path(folder / "tls.crt")
    certificate.private_key_pem.write_to_path(folder / "tls.key")
    files = [f"--cert={folder / 'tls.crt'}", f"--key={folder / 'tls.key'}"]
    namespace.kubectl("create", "secret", "tls", "models-tls", *files)
