/**
 * GELU(x) = x·Φ(x), Φ the normal distribution function (Hendrycks 2016), exact form.
 *
 * naive            x/2 · (1 + erf(x/√2)), erf summed as a series until nothing changes: a hundred operations a number
 * this             Φ(x) = 1/2 + x·P(x²)/Q(x²), two polynomials of degree 5 on |x| ≤ 5.5, fitted by weighted least squares
 *                  so that the error of GELU, not of Φ, is level; below −5.5 Φ is 0
 * gain             thirteen multiplications and a division for four numbers, in the tile that the product has just written,
 *                  while it is still in the first-level cache
 *
 * The largest error against float64 over |x| from 2⁻¹² to 8 is below 2e-6, at |x| = 5.5: four units in the last place of the
 * result. scripts/check-gelu.mjs checks every float32. The tanh form that some runtimes take is off by 4.7e-4.
 */
import { procedure, doWhile, f32x4, i32, load, local, range, store, type V128 } from './code.ts'
import { constants, horner } from './math.ts'

const LIMIT = 5.5
const P = [0.3989419937133789, 0.035108231008052826, 0.004759352654218674, 0.0001824679202400148, 6.5238327806582674e-6, 2.2219262874045853e-8] // prettier-ignore
const Q = [1, 0.2546670138835907, 0.029378637671470642, 0.0019603355322033167, 7.846026710467413e-5, 1.1949633744734456e-6] // prettier-ignore

/** Writes GELU of four numbers. Constants are set once, outside the loop: compilers would make each of them anew in every turn. */
function geluOf(fuses: boolean): (value: V128) => V128 {
  const [p, q] = [constants(P), constants(Q)]
  const [limit, negativeLimit, half, one, zero] = constants([LIMIT, -LIMIT, 0.5, 1, 0])
  return value => {
    const x = local.v128(value)
    const near = local.v128(f32x4.pmax(f32x4.pmin(x, limit), negativeLimit)) // a NaN stays
    const square = local.v128(f32x4.mul(near, near))
    const ratio = f32x4.div(f32x4.mul(near, horner(p, square, fuses)), horner(q, square, fuses))
    // At the limit the ratio rounds to just above 1/2, so that beyond it Φ is exactly 0 or 1.
    const phi = f32x4.pmax(f32x4.pmin(f32x4.add(ratio, half), one), zero)
    return f32x4.mul(x, phi)
  }
}

/** GELU in place, on `rows` rows of 4·vectors numbers. */
export function geluTile(vectors: number, fuses: boolean) {
  return procedure(`gelu${4 * vectors}`, { y: 'i32', stride: 'i32', rows: 'i32' }, ({ y, stride, rows }) => {
    const gelu = geluOf(fuses)
    doWhile(
      () => {
        for (let j = 0; j < vectors; j++) store.v128(y, gelu(load.v128(y, 16 * j)), 16 * j)
        y.set(i32.add(y, stride))
        rows.set(i32.sub(rows, 1))
      },
      () => rows,
    )
  })
}

/** GELU in place on `count` numbers, a multiple of four, for scripts/check-gelu.mjs. */
export const geluAll = (fuses: boolean) =>
  procedure('gelu', { y: 'i32', count: 'i32' }, ({ y, count }) => {
    const gelu = geluOf(fuses)
    range(y, i32.add(y, i32.mul(count, 4)), 16, at => store.v128(at, gelu(load.v128(at))))
  })
