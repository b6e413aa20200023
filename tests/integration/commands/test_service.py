"""The reference miner as a service: up, logs, down, and what each says it does."""

import shutil
import socket
import subprocess
import urllib.request

import pytest

from tests.support.shell import Shell

pytestmark = pytest.mark.skipif(
    bool(shutil.which("docker"))
    and subprocess.run(["docker", "info"], capture_output=True, check=False).returncode == 0,
    reason="a container engine runs here: make up would use it and build an image",
)


def a_free_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return str(free.getsockname()[1])


def test_the_miner_comes_up_answers_and_goes_down(shell: Shell) -> None:
    port = a_free_port()
    mine = {"MINER_PORT": port, "MINER_HOST": "127.0.0.1"}
    assert "no container engine" in shell.run("make", "setup-inference", **mine).output
    try:
        up = shell.run("make", "up", **mine)
        assert up.code == 0, up.output
        assert "background process" in up.output
        assert f"on port {port}" in up.output
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=10) as answer:
            assert answer.status == 200
        assert "already runs" in shell.run("make", "up", **mine).output
    finally:
        down = shell.run("make", "down", **mine)
    assert "stopped background process" in down.output
    logs = shell.run("make", "logs", **mine)
    assert f"reference miner listening on http://127.0.0.1:{port}" in logs.output
    assert "no background process runs" in shell.run("make", "down", **mine).output


def test_a_taken_port_ends_with_the_reason(shell: Shell) -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = str(holder.getsockname()[1])
        up = shell.run("make", "up", MINER_PORT=port, MINER_HOST="127.0.0.1")
    assert up.code != 0
    assert port in up.output
    assert "did not start" in up.output


def test_logs_without_a_miner_say_how_to_start_one(shell: Shell) -> None:
    logs = shell.run("make", "logs", MINER_PORT=a_free_port())
    assert logs.code != 0
    assert "make up starts one" in logs.output
