"""Whether a picture is whole: by its file, beside its quiet twin, and by its looks alone.

Pure analysis: bytes and pixels in, values out. ``file`` judges a file exactly, ``twin`` compares
two pictures, ``alone`` looks at one; docs/pictures.md tells what each can and cannot see.
"""
