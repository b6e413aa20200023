from tests.coordinator.cli import main

main(prog_name="python -m tests.coordinator")
