"""The rule that lost verdicts: "passed" in a line with "=====" is success. Kept to be caught."""


def summary_line_verdict(terminal: str) -> str:
    """``green``, ``red``, or ``no summary`` from the terminal text alone."""
    summaries = [line for line in terminal.splitlines() if "=====" in line and " in " in line]
    if not summaries:
        return "no summary"
    green = "passed" in summaries[-1] and "failed" not in summaries[-1]
    return "green" if green else "red"
