"""What scripts/fit_rates.py fits, and where each number stood before any fit.

The values here are priors: a refit starts from them, never from what an earlier fit left in configs/. GEMM and attention: shares of
datasheet peaks and published kernel rates (the `source` of each GPU). Stacks: what their papers and documentation say, or a first
estimate by hand. Shares move by differences within [0, 1], the rest by factors.
"""
HOPPER = ("h100-sxm", "h800-sxm", "h200-sxm")
AMPERE = ("a100-80gb-sxm", "a100-40gb-sxm")
# GPUs of one rate: TFLOP/s by format.
GEMM = [
    (HOPPER, {"bf16": 725, "fp8": 1300}), (AMPERE, {"bf16": 235}), (("gh200",), {"bf16": 670, "fp8": 1200}),
    (("h100-96gb-500w",), {"bf16": 580, "fp8": 1040}), (("b200-sxm",), {"bf16": 1400, "fp8": 2650, "fp4": 4300}),
    (("gb200",), {"bf16": 1470, "fp8": 2780, "fp4": 4500}), (("gb300",), {"bf16": 1510, "fp8": 2860, "fp4": 5600}),
    (("b300-sxm",), {"bf16": 1400, "fp8": 2650, "fp4": 5200}), (("v100-sxm",), {"bf16": 85}),
]
GEMM_DEVIATION = {"bf16": 0.06, "fp8": 0.06, "fp4": 0.15}
# TFLOP/s forward and backward.
ATTENTION = [
    (HOPPER, "cudnn", 540, 460), (HOPPER, "flash2", 335, 290), (HOPPER, "flash1", 200, 170), (AMPERE, "flash1", 118, 100),
    (AMPERE, "flash2", 176, 150), (("b200-sxm",), "cudnn", 1000, 820), (("gb200",), "cudnn", 1050, 861),
    (("gb300",), "cudnn", 1350, 1107), (("b300-sxm",), "cudnn", 1300, 1066),
]
ATTENTION_DEVIATION = 0.1
TIME_DEVIATION = 0.05  # of every stack's time factor, from 1
# stack, key, prior, deviation
STACK = [
    ("fused-era", "data_exposed", 0.423, 0.1), ("fused-era", "tensor_exposed", 0.538, 0.15),
    ("fused-era", "expert_exposed", 0.69, 0.1), ("fused-era", "elementwise_passes", 1.0, 0.15),
    ("fused-era", "expert_rate", 0.86, 0.08), ("fused-era", "step_overhead", "50 ms", 0.5),
    ("fused-era", "layer_overhead", "0.2 ms", 0.4), ("unfused-era", "elementwise_passes", 1.3, 0.15),
    ("unfused-era", "step_overhead", "50 ms", 0.5), ("nemo-2023", "tensor_exposed", 0.231, 0.1),
    ("nemo-2025-02", "moe_overhead", "1.8 ms", 0.4), ("nemo-2025-05", "moe_overhead", "0.9 ms", 0.4),
    ("nemo-2025-05", "moe_overhead_rack", "0.5 ms", 0.4),  # to its node's as Megatron Bridge's of that year is to its own
    ("megatron-lm-2023", "step_overhead", "1.7 s", 0.3), ("megascale-2024", "step_overhead", "0.6 s", 0.3),
    ("internevo-2023", "rank_overhead", "2.8 ms", 0.3), ("mosaic-fsdp-2023", "shard_serial", 0.74, 0.15),
    ("torchtitan-2024", "shard_serial", 0.13, 0.15), ("maxtext-2024", "shard_serial", 0.1, 0.1),
    ("fms-fsdp-2024", "shard_serial", 0.19, 0.15), ("deepspeed-zero3-2021", "shard_rate", 0.22, 0.3),
    ("megatron-core-moe-2024", "moe_overhead", "1.7 ms", 0.4), ("megatron-core-moe-2024", "expert_exposed", 0.354, 0.15),
    ("megatron-bridge-2025", "moe_overhead", "3 ms", 0.4), ("megatron-bridge-2025", "moe_overhead_rack", "1.7 ms", 0.4),
    ("megatron-bridge-2025", "expert_exposed", 0.308, 0.15), ("megatron-bridge-2025", "tensor_exposed", 0.354, 0.1),
    ("megatron-bridge-2026", "moe_overhead", "3 ms", 0.4), ("megatron-bridge-2026", "moe_overhead_rack", "0.7 ms", 0.4),
    ("megatron-bridge-2026", "tensor_exposed", 0.215, 0.1),
]
SHARES = ("exposed", "serial")


class Parameter:
    """A number that stands in one or several config files: x = 0 is its prior."""

    def __init__(self, targets, prior, deviation, share):
        self.targets, self.deviation, self.share, self.x = targets, deviation, share, 0.0
        number, _, self.unit = str(prior).partition(" ")
        self.prior = float(number)

    def name(self):
        file, path = self.targets[0]
        return file + "#/" + "/".join(path)

    def bounds(self):
        return (-self.prior, 1 - self.prior) if self.share else (-3.0, 3.0)


def parameters(configs, stacks, onward=False):
    """Those whose place is in `configs`; a time factor for each of `stacks`. `onward`: from what stands there, with half the
    deviation."""
    result = []

    def add(targets, prior, deviation, share=False):
        there = []
        for file, path in targets:
            at = configs.get(file)
            for key in path:
                at = at.get(key) if isinstance(at, dict) else None
            if at is not None:
                there.append((file, path))
        if there and onward:
            file, path = there[0]
            prior, deviation = configs[file], deviation / 2
            for key in path:
                prior = prior[key]
        if there:
            result.append(Parameter(there, prior, deviation, share))

    for stack in stacks:
        add([("stacks/" + stack, ["time_factor"])], 1, TIME_DEVIATION)
    for gpus, rates in GEMM:
        for fmt, rate in rates.items():
            formats = ("bf16", "fp16") if fmt == "bf16" else (fmt,)
            add([("gpus/" + g, ["sustained", "gemm", f, "plateau"]) for g in gpus for f in formats],
                f"{rate} TFLOP/s", GEMM_DEVIATION[fmt])
    for gpus, kernel, *rates in ATTENTION:
        for way, rate in zip(("forward", "backward"), rates):
            add([("gpus/" + g, ["sustained", "attention", kernel, way]) for g in gpus], f"{rate} TFLOP/s", ATTENTION_DEVIATION)
    for stack, key, prior, deviation in STACK:
        add([("stacks/" + stack, [key])], prior, deviation, any(word in key for word in SHARES))
    return result
