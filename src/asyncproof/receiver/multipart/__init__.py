"""Multipart forms, read from pieces of any size."""
