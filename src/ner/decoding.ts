/**
 * Chooses one label for each unit (piece or word) of a sequence from its probabilities, in one of two ways:
 *
 *   argmax        each unit takes its likeliest label, whatever its neighbours take
 *   constrained   the likeliest sequence that the labels' scheme allows (Viterbi 1967): I-PER never follows O
 *
 *   best[i][b] = log p[i][b] + max over a that b may follow of best[i−1][a]
 *
 * Forbidden transitions are ruled out; all others cost nothing. So if the likeliest labels obey the scheme, both ways agree.
 */

import { argmax } from './softmax.ts'

/** The ways to choose labels. */
export const DECODINGS = ['argmax', 'constrained'] as const
export type Decoding = (typeof DECODINGS)[number]

/** The allowed transitions: which label may follow which. */
export interface Transitions {
  /** L·L entries: `allowed[a · L + b]` is 1 if label b may follow label a. */
  readonly allowed: Uint8Array
  /** [L]: 1 if a sequence may begin with the label. */
  readonly first: Uint8Array
  /** [L]: 1 if a sequence may end with the label. */
  readonly last: Uint8Array
}

/**
 * The transitions that a model's labels allow. The letters before the hyphen show the scheme, unless it is named:
 *
 *   IOB2    B I O       I-X follows B-X or I-X
 *   IOB1    I B O       some type has I- and no B-: I-X may be anywhere, B-X only behind X
 *   BIOES   B I E S O   B-X and I-X go on to I-X or E-X; BILOU with L and U, BMES with M, likewise
 *
 * A label without such a prefix (`O`, `[PAD]`) may be anywhere.
 */
export function transitionsOf(
  labels: readonly string[],
  scheme?: 'IOB1' | 'IOB2' | 'BIOES' | 'BILOU' | 'BMES' | 'IO',
): Transitions {
  const parts = labels.map(scheme === 'IO' ? () => OUTSIDE : split)
  const letters = new Set(parts.map(({ letter }) => letter))
  const mustEnd = scheme === undefined ? letters.has('E') || letters.has('L') : !scheme.startsWith('IO')
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
  return label.charAt(1) === '-' && 'BIMESLUW'.includes(letter) ? { letter, type: label.slice(2) } : OUTSIDE
}

/** Keeps log 0 finite. It is far below any probability that float32 softmax gives to a label that matters. */
const SMALLEST = 1e-37

/**
 * Finds the likeliest allowed sequence, or the argmax of each row if the labels allow none.
 *
 * @param rows n probability rows, each [L]
 * @returns n label ids
 */
export function constrained(rows: readonly Float32Array[], transitions: Transitions): Int32Array {
  const decoder = new SequenceDecoder(transitions)
  for (const row of rows) decoder.add(row)
  return Int32Array.from(decoder.end())
}

/**
 * Does {@link constrained} for units that arrive one by one. A label is settled as soon as the best paths to every label of
 * the last unit share it. So only the few units on which the paths differ are held.
 */
export class SequenceDecoder {
  readonly #transitions: Transitions
  /** Whether every length has an allowed sequence. If not, nothing is settled before the end. */
  readonly #isSure: boolean
  /** Best[i][b] of the last unit. [L] */
  #best: Float64Array | undefined
  /** The rows of units that are not settled, and for each of their labels the previous one on the best path. */
  #rows: Float32Array[] = []
  #from: Int32Array[] = []

  constructor(transitions: Transitions) {
    this.#transitions = transitions
    this.#isSure = allowsAnyLength(transitions)
  }

  add(row: Float32Array): void {
    const { allowed, first } = this.#transitions
    const L = first.length
    const from = new Int32Array(L)
    const next = new Float64Array(L)
    const best = this.#best
    for (let b = 0; b < L; b++) {
      let [most, before] = [-Infinity, 0]
      if (!best) most = first[b] === 1 ? 0 : -Infinity
      else {
        for (let a = 0; a < L; a++) {
          if (allowed[a * L + b] === 1 && best[a]! > most) [most, before] = [best[a]!, a]
        }
      }
      from[b] = before
      next[b] = most + Math.log(Math.max(row[b]!, SMALLEST))
    }
    this.#best = next
    this.#rows.push(row)
    this.#from.push(from)
  }

  /** Takes the labels of the next units, as far as they are settled. */
  settled(): number[] {
    if (!this.#isSure || !this.#best) return []
    let labels = new Set<number>()
    for (const [b, score] of this.#best.entries()) if (score > -Infinity) labels.add(b)
    // Goes back from the last unit until all paths join.
    let i = this.#from.length - 1
    for (; i > 0 && labels.size > 1; i--) labels = new Set([...labels].map(b => this.#from[i]![b]!))
    if (labels.size > 1) return []
    return this.#take(i + 1, [...labels][0]!)
  }

  /** Finishes, and returns the labels of all units left. Nothing is added afterwards. */
  end(): number[] {
    const { last } = this.#transitions
    let label = 0
    let most = -Infinity
    for (const [b, score] of (this.#best ?? []).entries()) if (last[b] === 1 && score > most) [most, label] = [score, b]
    if (most === -Infinity) return this.#rows.map(argmax)
    return this.#take(this.#from.length, label)
  }

  /** Takes the labels of the first n units, the last of which has this label. */
  #take(n: number, label: number): number[] {
    const labels = new Array<number>(n)
    for (let i = n - 1; i >= 0; i--) {
      labels[i] = label
      label = this.#from[i]![label]!
    }
    this.#rows = this.#rows.slice(n)
    this.#from = this.#from.slice(n)
    return labels
  }
}

/**
 * Whether every length has an allowed sequence. The set of labels that a sequence can reach depends on its length alone. If
 * from some length on this set stays the same, and at each length one of its labels may end the sequence, the answer is yes.
 */
function allowsAnyLength({ allowed, first, last }: Transitions): boolean {
  const L = first.length
  let reached = [...first.keys()].filter(b => first[b] === 1)
  for (let length = 1; length <= 2 * L + 2; length++) {
    if (!reached.some(b => last[b] === 1)) return false
    const next = [...first.keys()].filter(b => reached.some(a => allowed[a * L + b] === 1))
    if (String(next) === String(reached)) return true
    reached = next
  }
  return false
}
