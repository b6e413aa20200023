"""Finding inference processes that hang, and replacing them.

``clocks`` judges one process, ``fleet`` decides for all of them; both are told the time and do
nothing themselves. The engine carries the decisions out.
"""
