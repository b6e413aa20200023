"""Judging the pictures of whole folders: finding them, sharing the work, writing what came out."""
