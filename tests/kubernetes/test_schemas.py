"""What we send to a cluster is what every version from 1.25 on understands, field by field.

A server drops a field that it does not know without a word, so a slip of the pen would show in
nothing but a deadline that is not kept.
"""

from pathlib import Path

import kubernetes_validate as schemas
import pytest

from asyncproof.coordinator.attempt import SuiteAttempt
from asyncproof.coordinator.kubernetes.spec import PodOptions, job
from asyncproof.coordinator.suites import Shard, Suite
from tests.kubernetes.manifests import Object, rendered

VERSIONS = [version.removesuffix(".0") for version in schemas.utils.all_versions()]


def of_the_backend() -> Object:
    """The Job of a suite with everything that can be asked for."""
    suite = Suite(pytest=("tests/unit",), name="unit-1", env={"A": "b"}, shard=Shard(1, 2))
    attempt = SuiteAttempt("run", suite, 1, Path("out"), Path(), 60.0, touched=True)
    options = PodOptions("suite:1", "tests", service_account="account", secret="secret")
    return dict(job(attempt, options))


DEPLOYED = [
    each for folder in ("coordinator", "shards", "stress") for each in rendered(folder, "suite:1")
]
SENT = [*DEPLOYED, of_the_backend()]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    "sent", SENT, ids=lambda sent: f"{sent['kind']}-{sent['metadata']['name']}"
)
def test_every_field_is_one_of_the_api(sent: Object, version: str) -> None:
    schemas.validate(sent, version, strict=True)


def test_a_field_that_no_version_knows_is_refused() -> None:
    sent = of_the_backend()
    sent["spec"]["ttlSecondsAfterFinshed"] = 1

    with pytest.raises(schemas.ValidationError):
        schemas.validate(sent, VERSIONS[-1], strict=True)
