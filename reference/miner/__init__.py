"""A correct miner of the async inference protocol, with defects that can be switched on by name."""
