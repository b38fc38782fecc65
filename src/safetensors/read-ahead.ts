/**
 * Reads the tensors of a file in the order in which they will be asked for: a few megabytes at a time, and the next few while
 * those before are in use. Tensors that are neighbours in the file come in one read. So a folder is read in some dozen calls,
 * not one per tensor.
 *
 * The groups take turns in two buffers. Fresh memory would cost as much time as reading into it: the system clears it first.
 */
import type { Allocate, OpenSafetensors, SafeTensor } from './reader.ts'

/** Bytes of a group. Larger ones save little more time. */
const GROUP_BYTES = 4 << 20
/** The largest group that gets a buffer, in bytes. */
const MOST_BUFFERED = 16 << 20

/** The names of tensors that are asked for together. */
type Unit = readonly string[]

export class ReadAhead {
  readonly #file: OpenSafetensors
  readonly #groups: Unit[]
  readonly #buffers = [new TurnBuffer(), new TurnBuffer()]
  #ready = new Map<string, SafeTensor>()
  /** The group that is being read. Only one is at a time: a source need not bear two reads of one file. */
  #coming: Promise<Map<string, SafeTensor>> | undefined

  /** `units`: all that will be taken, in that order. Reading begins at once. */
  constructor(file: OpenSafetensors, units: readonly Unit[]) {
    this.#file = file
    this.#groups = groupsOf(file, units)
    this.#readNext()
  }

  /** The tensors of the next unit. Their data stay until the unit after it is asked for. Rejects as the file's own `read` does. */
  async take(unit: Unit): Promise<SafeTensor[]> {
    for (;;) {
      const found = unit.flatMap(name => this.#ready.get(name) ?? [])
      if (found.length === unit.length) return found
      if (!this.#coming) return readAll(this.#file, unit)
      this.#ready = await this.#coming
      this.#readNext()
    }
  }

  /** Resolves when nothing is being read any more, so that the file can be closed. */
  async end(): Promise<void> {
    this.#groups.length = 0
    await this.#coming?.catch(() => undefined)
  }

  #readNext(): void {
    const group = this.#groups.shift()
    this.#coming = group && this.#read(group)
    // Whoever asks for a tensor of the group gets the failure; maybe nobody does.
    this.#coming?.catch(() => undefined)
  }

  async #read(group: Unit): Promise<Map<string, SafeTensor>> {
    const [buffer] = this.#buffers.reverse()
    const tensors = await readAll(this.#file, group, buffer?.begin(bytesOf(this.#file, group), group.length))
    return new Map(group.map((name, i) => [name, tensors[i]!]))
  }
}

/** Memory that one group after the other is read into. */
class TurnBuffer {
  #bytes = new Uint8Array(0)

  /** Gives the buffer to a group of `size` bytes in `count` tensors. Returns what hands out parts, aligned for any element. */
  begin(size: number, count: number): Allocate | undefined {
    const needed = size + count * ALIGNMENT
    if (needed > MOST_BUFFERED) return undefined
    let used = 0
    return length => {
      // Made only now: a source in memory never asks for it.
      if (this.#bytes.length < needed) this.#bytes = new Uint8Array(Math.max(needed, GROUP_BYTES))
      const start = used
      used += Math.ceil(length / ALIGNMENT) * ALIGNMENT
      return this.#bytes.subarray(start, start + length)
    }
  }
}

const ALIGNMENT = 64

function groupsOf(file: OpenSafetensors, units: readonly Unit[]): Unit[] {
  const groups: string[][] = []
  let room = 0
  for (const unit of units) {
    const bytes = bytesOf(file, unit)
    if (bytes > room) {
      groups.push([])
      room = GROUP_BYTES
    }
    groups.at(-1)?.push(...unit)
    room -= bytes
  }
  return groups
}

function bytesOf({ tensors }: OpenSafetensors, unit: Unit): number {
  return unit.reduce((sum, name) => sum + (tensors.get(name)?.end ?? 0) - (tensors.get(name)?.start ?? 0), 0)
}

/** Reads several tensors, one by one if the file cannot do better. */
export async function readAll(file: OpenSafetensors, unit: Unit, allocate?: Allocate): Promise<SafeTensor[]> {
  if (file.readAll) return file.readAll(unit, allocate)
  const tensors: SafeTensor[] = []
  for (const name of unit) tensors.push(await file.read(name))
  return tensors
}
