"""A small diffusion model that really samples: prompts, seeds, guidance, LoRAs, half precision."""
