/** What the reference implementation makes of files; written by test/reference/safetensors_fixtures.py. */
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'

/** dtype, shape, data in base64 */
export type ReferenceTensor = [string, number[], string]

interface Fixture {
  cases: { name: string; file: string; tensors: Record<string, ReferenceTensor> | null; error: string | null }[]
  flips: { file: string; masks: string[] }
  written: {
    tensors: [string, string, number[], string][]
    metadata: Record<string, string> | null
    file: string
  }[]
}

export const fixture = JSON.parse(
  gunzipSync(readFileSync('test/fixtures/safetensors.json.gz')).toString('utf8'),
) as Fixture

/** Bytes at a multiple of 8, as files read from disk are. */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.from(text, 'base64'))
}

/** A file with this header. `length`: what its first eight bytes say, where not the truth. */
export function fileOf(
  header: string | Uint8Array,
  data = new Uint8Array(0),
  length?: bigint,
): Uint8Array<ArrayBuffer> {
  const bytes = typeof header === 'string' ? new TextEncoder().encode(header) : header
  const file = new Uint8Array(8 + bytes.length + data.length)
  new DataView(file.buffer).setBigUint64(0, length ?? BigInt(bytes.length), true)
  file.set(bytes, 8)
  file.set(data, 8 + bytes.length)
  return file
}

/** The code of what `run` throws or rejects with; 'opened' where it does not. */
export async function codeOf(run: () => unknown): Promise<string> {
  try {
    await run()
    return 'opened'
  } catch (error) {
    const { code } = error as { code?: unknown }
    return typeof code === 'string' ? code : `raw ${String(error)}`
  }
}
