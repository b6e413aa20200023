"""The file of a picture, judged exactly, without a threshold."""
