"""``asyncproof explain CBK-4``: what a clause requires, why, and an example."""

from collections.abc import Iterable
from difflib import get_close_matches

import click

from asyncproof import places
from asyncproof.cli.usage import usage_error
from asyncproof.harness import contract


@click.command()
@click.argument("clause", required=False)
def explain(clause: str | None) -> None:
    """Explain a CLAUSE of the contract, such as CBK-4, or list a family, such as CBK, or all."""
    clauses = contract.load(places.contract("protocol"))
    wanted = (clause or "").upper().rstrip("-")
    if wanted in clauses:
        click.echo(clauses[wanted])
        return
    listed = [c for c in clauses.values() if not wanted or c.id.partition("-")[0] == wanted]
    if not listed:
        usage_error(f"no clause or family {clause}{_hint(wanted, clauses)}")
    for each in listed:
        click.echo(f"{each.id:<8} {each.level:<7} {each.title}")


def _hint(wanted: str, clauses: Iterable[str]) -> str:
    ids = list(clauses)
    families = dict.fromkeys(each.partition("-")[0] for each in ids)
    near = get_close_matches(wanted, [*ids, *families], n=1)
    meant = f"; did you mean {near[0]}?" if near else ""
    return f"{meant} (families: {', '.join(families)})"
