"""Whether a picture is whole: by its file, beside its idle reference, and by its looks alone.

Pure analysis: bytes and pixels in, values out. ``file`` judges a file exactly, ``reference``
compares two pictures, ``single`` looks at one; docs/pictures.md tells what each can and cannot see.
"""
