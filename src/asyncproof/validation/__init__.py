"""Judges the images of whole folders: finds them, shares the work, writes the results."""
