"""Finding inference processes that hang, and replacing them.

``clocks`` judges one process, ``fleet`` decides for all of them; both get the time as an argument
and do nothing themselves. The engine carries out the decisions.
"""
