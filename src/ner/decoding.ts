/**
 * Probabilities of a sequence → one label for each of its units (pieces or words), in one of two ways:
 *
 *   argmax        each unit takes its likeliest label, whatever stands beside it
 *   constrained   the likeliest sequence that the labels' scheme allows (Viterbi 1967): I-PER never follows O
 *
 *   best[i][b] = log p[i][b] + max over a that b may follow of best[i−1][a]
 *
 * Only forbidden steps are ruled out; all others cost nothing. So where the likeliest labels obey the scheme, both ways agree.
 */

import { argmax } from './softmax.ts'

/** Ways to choose labels. */
export const DECODINGS = ['argmax', 'constrained'] as const
export type Decoding = (typeof DECODINGS)[number]

/** Which label may follow which. */
export interface Transitions {
  /** L·L entries: `allowed[a · L + b]` is 1 if label b may follow label a. */
  readonly allowed: Uint8Array
  /** [L]: 1 if a sequence may begin with the label. */
  readonly first: Uint8Array
  /** [L]: 1 if a sequence may end with the label. */
  readonly last: Uint8Array
}

/**
 * The steps that a model's labels allow. The scheme shows in the letters before the hyphen, unless it is named:
 *
 *   IOB2    B I O       I-X follows B-X or I-X
 *   IOB1    I B O       some type has I- and no B-: I-X stands anywhere, B-X only behind X
 *   BIOES   B I E S O   B-X and I-X go on to I-X or E-X; BILOU with L and U, BMES with M, likewise
 *
 * A label without such a prefix (`O`, `[PAD]`) may stand anywhere.
 */
export function transitionsOf(
  labels: readonly string[],
  scheme?: 'IOB1' | 'IOB2' | 'BIOES' | 'BILOU' | 'BMES',
): Transitions {
  const parts = labels.map(split)
  const letters = new Set(parts.map(({ letter }) => letter))
  const mustEnd = scheme === undefined ? letters.has('E') || letters.has('L') : !scheme.startsWith('IOB')
  const begun = new Set(parts.filter(({ letter }) => letter === 'B').map(({ type }) => type))
  const looksIob1 = !mustEnd && parts.some(({ letter, type }) => letter === 'I' && !begun.has(type))
  const isIob1 = scheme === undefined ? looksIob1 : scheme === 'IOB1'

  const follows = (before: Part, { letter, type }: Part): boolean => {
    const inside = before.type === type && before.letter !== '' // the unit before is of this type
    if (isIob1) return letter !== 'B' || inside
    const isOpen = 'BIM'.includes(before.letter) && before.letter !== ''
    const goesOn = letter !== '' && 'IMEL'.includes(letter)
    if (mustEnd && isOpen) return goesOn && inside
    return !goesOn || (isOpen && inside)
  }
  return {
    allowed: Uint8Array.from(parts.flatMap(before => parts.map(part => Number(follows(before, part))))),
    first: Uint8Array.from(parts, part => Number(follows(OUTSIDE, part))),
    last: Uint8Array.from(parts, part => Number(follows(part, OUTSIDE))),
  }
}

interface Part {
  readonly letter: string
  readonly type: string
}

const OUTSIDE: Part = { letter: '', type: '' }

function split(label: string): Part {
  const letter = label.charAt(0)
  return label.charAt(1) === '-' && 'BIMESLU'.includes(letter) ? { letter, type: label.slice(2) } : OUTSIDE
}

/** Keeps log 0 finite: far below any probability that float32 softmax gives to a label that matters. */
const SMALLEST = 1e-37

/**
 * The likeliest allowed sequence, or that of argmax if the labels allow none.
 *
 * @param rows n probability rows, each [L]
 * @returns n label ids
 */
export function constrained(rows: readonly Float32Array[], { allowed, first, last }: Transitions): Int32Array {
  const n = rows.length
  const L = first.length
  const from = new Int32Array(n * L) // [n, L]: the label before, on the best way to each label
  let best = new Float64Array(L)
  for (const [i, row] of rows.entries()) {
    const next = new Float64Array(L)
    for (let b = 0; b < L; b++) {
      let [most, before] = [-Infinity, 0]
      if (i === 0) most = first[b] === 1 ? 0 : -Infinity
      else {
        for (let a = 0; a < L; a++) {
          if (allowed[a * L + b] === 1 && best[a]! > most) [most, before] = [best[a]!, a]
        }
      }
      from[i * L + b] = before
      next[b] = most + Math.log(Math.max(row[b]!, SMALLEST))
    }
    best = next
  }
  let label = 0
  let most = -Infinity
  for (let b = 0; b < L; b++) if (last[b] === 1 && best[b]! > most) [most, label] = [best[b]!, b]
  if (most === -Infinity) return Int32Array.from(rows, argmax)
  const path = new Int32Array(n)
  for (let i = n - 1; i >= 0; i--) {
    path[i] = label
    label = from[i * L + label]!
  }
  return path
}
