"""Fits the polynomial in src/kernels/tfjs/gelu.ts and prints its coefficients and the largest errors.

    .venv/bin/python test/reference/gelu.py
"""

from math import erfc, sqrt

import numpy as np
from numpy.polynomial import Polynomial, chebyshev

LIMIT, DEGREE = 5.5, 6

x = np.linspace(1e-3, LIMIT, 4001)
phi = np.array([0.5 * erfc(-v / sqrt(2)) for v in x])
rest = np.array([0.5 * erfc(v / sqrt(2)) for v in x])
target = np.log(phi / rest) / x  # p(x²)
slope = x * x * phi * rest  # of x·σ(x·p) in p: where the tail is flat, p need not be good
basis = chebyshev.chebvander(2 * x * x / LIMIT**2 - 1, DEGREE)

weights = np.ones_like(x)
for _ in range(2000):  # Lawson: least squares, weighted towards the smallest largest error
    w = slope * np.sqrt(weights)
    coefficients = np.linalg.lstsq(basis * w[:, None], target * w, rcond=None)[0]
    error = np.abs(x / (1 + np.exp(-x * (basis @ coefficients))) - x * phi)
    weights = weights * (error + 1e-3 * error.max())
    weights /= weights.sum()

p = np.float32(Polynomial(chebyshev.cheb2poly(coefficients))(Polynomial([-1, 2 / LIMIT**2])).coef)
print("coefficients of 1, x², x⁴, …:", *map(float, p), sep="\n  ")


def largest_error(dtype):
    v = np.linspace(-12, 12, 2_400_001).astype(dtype)
    exact = v.astype(np.float64) * np.vectorize(lambda t: 0.5 * erfc(-t / sqrt(2)))(v.astype(np.float64))
    square = np.clip(v, -LIMIT, LIMIT).astype(dtype) ** 2
    acc = np.full_like(v, p[-1])
    for coefficient in p[-2::-1]:
        acc = acc * square + dtype(coefficient)
    error = np.abs(v / (1 + np.exp(-v * acc)) - exact)
    return f"{error.max():.2e} at x = {v[error.argmax()]:.3f}"


print("largest error in float64:", largest_error(np.float64))
print("largest error in float32:", largest_error(np.float32))
