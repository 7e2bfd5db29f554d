"""Writes test/fixtures/lora/svd.json: matrices and what numpy's SVD (LAPACK gesdd, double precision) says of them."""

import json
import pathlib

import numpy as np

OUT = pathlib.Path(__file__).parent.parent / "fixtures" / "lora" / "svd.json"
rng = np.random.default_rng(7)


def rounded(a):
    """float32 values, written so that the same float32 is read back."""
    return [float(f"{x:.9g}") for x in np.asarray(a, np.float32).ravel()]


def exact(a):
    return np.asarray(a, np.float32).astype(np.float64)


def product(name, b, a):
    b, a = exact(b), exact(a)
    sigma = np.linalg.svd(b @ a, compute_uv=False)[: min(b.shape[1], b.shape[0], a.shape[1])]
    return {"name": name, "out": b.shape[0], "rank": b.shape[1], "in": a.shape[1], "b": rounded(b), "a": rounded(a), "sigma": sigma.tolist()}


def dense(name, w, rank):
    w = exact(w)
    u, sigma, vt = np.linalg.svd(w)
    return {"name": name, "rows": w.shape[0], "columns": w.shape[1], "rank": rank, "w": rounded(w), "sigma": sigma[:rank].tolist(),
            "best": ((u[:, :rank] * sigma[:rank]) @ vt[:rank]).ravel().tolist()}


def normal(*shape):
    return rng.standard_normal(shape)


low = normal(9, 2)
products = [
    product("tall", normal(12, 4), normal(4, 7)),
    product("wide", normal(5, 4), normal(4, 11)),
    product("rank above out", normal(3, 6), normal(6, 8)),
    product("rank above in", normal(9, 6), normal(6, 2)),
    product("rank above both", normal(3, 8), normal(8, 4)),
    product("rank one", normal(6, 1), normal(1, 5)),
    product("hidden rank 2 of 4", low @ normal(2, 4), normal(4, 6)),
    product("zero B", np.zeros((5, 3)), normal(3, 4)),
    product("graded, 1e8 between the ends", normal(10, 4) * [1, 1e-3, 1e-6, 1e-8], normal(4, 9)),
]
decay = normal(16, 16)
q1, _ = np.linalg.qr(decay)
q2, _ = np.linalg.qr(normal(12, 12))
dense_cases = [
    dense("decaying", (q1[:, :12] * 0.7 ** np.arange(12)) @ q2, 3),
    dense("random, flat spectrum", normal(20, 14), 2),
    dense("wide", normal(6, 18), 4),
    dense("full rank asked", normal(5, 7), 5),
]
OUT.write_text(json.dumps({"products": products, "dense": dense_cases}) + "\n")
