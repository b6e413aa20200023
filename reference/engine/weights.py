"""The files of weights: half precision in safetensors, beside this module."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from reference.engine.adapters import Adapter
from reference.engine.decoder import Decoder, Latents
from reference.engine.denoiser import Denoiser

FOLDER = Path(__file__).with_name("weights")
MODEL = FOLDER / "model.safetensors"
PARTS = ("denoiser", "decoder", "latents")


@dataclass(slots=True)
class Model:
    """All that makes pictures but the adapters, in evaluation mode."""

    denoiser: Denoiser
    decoder: Decoder
    latents: Latents

    @classmethod
    def untrained(cls) -> "Model":
        return cls(Denoiser(), Decoder(), Latents())

    def on(self, device: torch.device) -> "Model":
        """The same model, moved to this device."""
        return Model(self.denoiser.to(device), self.decoder.to(device), self.latents.to(device))

    def save(self, path: Path, told: Mapping[str, str]) -> None:
        """Write the weights, with notes on how they came about."""
        state = {
            f"{part}.{name}": value.detach().half().contiguous()
            for part in PARTS
            for name, value in getattr(self, part).state_dict().items()
        }
        path.parent.mkdir(exist_ok=True)
        save_file(state, path, dict(told))


def load_model(path: Path = MODEL) -> Model:
    """The trained model, in single precision. Raises OSError."""
    state = load_file(path)
    model = Model.untrained()
    for part in PARTS:
        begins = f"{part}."
        values = {
            k.removeprefix(begins): v.float() for k, v in state.items() if k.startswith(begins)
        }
        getattr(model, part).load_state_dict(values)
        getattr(model, part).eval().requires_grad_(False)
    return model


def adapter_file(lora: str) -> Path:
    """Where the adapter of a LoRA of the miner lies; ``lora`` is its path in requests."""
    return FOLDER / Path(lora).name


def save_adapter(path: Path, adapter: Adapter, told: Mapping[str, str]) -> None:
    save_file({name: part.half().contiguous() for name, part in adapter.items()}, path, dict(told))


def load_adapter(path: Path) -> dict[str, Tensor]:
    """An adapter in single precision. Raises OSError."""
    return {name: part.to(torch.float32) for name, part in load_file(path).items()}
