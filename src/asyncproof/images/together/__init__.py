"""What many pictures have in common that no art has: defects of the way from latents to file."""
