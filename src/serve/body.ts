/** Reads a request's body: bounded in bytes and in time, JSON in strict UTF-8, an object. */
import { decodeUtf8, joined } from '../values.ts'
import { gone, serveError } from './errors.ts'

export interface BodyLimits {
  readonly most: number
  /** Milliseconds of `performance.now()` at which the body must be there. */
  readonly until: number
  /** Is told of bytes as they come; throws if there is no room for them. */
  readonly hold: (bytes: number) => void
}

/**
 * The body as an object. → its fields, and its size in bytes
 *
 * @throws (rejects with) ServeError `SERVE_MEDIA_TYPE`, `SERVE_BODY_SIZE`, `SERVE_BODY_LATE`, `SERVE_BODY`, `SERVE_GONE`
 */
export async function readBody(
  request: Request,
  limits: BodyLimits,
): Promise<{ fields: Record<string, unknown>; bytes: number }> {
  checkType(request.headers)
  const bytes = await readBytes(request, limits)
  const text = decodeUtf8(bytes, found => wrongBody('UTF-8', found))
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw wrongBody('JSON', 'something else') // V8's message would show the text.
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrongBody('an object', 'another value')
  return { fields: value as Record<string, unknown>, bytes: bytes.byteLength }
}

function checkType(headers: Headers): void {
  const type = headers.get('content-type') ?? 'application/json'
  if (!/^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i.test(type.trim())) {
    throw serveError('SERVE_MEDIA_TYPE', 'Content-Type', 'application/json', 'another', 'Send JSON, and say so.')
  }
  const charset = /charset\s*=\s*"?([\w-]+)/i.exec(type)?.[1] ?? 'utf-8'
  if (!/^utf-?8$/i.test(charset)) {
    throw serveError('SERVE_MEDIA_TYPE', 'charset', 'utf-8', 'another', 'Send JSON as UTF-8.')
  }
  if (!/^(identity)?$/i.test(headers.get('content-encoding')?.trim() ?? '')) {
    throw serveError('SERVE_MEDIA_TYPE', 'Content-Encoding', 'none', 'one', 'Send the body uncompressed.')
  }
}

async function readBytes(request: Request, { most, until, hold }: BodyLimits): Promise<Uint8Array> {
  const announced = Number(request.headers.get('content-length') ?? 0)
  if (announced > most) throw tooLarge(most)
  const reader = request.body?.getReader()
  if (!reader) return new Uint8Array()
  let expire = (): void => undefined
  const expired = new Promise<never>((_, reject) => (expire = () => reject(bodyLate())))
  expired.catch(() => undefined) // The body may be there first.
  const timer = setTimeout(expire, Math.max(0, until - performance.now()))
  const chunks: Uint8Array[] = []
  let size = 0
  try {
    for (;;) {
      const { done, value } = await Promise.race([reader.read(), expired])
      if (done) return joined(chunks, size)
      size += value.byteLength
      if (size > most) throw tooLarge(most)
      hold(value.byteLength)
      chunks.push(value)
    }
  } catch (error) {
    reader.cancel().catch(() => undefined)
    throw error instanceof Error && 'nextStep' in error ? error : gone() // The stream failed: nobody is there.
  } finally {
    clearTimeout(timer)
  }
}

function wrongBody(expected: string, found: string) {
  return serveError('SERVE_BODY', 'body', expected, found, 'See /openapi.json for what this route takes.')
}

function tooLarge(most: number) {
  return serveError('SERVE_BODY_SIZE', 'body', `at most ${most} bytes`, 'more', 'Send its texts in several requests.')
}

function bodyLate() {
  return serveError('SERVE_BODY_LATE', 'body', 'all of it before the deadline', 'a part', 'Send it faster.')
}
