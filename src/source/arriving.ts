/** A file on its way: its bytes can be read as they come, and whoever waits for some hears of a failure. */
import { SourceError } from '../errors.ts'
import { sourceFromBytes, type ModelFile } from './source.ts'

interface Waiting {
  readonly end: number
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

export class Arriving implements ModelFile {
  readonly size: number
  readonly #name: string
  readonly #bytes: Uint8Array
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>
  #arrived = 0
  #failure: { readonly error: unknown } | undefined
  #waiting: Waiting[] = []
  #report: ((loaded: number) => void) | undefined

  constructor(name: string, size: number, body: ReadableStream<Uint8Array>) {
    this.#name = name
    this.size = size
    this.#bytes = new Uint8Array(size)
    this.#reader = body.getReader()
    this.#take().catch((error: unknown) => this.#fail(error))
  }

  async #take(): Promise<void> {
    for (;;) {
      const { done, value } = await this.#reader.read().catch((cause: unknown) => {
        throw this.#cut(cause)
      })
      if (done) break
      if (this.#arrived + value.length > this.size) throw this.#cut(undefined, `more than ${this.size}`)
      this.#bytes.set(value, this.#arrived)
      this.#arrived += value.length
      this.#report?.(this.#arrived)
      const isHere = ({ end }: Waiting) => end <= this.#arrived
      for (const { resolve } of this.#waiting.filter(isHere)) resolve()
      this.#waiting = this.#waiting.filter(waiting => !isHere(waiting))
    }
    if (this.#arrived < this.size) throw this.#cut(undefined)
  }

  #fail(error: unknown): void {
    this.#failure = { error }
    for (const { reject } of this.#waiting) reject(error)
    this.#waiting = []
    void this.#reader.cancel().catch(() => undefined)
  }

  /** Tells `report` how many bytes are here, now and whenever more are. What it throws, reads reject with. */
  arriving(report: (loaded: number) => void): void {
    this.#report = report
    report(this.#arrived)
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    const end = Math.min(this.size, offset + length)
    if (this.#failure) throw this.#failure.error
    if (end > this.#arrived) {
      await new Promise<void>((resolve, reject) => this.#waiting.push({ end, resolve, reject }))
    }
    const file = await sourceFromBytes({ [this.#name]: this.#bytes }).open(this.#name)
    return file.read(offset, length)
  }

  async close(): Promise<void> {
    this.#report = undefined
    await this.#reader.cancel().catch(() => undefined)
  }

  #cut(cause: unknown, found = `${this.#arrived}`): SourceError {
    return new SourceError({
      code: 'SOURCE_FILE_TRUNCATED',
      subject: this.#name,
      expected: `${this.size} bytes`,
      found,
      nextStep: 'The connection broke, or the file is another one: load the model again.',
      ...(cause === undefined ? {} : { cause }),
    })
  }
}

/** The length of the file itself, if the server says it; a body that is compressed on its way has another. */
export function lengthOf(headers: Headers): number | undefined {
  const length = headers.get('content-length') ?? ''
  return isAsIs(headers) && /^\d{1,15}$/.test(length) ? Number(length) : undefined
}

/** Whether nothing was compressed, as far as a page is told. */
export function isAsIs(headers: Headers): boolean {
  return (headers.get('content-encoding') ?? 'identity') === 'identity'
}
