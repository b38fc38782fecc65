/**
 * A model's files on any static server. Where it has ranges (RFC 9110 §14), only what is read is fetched; where it has none, or a
 * page is not shown them, or a SHA-256 is to be checked first, the file is fetched whole, and held once.
 */
import { escapeControls } from '../escape.ts'
import { SourceError } from '../errors.ts'
import { show } from '../values.ts'
import { fileOfPieces, PIECE, pieceLength } from './pieces.ts'
import { Sha256 } from './sha.ts'
import { missingFile, type ModelFile, type ModelSource } from './source.ts'
import { baseOf, checkUrlOptions, type UrlOptions } from './url-options.ts'
import { ask, changed, retried, shown, type Answer } from './url-request.ts'

export type { UrlOptions } from './url-options.ts'

/** Bytes asked for first: all of a small file, the header of a large one. */
const FIRST = 2 ** 20

/**
 * @param base the address of the folder; in a page also a relative one
 * @throws SourceError `SOURCE_INVALID` for another kind of address, or an option that is not valid. Reading throws
 *   `SOURCE_FILE_MISSING`, `SOURCE_URL_STATUS`, `SOURCE_URL_UNREACHABLE`, `SOURCE_FILE_TRUNCATED`, `SOURCE_FILE_CHANGED` and
 *   `SOURCE_URL_HASH`
 */
export function sourceFromUrl(base: string | URL, options: UrlOptions = {}): ModelSource {
  const folder = baseOf(base)
  const checked = checkUrlOptions(options)
  return {
    open(name) {
      const url = addressOf(folder, name)
      if (url === undefined) return Promise.reject(missingFile(escapeControls(show(name)), 'no name of a file'))
      const digest = checked.sha256.get(name)
      const request = { ...checked, url, name }
      return digest === undefined ? openInParts(request) : openWhole(request, digest)
    },
  }
}

/** The folder's address with a file's name; what stands after `?` stays, for it may be a signature. */
function addressOf(folder: URL, name: unknown): string | undefined {
  if (typeof name !== 'string') return undefined
  const parts = name.split('/')
  if (parts.some(part => ['', '.', '..'].includes(part))) return undefined
  const url = new URL(folder)
  try {
    url.pathname += parts.map(encodeURIComponent).join('/')
    return url.href
  } catch {
    return undefined // half of a surrogate pair
  }
}

type Request = Parameters<typeof ask>[0] & { readonly name: string }

async function openInParts(request: Request): Promise<ModelFile> {
  const first = await retried(async () => {
    const answer = await ask(request, [0, FIRST])
    if (answer.status === 200) return keepWhole(request, answer, undefined)
    const total = answer.range?.total
    const isPart = answer.status === 206 && answer.isAsIs && answer.range?.start === 0 && total !== undefined
    if (!isPart) {
      await answer.end()
      return undefined // 416 for an empty file; a range that a page is not shown; a part of what was compressed
    }
    const bytes = await answer.read(Math.min(FIRST, total))
    checkNoPage(request, answer, bytes)
    return { bytes, total, validator: answer.validator }
  })
  if (first === undefined) return openWhole(request, undefined)
  if ('read' in first) return first
  const { bytes, total, validator } = first
  if (total <= FIRST) return fileOfPieces(request.name, total, () => Promise.resolve(bytes))
  return fileOfPieces(request.name, total, index =>
    retried(async () => {
      const [start, length] = [index * PIECE, pieceLength(total, index)]
      const answer = await ask(request, [start, length])
      const { status, isAsIs, range } = answer
      const isSame = status === 206 && isAsIs && range?.start === start && range.total === total
      if (isSame && answer.validator === validator) return answer.read(length)
      await answer.end()
      throw changed(shown(request.url), status)
    }),
  )
}

function openWhole(request: Request, digest: string | undefined): Promise<ModelFile> {
  return retried(async () => keepWhole(request, await ask(request, undefined), digest))
}

/** Receives a file into pieces, so that it is never held twice. */
async function keepWhole(request: Request, answer: Answer, digest: string | undefined): Promise<ModelFile> {
  const pieces: Uint8Array[] = []
  const hash = digest === undefined ? undefined : new Sha256()
  let size = 0
  await answer.receive(bytes => {
    hash?.update(bytes)
    for (let done = 0; done < bytes.byteLength;) {
      const used = size % PIECE
      if (used === 0) pieces.push(new Uint8Array(PIECE))
      const taken = bytes.subarray(done, done + PIECE - used)
      pieces.at(-1)?.set(taken, used)
      size += taken.byteLength
      done += taken.byteLength
    }
  })
  checkNoPage(request, answer, pieces[0]?.subarray(0, size) ?? new Uint8Array())
  const found = hash?.hex()
  if (found !== digest) throw wrongHash(request.url, digest ?? '', found ?? '')
  return fileOfPieces(request.name, size, index => Promise.resolve(pieces[index] ?? new Uint8Array()))
}

/** Many servers answer what they do not have with a page of their application, and status 200. */
function checkNoPage({ url }: Request, { isHtml }: Answer, bytes: Uint8Array): void {
  const start = new TextDecoder().decode(bytes.subarray(0, 100)).trimStart()
  if (isHtml && start.startsWith('<')) throw missingFile(shown(url), 'a page of HTML in its place')
}

function wrongHash(url: string, digest: string, found: string): SourceError {
  return new SourceError({
    code: 'SOURCE_URL_HASH',
    subject: shown(url),
    expected: `bytes with the SHA-256 ${digest}`,
    found,
    nextStep: 'The file is another one, or was changed on the way. It is not used.',
  })
}
