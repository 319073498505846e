"""Against llama.cpp's own server with a tiny model of random weights: a real sampler, whose replies are noise."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from harness.cli import main
from harness.providers.simulation.dataset import make_pairs
from reliability.foreign import foreign

pytestmark = pytest.mark.nightly

SPEC = """\
schema: 1
name: noise
datasets: {{letters: {{path: letters.jsonl}}}}
models:
  noise:
    provider: openai
    model: tiny
    base_url: "{url}/v1"
    api_key_env: null
    params: {{max_tokens: 24, temperature: {temperature}}}
    limits: {{concurrency: 4, attempts: 3, timeout_s: 60}}
matrix:
  dataset: [letters]
  strategy: [direct, combined-10]
  evaluator: [{{judge: [noise]}}]
score: {{resamples: 200}}
"""
WIDTH, HEADS, HIDDEN, CONTEXT = 32, 2, 64, 8192


def write_model(path: Path) -> None:
    """A llama of one block that knows nothing but bytes."""
    import gguf

    tokens = [b"<unk>", b"<s>", b"</s>", *(f"<0x{byte:02X}>".encode() for byte in range(256))]
    types = [gguf.TokenType.UNKNOWN, gguf.TokenType.CONTROL, gguf.TokenType.CONTROL, *[gguf.TokenType.BYTE] * 256]
    writer = gguf.GGUFWriter(str(path), "llama")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(1)
    writer.add_feed_forward_length(HIDDEN)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("llama")
    writer.add_token_list(tokens)
    writer.add_token_scores([0.0] * len(tokens))
    writer.add_token_types(types)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    random = np.random.default_rng(7)
    shapes = {
        "token_embd": (len(tokens), WIDTH),
        "output": (len(tokens), WIDTH),
        **{f"blk.0.attn_{name}": (WIDTH, WIDTH) for name in ("q", "k", "v", "output")},
        **{f"blk.0.ffn_{name}": (HIDDEN, WIDTH) for name in ("gate", "up")},
        "blk.0.ffn_down": (WIDTH, HIDDEN),
    }
    for name, shape in shapes.items():
        writer.add_tensor(f"{name}.weight", random.normal(0, 0.3, shape).astype(np.float32))
    for name in ("output_norm", "blk.0.attn_norm", "blk.0.ffn_norm"):
        writer.add_tensor(f"{name}.weight", np.ones(WIDTH, np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """The server's address."""
    model = tmp_path_factory.mktemp("model") / "tiny.gguf"
    write_model(model)
    words = ["--model", str(model), "--n_ctx", str(CONTEXT)]
    with foreign([sys.executable, "-m", "llama_cpp.server", *words], "/v1/models") as url:
        yield url


@pytest.mark.parametrize("temperature", [0, 1.5])
def test_noise_ends_as_the_right_failure_and_replays(server, tmp_path, temperature):
    (tmp_path / "letters.jsonl").write_text("".join(json.dumps(row) + "\n" for row in make_pairs(3, 5)))
    (tmp_path / "spec.yaml").write_text(SPEC.format(url=server, temperature=temperature))
    places = ["--cache", str(tmp_path / "cache"), "--results", str(tmp_path / "results"), "--format", "json"]
    shown = CliRunner().invoke(main, ["run", str(tmp_path / "spec.yaml"), *places])
    assert shown.exit_code == 0, shown.output
    rows = json.loads(shown.stdout)["rows"]
    for row in rows:
        failures = row["failures"]
        assert failures["unparsed"] + failures["truncated"] == 5, row
        assert row["tokens"]["prompt"] > 0
    again = CliRunner().invoke(main, ["run", str(tmp_path / "spec.yaml"), *places, "--offline"])
    assert json.loads(again.stdout) == json.loads(shown.stdout)
