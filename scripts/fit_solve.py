"""The step of scripts/fit_rates.py, and its table of errors. Plain Python: nothing to install."""
import collections
import math

HUBER = 0.05  # an error beyond counts linearly
NOISE = 0.05  # deviation of one observation


def cholesky_solve(matrix, right):
    n = len(right)
    lower = [[0.0] * n for _ in range(n)]
    for i in range(n):
        row = lower[i]
        for j in range(i + 1):
            other = lower[j]
            rest = matrix[i][j] - sum(row[k] * other[k] for k in range(j))
            row[j] = math.sqrt(rest) if i == j else rest / other[j]
    y = []
    for i in range(n):
        y.append((right[i] - sum(lower[i][k] * y[k] for k in range(i))) / lower[i][i])
    x = [0.0] * n
    for i in reversed(range(n)):
        x[i] = (y[i] - sum(lower[k][i] * x[k] for k in range(i + 1, n))) / lower[i][i]
    return x


def solve(errors, slopes, start, deviations, weights, bounds):
    """Where the weighted Huber loss of errors + slopes (x - start) plus the priors is least, x within bounds."""
    x = list(start)
    for _ in range(40):
        moved = [e + sum(s * (x[j] - start[j]) for j, s in row.items()) for e, row in zip(errors, slopes)]
        counts = [w / NOISE**2 * min(1.0, HUBER / max(abs(e), 1e-12)) for w, e in zip(weights, moved)]
        held, new = set(), list(x)
        while True:
            free = [j for j in range(len(x)) if j not in held]
            at = {j: n for n, j in enumerate(free)}
            matrix = [[0.0] * len(free) for _ in free]
            right = [0.0] * len(free)
            for j in free:
                matrix[at[j]][at[j]] = deviations[j] ** -2
            for e, row, count in zip(errors, slopes, counts):
                rest = e + sum(s * ((new[j] if j in held else 0.0) - start[j]) for j, s in row.items())
                for j, s in row.items():
                    if j not in held:
                        right[at[j]] -= count * s * rest
                        for k, t in row.items():
                            if k not in held:
                                matrix[at[j]][at[k]] += count * s * t
            for j, value in zip(free, cholesky_solve(matrix, right)):
                new[j] = value
            beyond = {j for j in free if not bounds[j][0] - 1e-12 <= new[j] <= bounds[j][1] + 1e-12}
            for j in beyond:
                new[j] = min(bounds[j][1], max(bounds[j][0], new[j]))
            held |= beyond
            if not beyond:
                break
        change = max(abs(a - b) for a, b in zip(new, x))
        x = new
        if change < 1e-5:
            break
    return x


def quantile(values, weights, share):
    """Interpolated between the midpoints of the weights."""
    pairs, total, before, last = sorted(zip(values, weights)), sum(weights), 0.0, None
    for value, weight in pairs:
        at = (before + weight / 2) / total
        if at >= share:
            return value if last is None else last[0] + (value - last[0]) * (share - last[1]) / (at - last[1])
        before, last = before + weight, (value, at)
    return pairs[-1][0]


def slope_with_gpus(rows):
    """Of e per tenfold GPUs, each cluster and stack with its own intercept."""
    groups, xx, xy = collections.defaultdict(list), 0.0, 0.0
    for row in rows:
        groups[row["cluster"], row["stack"]].append((math.log10(row["gpus"]), row["log_error"]))
    for points in groups.values():
        x, y = (sum(p[k] for p in points) / len(points) for k in (0, 1))
        xx += sum((p[0] - x) ** 2 for p in points)
        xy += sum((p[0] - x) * (p[1] - y) for p in points)
    return xy / xx if xx > 1e-9 else 0.0


def summary(rows):
    """Errors by class, families weighed equally; then by GPU, rows weighed equally."""
    classes = [("all", lambda r: True), ("core dense", lambda r: r["core"] and not r["moe"]),
               ("core MoE", lambda r: r["core"] and r["moe"]), ("dense", lambda r: not r["moe"] and not r["sharded"]),
               ("FSDP", lambda r: r["sharded"]), ("MoE", lambda r: r["moe"])]
    classes += [("GPU " + gpu, lambda r, gpu=gpu: r["gpu"] == gpu) for gpu in sorted({r["gpu"] for r in rows})]
    lines = [f"{'class':22s} rows  median|e|  90 %  median e  per 10x GPUs"]
    for name, belongs in classes:
        some = [r for r in rows if belongs(r)]
        if not some:
            continue
        size = collections.Counter(r["family"] for r in some)
        weights = [1.0 if name.startswith("GPU") else 1 / size[r["family"]] for r in some]
        absolute = [abs(r["log_error"]) for r in some]
        lines.append(f"{name:22s} {len(some):4d}      {quantile(absolute, weights, 0.5):.3f} {quantile(absolute, weights, 0.9):.3f}"
                     f"    {quantile([r['log_error'] for r in some], weights, 0.5):+.3f}        {slope_with_gpus(some):+.3f}")
    return "\n".join(lines)
