"""How a forward pass adds up, and in how many bits it keeps what it has.

A graphics processor multiplies in half precision, adds in single precision, and rounds what it
stores. How a long sum is cut into parts follows the shape of the work: a small batch is cut into
more parts, so that all of the processor has something to do, and each part is stored, rounded,
before they are added. So the last bits of a result depend on what else is in the batch. Here it is
done in the same way, because the kernels of most processors give the same bits for every batch.
"""

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor
from torch.nn import functional

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
MOST_PARTS = 4


@dataclass(slots=True)
class Arithmetic:
    """``dtype`` is what values are stored in; ``parts`` into how many parts a sum is cut. Products
    and the sums within a part are in single precision."""

    dtype: torch.dtype = torch.float32
    parts: int = 1

    def beside(self, batch: int) -> None:
        """Cut sums as for so many pictures at once."""
        self.parts = max(1, MOST_PARTS + 1 - batch)

    def stored(self, values: Tensor) -> Tensor:
        """What is left of values after they have been stored."""
        if self.dtype is torch.float32:
            return values
        return values.to(self.dtype).float()

    def convolved(self, x: Tensor, weight: Tensor, bias: Tensor | None, stride: int = 1) -> Tensor:
        """A convolution that keeps the size; ``x`` is batch x channels x rows x columns."""
        padding = weight.shape[-1] // 2 if stride == 1 else 0
        total: Tensor | None = None
        for part in self._cuts(x.shape[1]):
            share = functional.conv2d(x[:, part], weight[:, part], stride=stride, padding=padding)
            total = self.stored(share if total is None else total + self.stored(share))
        assert total is not None
        return total if bias is None else self.stored(total + bias[:, None, None])

    def applied(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """A linear layer; ``x`` is ... x features."""
        total: Tensor | None = None
        for part in self._cuts(x.shape[-1]):
            share = functional.linear(x[..., part], weight[:, part])
            total = self.stored(share if total is None else total + self.stored(share))
        assert total is not None
        return total if bias is None else self.stored(total + bias)

    def _cuts(self, length: int) -> list[slice]:
        parts = min(self.parts, length)
        ends = [length * part // parts for part in range(parts + 1)]
        return [slice(a, b) for a, b in pairwise(ends)]
