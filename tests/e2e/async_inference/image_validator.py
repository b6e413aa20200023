"""The six rules for a picture, by their documented name; needs numpy and Pillow only."""

from asyncproof.images.six_rules import (
    ImageValidator,
    ValidationResult,
    detect_partial_render,
    detect_partial_render_bytes,
)

__all__ = [
    "ImageValidator",
    "ValidationResult",
    "detect_partial_render",
    "detect_partial_render_bytes",
]
