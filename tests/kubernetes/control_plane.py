"""etcd, kube-apiserver and kube-controller-manager as processes on ports of their own."""

import json
import ssl
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from asyncproof.coordinator.local import free_ports
from asyncproof.harness.processes import Supervised, wait_until_ready

LOCALHOST = IPv4Address("127.0.0.1")
START_TIMEOUT = 120.0  # seconds; the machine may be busy
NAMESPACE = "tests"
ADMIN = "admin-token"
COORDINATOR = "coordinator-token"
CONTROLLERS = (
    "job",
    "namespace",
    "garbagecollector",
    "podgc",
    "resourcequota",
    "serviceaccount",
    "serviceaccount-token",
    "ttl-after-finished",
)


@dataclass(frozen=True, slots=True)
class ControlPlane:
    """A running control plane. ``certificate`` and ``key`` are for every server here, the node's
    too, and sign the tokens of service accounts."""

    url: str
    folder: Path
    version: str
    certificate: Path
    key: Path

    def kubeconfig(self, token: str) -> Path:
        """A kubeconfig for the account that the token stands for."""
        path = self.folder / f"{token}.json"
        named = {"cluster": "real", "user": "user", "namespace": NAMESPACE}
        cluster = {"server": self.url, "certificate-authority": str(self.certificate)}
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "real",
            "contexts": [{"name": "real", "context": named}],
            "clusters": [{"name": "real", "cluster": cluster}],
            "users": [{"name": "user", "user": {"token": token}}],
        }
        path.write_text(json.dumps(config))
        return path


@contextmanager
def control_plane(binaries: Path, folder: Path) -> Iterator[ControlPlane]:
    """Start all three and end them again. RBAC decides, as in a real cluster."""
    ports = free_ports(["etcd", "peers", "server", "manager"])
    certificate, key = _self_signed(folder)
    (folder / "tokens.csv").write_text(
        f'{ADMIN},admin,admin,"system:masters"\n'
        f"{COORDINATOR},system:serviceaccount:{NAMESPACE}:coordinator,coordinator\n"
    )
    plane = ControlPlane(f"https://127.0.0.1:{ports['server']}", folder, "", certificate, key)
    etcd_url, peer = f"http://127.0.0.1:{ports['etcd']}", f"http://127.0.0.1:{ports['peers']}"
    with ExitStack() as stack:
        etcd = stack.enter_context(
            Supervised(
                [
                    binaries / "etcd",
                    f"--data-dir={folder / 'etcd'}",
                    f"--listen-client-urls={etcd_url}",
                    f"--advertise-client-urls={etcd_url}",
                    f"--listen-peer-urls={peer}",
                    f"--initial-advertise-peer-urls={peer}",
                    f"--initial-cluster=default={peer}",
                    "--unsafe-no-fsync",
                ],
                name="etcd",
                log=folder / "etcd.log",
            )
        )
        wait_until_ready(etcd, lambda: _answers(f"{etcd_url}/health"), START_TIMEOUT)
        server = stack.enter_context(
            Supervised(
                [binaries / "kube-apiserver", *_server_flags(plane, ports["server"], etcd_url)],
                name="kube-apiserver",
                log=folder / "apiserver.log",
            )
        )
        wait_until_ready(server, lambda: _answers(f"{plane.url}/readyz"), START_TIMEOUT)
        stack.enter_context(
            Supervised(
                [
                    binaries / "kube-controller-manager",
                    f"--kubeconfig={plane.kubeconfig(ADMIN)}",
                    f"--controllers={','.join(CONTROLLERS)}",
                    f"--root-ca-file={certificate}",
                    f"--service-account-private-key-file={key}",
                    "--feature-gates=TTLAfterFinished=true",
                    "--leader-elect=false",
                    "--port=0",
                    f"--secure-port={ports['manager']}",
                    "--bind-address=127.0.0.1",
                    f"--cert-dir={folder}",
                ],
                name="kube-controller-manager",
                log=folder / "manager.log",
            )
        )
        yield ControlPlane(plane.url, folder, _version(plane.url), certificate, key)


def _server_flags(plane: ControlPlane, port: int, etcd: str) -> list[str]:
    return [
        f"--etcd-servers={etcd}",
        f"--secure-port={port}",
        "--bind-address=127.0.0.1",
        f"--tls-cert-file={plane.certificate}",
        f"--tls-private-key-file={plane.key}",
        f"--token-auth-file={plane.folder / 'tokens.csv'}",
        "--authorization-mode=RBAC",
        "--service-cluster-ip-range=10.0.0.0/24",
        "--service-account-issuer=https://127.0.0.1",
        f"--service-account-key-file={plane.key}",
        f"--service-account-signing-key-file={plane.key}",
        "--feature-gates=TTLAfterFinished=true",  # on by itself from 1.21
        "--kubelet-preferred-address-types=InternalIP",
        "--allow-privileged=true",
    ]


def _get(url: str) -> bytes:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {ADMIN}"})
    with urllib.request.urlopen(request, timeout=5, context=context) as answer:
        return bytes(answer.read())


def _answers(url: str) -> bool:
    try:
        _get(url)
    except OSError:
        return False
    return True


def _version(url: str) -> str:
    return str(json.loads(_get(f"{url}/version"))["gitVersion"])


def _self_signed(folder: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1, its own authority, and its key, in files."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(LOCALHOST)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    traditional = serialization.PrivateFormat.TraditionalOpenSSL
    (folder / "node.crt").write_bytes(certificate.public_bytes(pem))
    (folder / "node.key").write_bytes(
        key.private_bytes(pem, traditional, serialization.NoEncryption())
    )
    return folder / "node.crt", folder / "node.key"
