"""The pictures that this miner makes, and how it makes them."""
