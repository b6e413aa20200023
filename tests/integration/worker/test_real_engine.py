"""llama.cpp for real, on a small random model: as the bundled worker's engine, and as a server."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from asyncproof.worker.profile import load
from tests.support.lab import LIMITS, plan_for, tried

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("xllamacpp") is None or importlib.util.find_spec("gguf") is None,
    reason="needs: pip install -r requirements_llm_worker.txt",
)
PATIENT = msgspec.structs.replace(LIMITS, inference=60)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A GGUF file, as `make tiny-model` writes it."""
    path = tmp_path_factory.mktemp("model") / "tiny.gguf"
    subprocess.run([sys.executable, "-m", "reference.worker.tiny_model", str(path)], check=True)
    return path


def test_the_bundled_worker_passes_with_llama_cpp(tmp_path: Path, model: Path) -> None:
    profile = load("document")
    plan = plan_for(tmp_path, profile.command, profile, model=str(model), limits=PATIENT)
    record, verdict = tried(plan)
    assert verdict.passed, verdict.explain()
    assert all(generation.tokens for generation in record.workers[0].inferred)
    assert '"engine": "llama.cpp"' in (tmp_path / "history.ndjson").read_text().replace("\\", "")


def test_a_llama_cpp_server_passes_with_its_profile(tmp_path: Path, model: Path) -> None:
    """The server that llama.cpp itself brings, which knows no hive and no heartbeats."""
    profile = load("llama_cpp")
    command = "{python} -m reference.worker.llama_server --model {model} --port {port}"
    plan = plan_for(tmp_path, command, profile, model=str(model), limits=PATIENT)
    record, verdict = tried(plan)
    assert verdict.passed, verdict.explain()
    assert record.workers[0].beats == []


def test_the_tiny_model_is_the_same_wherever_it_is_written(tmp_path: Path, model: Path) -> None:
    again = tmp_path / "again.gguf"
    subprocess.run([sys.executable, "-m", "reference.worker.tiny_model", str(again)], check=True)
    assert again.read_bytes() == model.read_bytes()
    assert again.stat().st_size < 1_000_000


@pytest.mark.parametrize(
    ("keep", "said"), [(0, "model not found"), (3, "not a GGUF model"), (100_000, "cannot load")]
)
def test_a_broken_model_ends_the_worker_with_path_and_cure(
    tmp_path: Path, model: Path, keep: int, said: str
) -> None:
    broken = tmp_path / "broken.gguf"
    if keep:
        broken.write_bytes(model.read_bytes()[:keep])
    done = subprocess.run(
        [sys.executable, "-m", "reference.worker", "--port", "0", "--model", str(broken)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert f"worker: {'llama.cpp ' * (said == 'cannot load')}{said}" in done.stderr
    assert str(broken) in done.stderr
    assert "make tiny-model" in done.stderr
    assert "Traceback" not in done.stderr
