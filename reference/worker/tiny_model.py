"""Writes a GGUF model of half a megabyte with random weights: llama.cpp loads it; its output is
nonsense.

The weights come from a fixed seed, so the file is the same wherever it is written.
"""

import importlib
import sys
from pathlib import Path
from typing import Any

import click
import numpy as np

from reference.worker.engine import INSTALL_ENGINE

WIDTH, HEADS, FEED_FORWARD, CONTEXT = 64, 4, 128, 4096
CONTROLS = 3  # tokens before the first one that stands for text
WORDS = """
    a and are as at be by can do for from good has have he hello her his how I in is it like me my
    no not of on one or say see she so that the their them they this time to two up was we well
    what when which who will with word world would write yes you your . , ! ?
"""


def vocabulary() -> tuple[list[str], list[float], list[int]]:
    """Tokens, scores and types of a SentencePiece vocabulary: all bytes, and some words."""
    unknown, control, normal, byte = 2, 3, 1, 6
    tokens = [("<unk>", 0.0, unknown), ("<s>", 0.0, control), ("</s>", 0.0, control)]
    tokens += [(f"<0x{value:02X}>", 0.0, byte) for value in range(256)]
    tokens += [
        (f"\u2581{word}", -float(rank), normal) for rank, word in enumerate(WORDS.split(), 1)
    ]
    texts, scores, types = zip(*tokens, strict=True)
    return list(texts), list(scores), list(types)


def write_tiny_model(path: Path, seed: int = 1) -> None:
    """Write the model to ``path`` atomically: a reader never sees half of it.

    Raises:
        ImportError: the package ``gguf`` is not installed.
        OSError: the folder cannot be written.
    """
    gguf = importlib.import_module("gguf")  # optional: requirements_llm_worker.txt
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(f"{path.suffix}.part")
    writer = gguf.GGUFWriter(unfinished, "llama")
    _add_description(writer)
    _add_weights(writer, seed)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    unfinished.replace(path)


def _add_description(writer: Any) -> None:
    texts, scores, types = vocabulary()
    writer.add_name("tiny random model for tests")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(1)
    writer.add_feed_forward_length(FEED_FORWARD)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_vocab_size(len(texts))
    writer.add_tokenizer_model("llama")
    writer.add_token_list(texts)
    writer.add_token_scores(scores)
    writer.add_token_types(types)
    writer.add_unk_token_id(0)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)


def _add_weights(writer: Any, seed: int) -> None:
    random = np.random.default_rng(seed)
    size = len(vocabulary()[0])
    square, up, down = (WIDTH, WIDTH), (FEED_FORWARD, WIDTH), (WIDTH, FEED_FORWARD)
    matrices = {"attn_q": square, "attn_k": square, "attn_v": square, "attn_output": square}
    matrices |= {"ffn_gate": up, "ffn_up": up, "ffn_down": down}
    shapes = {f"blk.0.{name}.weight": shape for name, shape in matrices.items()}
    shapes |= {"token_embd.weight": (size, WIDTH), "output.weight": (size, WIDTH)}
    weights = {name: random.normal(0, 0.5, shape) for name, shape in shapes.items()}
    weights["output.weight"][:CONTROLS] = 0  # as likely as the average token: no early end
    for name, values in weights.items():
        writer.add_tensor(name, values.astype(np.float32))
    for name in ("blk.0.attn_norm.weight", "blk.0.ffn_norm.weight", "output_norm.weight"):
        writer.add_tensor(name, np.ones(WIDTH, dtype=np.float32))


@click.command()
@click.argument("path", type=click.Path(dir_okay=False, path_type=Path))
def main(path: Path) -> None:
    """Write a tiny random GGUF model to PATH."""
    try:
        write_tiny_model(path)
    except ImportError:
        click.echo(f"The package gguf is missing; install it: {INSTALL_ENGINE}", err=True)
        sys.exit(3)
    except OSError as error:
        click.echo(f"Cannot write {path}: {error.strerror}", err=True)
        sys.exit(2)
    click.echo(f"Wrote {path} ({path.stat().st_size / 1e6:.1f} MB)")


if __name__ == "__main__":
    main()
