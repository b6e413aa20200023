"""The LoRAs that this miner offers. Each gives every picture a look of its own."""

LORAS = ("loras/ink.safetensors", "loras/neon.safetensors", "loras/pastel.safetensors")
