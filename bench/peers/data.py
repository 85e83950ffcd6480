"""Data shared by the peers (made here, nothing is downloaded; not inside the timed part)."""
import numpy as np


def event_csr(n, p, rate, calls, seed=0):
    """CSR with round(n*p) distinct targets per row (sorted), weights U(0,1) f32; spikes bool [calls, n]."""
    r = np.random.RandomState(seed)
    k = int(round(n * p))
    idx = np.empty((n, k), "i4")
    for i in range(n):  # distinct targets without a permutation of n
        u = np.unique(r.randint(0, n, k + k // 4 + 8))
        while len(u) < k:
            u = np.unique(np.concatenate([u, r.randint(0, n, k)]))
        idx[i] = np.sort(u[r.permutation(len(u))[:k]])
    w = r.rand(n * k).astype("f4")
    s = r.rand(calls, n) < rate
    return idx.ravel(), np.arange(0, n * k + 1, k, dtype="i4"), w, s
