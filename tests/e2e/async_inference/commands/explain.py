"""``cli explain CBK-4``: what a clause asks, why, and an example."""

import click

from tests.e2e.async_inference.commands.usage import usage_error
from tests.e2e.async_inference.session import CONTRACT
from tests.harness import contract


@click.command()
@click.argument("clause", required=False)
def explain(clause: str | None) -> None:
    """Explain a CLAUSE of the contract, such as CBK-4; without one, list them all."""
    clauses = contract.load(CONTRACT)
    if clause is None:
        for each in clauses.values():
            click.echo(f"{each.id:<8} {each.level:<7} {each.title}")
    elif clause.upper() in clauses:
        click.echo(clauses[clause.upper()])
    else:
        usage_error(f"no clause {clause}; `explain` without one lists all {len(clauses)}")
