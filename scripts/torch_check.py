#!/usr/bin/env python3
"""Times PyTorch at the shapes of a Traincast profile, and its training step of the layers that `traincast check`
played, on the same GPU. One JSON file; nothing of it enters Traincast's own figures.

  torch_check.py --profile shapes.json --check check.json --out torch.json

Protocol, the one of Traincast's sampler: random normal data, operands rotated through more than twice the L2 cache,
a soak until the clocks have settled, samples of at least 5 ms between two CUDA events with the launches queued ahead,
medians of at least 10 samples. Exits with 77 and one line where PyTorch or a GPU is missing.
"""
import argparse
import json
import os
import statistics
import sys
import time

MISSING = 77
SAMPLE_S = 5e-3
LEAST_SAMPLES, MOST_SAMPLES = 10, 50
TARGET_NOISE = 0.003  # relative standard error of the median
SOAK_S = 2.0


def missing(reason):
    print(f"torch_check: {reason}", file=sys.stderr)
    sys.exit(MISSING)


def load_torch():
    try:
        import torch
    except ImportError as error:
        missing(f"PyTorch is not installed ({error})")
    if not torch.cuda.is_available():
        missing("PyTorch sees no GPU")
    return torch


class Clock:
    """Medians by CUDA events."""

    def __init__(self, torch):
        self.torch = torch
        properties = torch.cuda.get_device_properties(0)
        self.cache = getattr(properties, "L2_cache_size", 50 * 2**20)

    def copies(self, set_bytes):
        """How many sets of operands defeat the cache, in at most half of the free memory."""
        free, _ = self.torch.cuda.mem_get_info()
        wanted = max(2, -(-2 * self.cache // max(1, set_bytes)))
        return int(max(1, min(wanted, free // 2 // max(1, set_bytes))))

    def sample(self, calls, repeats):
        torch = self.torch
        start, stop = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        # The device waits until every launch is queued, so that a slow host does not count.
        if hasattr(torch.cuda, "_sleep"):
            torch.cuda._sleep(int(2e4 * repeats))
        start.record()
        for i in range(repeats):
            calls[i % len(calls)]()
        stop.record()
        stop.synchronize()
        return start.elapsed_time(stop) * 1e-3 / repeats

    def time(self, calls):
        for call in calls:
            call()
        self.torch.cuda.synchronize()
        once = self.sample(calls, 3)
        repeats = max(1, min(1000, int(SAMPLE_S / max(once, 1e-7)) + 1))
        self.sample(calls, repeats)
        samples = []
        while len(samples) < MOST_SAMPLES:
            samples.append(self.sample(calls, repeats))
            if len(samples) >= LEAST_SAMPLES and noise(samples) < TARGET_NOISE:
                break
        return {"median_s": statistics.median(samples), "samples_s": samples, "repeats": repeats}


def noise(samples):
    quarters = statistics.quantiles(samples, n=4)
    return 0.929 * (quarters[2] - quarters[0]) / statistics.median(samples) / len(samples) ** 0.5


def soak(torch):
    a = torch.randn(8192, 8192, device="cuda", dtype=torch.bfloat16)
    end = time.monotonic() + SOAK_S
    while time.monotonic() < end:
        for _ in range(8):
            torch.matmul(a, a)
        torch.cuda.synchronize()


def normal(torch, *shape):
    return torch.randn(*shape, device="cuda", dtype=torch.bfloat16)


def gemm_calls(torch, clock, row):
    m, n, k = row["m"], row["n"], row["k"]
    count = clock.copies(2 * (m * k + k * n + m * n))
    calls = []
    for _ in range(count):
        if row["layout"] == "forward":
            a, b = normal(torch, m, k), normal(torch, n, k).t()
        elif row["layout"] == "data_gradient":
            a, b = normal(torch, m, k), normal(torch, k, n)
        else:
            a, b = normal(torch, k, m).t(), normal(torch, k, n)
        out = torch.empty(m, n, device="cuda", dtype=torch.bfloat16)
        calls.append(lambda a=a, b=b, out=out: torch.matmul(a, b, out=out))
    return calls


def attention_inputs(torch, row):
    heads = {"q": (row["heads"], row["query_length"], row["head_dim"]),
             "k": (row["kv_heads"], row["kv_length"], row["head_dim"]),
             "v": (row["kv_heads"], row["kv_length"], row["value_dim"])}
    # [batch, length, heads, dim] in memory, as projections leave it.
    made = [normal(torch, row["batch"], length, count, dim).transpose(1, 2) for count, length, dim in heads.values()]
    return [tensor.requires_grad_(True) for tensor in made]


def attention_calls(torch, clock, row):
    import torch.nn.functional as functional

    def attend(q, k, v):
        grouped = {} if row["heads"] == row["kv_heads"] else {"enable_gqa": True}
        return functional.scaled_dot_product_attention(q, k, v, is_causal=row["causal"], **grouped)

    query = row["batch"] * row["heads"] * row["query_length"]
    keys = row["batch"] * row["kv_heads"] * row["kv_length"]
    sizes = 2 * (query * (row["head_dim"] + row["value_dim"]) + keys * (row["head_dim"] + row["value_dim"]))
    backward = row["pass"] == "backward"
    calls = []
    for _ in range(clock.copies(sizes * (2 if backward else 1))):
        inputs = attention_inputs(torch, row)
        if not backward:
            def call(inputs=inputs):
                with torch.no_grad():
                    attend(*inputs)
        else:
            output = attend(*inputs)
            gradient = torch.randn_like(output)

            def call(output=output, inputs=inputs, gradient=gradient):
                torch.autograd.grad(output, inputs, gradient, retain_graph=True)
        calls.append(call)
    return calls


def backends(torch):
    """SDPA's own choice first, then each that can be asked for."""
    from contextlib import nullcontext
    yield "default", nullcontext
    try:
        from torch.nn.attention import SDPBackend, sdpa_kernel
    except ImportError:
        return
    for name in ("CUDNN_ATTENTION", "FLASH_ATTENTION"):
        if hasattr(SDPBackend, name):
            yield name.split("_")[0].lower(), lambda name=name: sdpa_kernel(getattr(SDPBackend, name))


def time_row(torch, clock, row):
    if row["op"] == "gemm":
        result = clock.time(gemm_calls(torch, clock, row))
        if row["layout"] == "weight_gradient":
            result["note"] = "BF16 output; Traincast adds to FP32"
        return result
    result = {}
    for name, choose in backends(torch):
        try:
            with choose():
                timed = clock.time(attention_calls(torch, clock, row))
        except RuntimeError as error:
            result[f"{name}_skipped"] = str(error).splitlines()[0]
            continue
        result.update(timed if name == "default" else {f"{name}_s": timed["median_s"]})
    return result


def wanted(row):
    if "skipped" in row or row.get("dtype") != "bf16" or row.get("during"):
        return False
    if row["op"] == "gemm":
        return row.get("batch", 1) == 1
    return row["op"] == "attention"


def transformer(torch, c):
    nn, functional = torch.nn, torch.nn.functional

    class Layer(nn.Module):
        def __init__(self):
            super().__init__()
            self.norm1, self.norm2 = nn.RMSNorm(c["hidden"]), nn.RMSNorm(c["hidden"])
            self.widths = [c["heads"] * c["head_dim"], c["kv_heads"] * c["head_dim"], c["kv_heads"] * c["head_dim"]]
            self.qkv = nn.Linear(c["hidden"], sum(self.widths), bias=False)
            self.out = nn.Linear(self.widths[0], c["hidden"], bias=False)
            self.gate_up = nn.Linear(c["hidden"], 2 * c["ffn_hidden"], bias=False)
            self.down = nn.Linear(c["ffn_hidden"], c["hidden"], bias=False)

        def forward(self, x, cos, sin):
            batch, length, _ = x.shape

            def heads(t):
                return t.view(batch, length, -1, c["head_dim"])

            def rotated(t):
                one, two = t.chunk(2, dim=-1)
                return torch.cat((one * cos - two * sin, two * cos + one * sin), dim=-1)

            q, k, v = (heads(t) for t in self.qkv(self.norm1(x)).split(self.widths, dim=-1))
            q, k, v = (t.transpose(1, 2) for t in (rotated(q), rotated(k), v))
            attended = functional.scaled_dot_product_attention(q, k, v, is_causal=True,
                                                               enable_gqa=c["heads"] != c["kv_heads"])
            x = x + self.out(attended.transpose(1, 2).reshape(batch, length, -1))
            gate, up = self.gate_up(self.norm2(x)).chunk(2, dim=-1)
            return x + self.down(functional.silu(gate) * up)

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding = nn.Embedding(c["vocab"], c["hidden"])
            self.layers = nn.ModuleList(Layer() for _ in range(c["layers"]))
            self.norm = nn.RMSNorm(c["hidden"])
            self.head = nn.Linear(c["hidden"], c["vocab"], bias=False)

        def forward(self, tokens, labels, cos, sin):
            x = self.embedding(tokens)
            for layer in self.layers:
                x = layer(x, cos, sin)
            return functional.cross_entropy(self.head(self.norm(x)).flatten(0, 1), labels.flatten())

    with torch.device("cuda"):
        return Model().to(torch.bfloat16)


def angles(torch, c):
    positions = torch.arange(c["sequence"], device="cuda", dtype=torch.float32)
    rates = 10000.0 ** (-torch.arange(0, c["head_dim"], 2, device="cuda", dtype=torch.float32) / c["head_dim"])
    angle = torch.outer(positions, rates)[:, None, :]
    return angle.cos().bfloat16(), angle.sin().bfloat16()


def step_times(torch, c, compiled, tries=7):
    """Forward and backward of each micro-batch with FP32 gradients, fused AdamW on FP32 weights, BF16 copies."""
    model = transformer(torch, c)
    weights = list(model.parameters())
    masters = [weight.detach().float().requires_grad_(True) for weight in weights]
    for master in masters:
        master.grad = torch.zeros_like(master)
    optimizer = torch.optim.AdamW(masters, lr=1e-4, betas=(0.9, 0.95), weight_decay=0.1, fused=True)
    run = torch.compile(model) if compiled else model
    cos, sin = angles(torch, c)
    tokens = torch.randint(c["vocab"], (c["micro_batch"], c["sequence"]), device="cuda")
    labels = torch.randint(c["vocab"], (c["micro_batch"], c["sequence"]), device="cuda")

    def step():
        torch._foreach_zero_([master.grad for master in masters])
        for _ in range(c["micro_batches"]):
            run(tokens, labels, cos, sin).backward()
            torch._foreach_add_([master.grad for master in masters], [weight.grad for weight in weights])
            for weight in weights:
                weight.grad = None
        optimizer.step()
        with torch.no_grad():
            torch._foreach_copy_(weights, masters)

    for _ in range(3):
        step()
    samples = []
    for _ in range(tries):
        torch.cuda.synchronize()
        begin = time.perf_counter()
        step()
        torch.cuda.synchronize()
        samples.append(time.perf_counter() - begin)
    return {"median_s": statistics.median(samples), "samples_s": samples}


def checked_step(torch, check, deadline):
    if check["experts"] > 0 or not check["gated_ffn"]:
        return {"skipped": "only dense models with a gated FFN are written down here"}
    if check["ranks"] > 1:
        return {"skipped": "one GPU here, the check ran on " + str(check["ranks"]) + " ranks"}
    result = {}
    for name, compiled in (("eager", False), ("compiled", True)):
        if time.monotonic() > deadline:
            result[name] = {"skipped": "no time left"}
            continue
        try:
            result[name] = step_times(torch, check, compiled)
        except Exception as error:  # out of memory, a missing compiler: a row with its reason
            result[name] = {"skipped": (str(error).splitlines() or [type(error).__name__])[0]}
        torch.cuda.empty_cache()
    return result


def write(path, report):
    beside = f"{path}.new"
    with open(beside, "w", encoding="utf-8") as file:
        json.dump(report, file, indent=1)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    os.replace(beside, path)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--profile", required=True, help="a profile whose GEMMs and attentions to time")
    parser.add_argument("--check", help="what `traincast check --format json` wrote: the step to time")
    parser.add_argument("--out", required=True)
    parser.add_argument("--seconds", type=float, default=80, help="begin nothing new after so long")
    words = parser.parse_args()
    torch = load_torch()
    deadline = time.monotonic() + words.seconds
    with open(words.profile, encoding="utf-8") as file:
        rows = [row for row in json.load(file)["ops"] if wanted(row)]
    torch.manual_seed(1)
    clock = Clock(torch)
    soak(torch)
    report = {"schema_version": 1, "torch": torch.__version__, "cuda": torch.version.cuda,
              "device": torch.cuda.get_device_name(0), "ops": []}
    if words.check:
        with open(words.check, encoding="utf-8") as file:
            report["step"] = checked_step(torch, json.load(file), deadline - words.seconds / 2)
    for row in rows:
        shape = {key: row[key] for key in row if key not in ("median_s", "samples_s", "rank_medians_s")}
        if time.monotonic() > deadline:
            report["ops"].append({**shape, "skipped": "no time left"})
            continue
        try:
            report["ops"].append({**shape, **time_row(torch, clock, row)})
        except RuntimeError as error:
            report["ops"].append({**shape, "skipped": (str(error).splitlines() or ["?"])[0]})
        torch.cuda.empty_cache()
        write(words.out, report)
    write(words.out, report)


if __name__ == "__main__":
    main()
