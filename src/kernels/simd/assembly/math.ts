/** Polynomials, four numbers at a time. */
import { f32x4, local, type V128 } from './code.ts'

/** Declares a variable for each number, with the number in all four lanes. */
export function constants<const N extends readonly number[]>(values: N): { readonly [K in keyof N]: V128 } {
  return values.map(value => local.v128(f32x4.const(value))) as unknown as { readonly [K in keyof N]: V128 }
}

/** Horner's rule: c₀ + x·(c₁ + x·(c₂ + …)). `fuses`: in fused multiply-adds. */
export function horner(coefficients: readonly V128[], x: V128, fuses = false): V128 {
  return coefficients.reduceRight((sum, coefficient) =>
    fuses ? f32x4.relaxedMultiplyAdd(sum, x, coefficient) : f32x4.add(f32x4.mul(sum, x), coefficient),
  )
}
