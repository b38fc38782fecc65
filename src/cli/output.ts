/** Standard output. A reader that has seen enough (`| head`) closes the pipe: that ends the program, and is no failure. */
import { describeFailure } from './failure.ts'

/**
 * Ends the process once standard output or standard error cannot be written: with status 0 where its reader closed it, and
 * otherwise (the disk is full) as any failure.
 */
export function endOnFailedOutput(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', ({ code, message }: NodeJS.ErrnoException) => {
      if (code === 'EPIPE') process.exit(0)
      const failure = { code, message, path: 'standard output' }
      if (stream === process.stdout) process.stderr.write(`bert-ner: ${describeFailure(failure)}\n`)
      process.exit(1)
    })
  }
}

/** Writes, and waits while the reader is slower than we are, so that a long output needs no memory. */
export async function write(text: string | Uint8Array): Promise<void> {
  if (process.stdout.write(text)) return
  await new Promise<void>(resolve => process.stdout.once('drain', resolve))
}

/** Many small pieces as few large writes. */
export async function writeAll(pieces: Iterable<string>): Promise<void> {
  let waiting = ''
  for (const piece of pieces) {
    waiting += piece
    if (waiting.length < LARGE) continue
    await write(waiting)
    waiting = ''
  }
  await write(waiting)
}

/** The same for writes that come one by one. What has waited for a turn of the event loop is written: no reader waits for more. */
export class BufferedOutput {
  #waiting = ''
  #isScheduled = false

  async write(text: string): Promise<void> {
    this.#waiting += text
    if (this.#waiting.length >= LARGE) {
      await this.flush()
    } else if (!this.#isScheduled && this.#waiting !== '') {
      this.#isScheduled = true
      setImmediate(() => {
        this.#isScheduled = false
        void this.flush()
      })
    }
  }

  async flush(): Promise<void> {
    const text = this.#waiting
    this.#waiting = ''
    if (text !== '') await write(text)
  }
}

const LARGE = 1 << 16
