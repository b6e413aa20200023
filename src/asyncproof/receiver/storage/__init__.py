"""Images and the journal on disk, and the index of received callbacks."""
