/** Standard output. A reader that has seen enough (`| head`) closes the pipe: that ends the program, and is no failure. */
import { fstatSync, writeSync } from 'node:fs'
import { describeFailure } from './failure.ts'

/**
 * Ends the process once standard output or standard error cannot be written: with status 0 if its reader closed it, and
 * otherwise (the disk is full) as any failure.
 */
export function endOnFailedOutput(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(0)
      if (stream === process.stdout) process.stderr.write(`bert-ner: ${describeFailure(ofOutput(error))}\n`)
      process.exit(1)
    })
  }
}

function ofOutput(error: NodeJS.ErrnoException): NodeJS.ErrnoException {
  return Object.assign(error, { path: 'standard output' })
}

/**
 * Writes, and waits while the reader is slower than we are, so that a long output needs no memory. Throws if a file or device
 * does not take all of it.
 */
export async function write(text: string | Uint8Array): Promise<void> {
  if (writeNow(text)) return
  await new Promise<void>(resolve => process.stdout.once('drain', resolve))
}

/** The same without waiting: whether the reader can take more. */
export function writeNow(text: string | Uint8Array): boolean {
  if (!isFile()) return process.stdout.write(text)
  // Node's stream for files takes a write that was cut short, as on a full disk, for a whole one.
  const bytes = Buffer.from(text as string)
  try {
    for (let at = 0; at < bytes.length;) at += writeSync(descriptor, bytes, at)
  } catch (error) {
    throw ofOutput(error as NodeJS.ErrnoException)
  }
  return true
}

let file: boolean | undefined
let descriptor = 1

/** From now on output goes to this open file. */
export function redirectOutput(to: number): void {
  descriptor = to
  file = undefined
}

/** A file, or a device such as /dev/full; no terminal, pipe or socket. */
function isFile(): boolean {
  if (file === undefined) {
    const info = fstatSync(descriptor)
    file = (descriptor !== 1 || !process.stdout.isTTY) && (info.isFile() || info.isCharacterDevice())
  }
  return file
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

/** The same for writes that come one by one. A text waits for one turn of the event loop at most. */
export class BufferedOutput {
  #waiting = ''
  #isScheduled = false
  /** The writes under way. Rejects once one has failed. */
  #last: Promise<void> = Promise.resolve()

  async write(text: string): Promise<void> {
    this.#waiting += text
    // While the reader sleeps, this waits with it: texts must not pile up here.
    await this.#last
    if (this.#waiting.length >= LARGE) {
      await this.flush()
    } else if (!this.#isScheduled && this.#waiting !== '') {
      this.#isScheduled = true
      setImmediate(() => {
        this.#isScheduled = false
        this.flush().catch(() => undefined) // the next write reports it
      })
    }
  }

  flush(): Promise<void> {
    this.#last = this.#last.then(async () => {
      const text = this.#waiting
      this.#waiting = ''
      if (text !== '') await write(text)
    })
    return this.#last
  }
}

const LARGE = 1 << 16
