"""Data shared by the peers (made here, nothing is downloaded; not inside the timed part)."""
import numpy as np


def snn(kind, B, T, nin, nh, nout, nb, seed=0):
    """Spikes [nb, T, B, nin] uint8, labels [nb, B], and the common initial weights W1 [nin, nh], W2 [nh, nout] (f32).
    latency: each of 784 pixels spikes exactly once, at a time uniform over the T steps; poisson: each pixel spikes with p=0.05 per step.
    Labels uniform 0..nout-1.  W1 ~ N(0, s1/sqrt(nin)), s1 = 3 (latency) or 2 (poisson); W2 ~ N(0, 1/sqrt(nh)); no biases."""
    r = np.random.RandomState(seed)
    X = np.zeros((nb, T, B, nin), "u1")
    if kind == "latency":
        t = r.randint(0, T, (nb, B, nin))
        k, b, i = np.indices(t.shape)
        X[k, t, b, i] = 1
    else:
        for k in range(nb):
            X[k] = r.rand(T, B, nin) < 0.05
    Y = r.randint(0, nout, (nb, B)).astype("i4")
    s1 = 3.0 if kind == "latency" else 2.0
    W1 = (r.randn(nin, nh) * s1 / np.sqrt(nin)).astype("f4")
    W2 = (r.randn(nh, nout) / np.sqrt(nh)).astype("f4")
    return X, Y, W1, W2


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
