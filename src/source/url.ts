/**
 * A file on a static server. Where it has ranges (RFC 9110 §14), only what is read is fetched; where it has none, or a page is not
 * shown them, the file is read while it arrives; and if a SHA-256 is known, it is checked before a byte is used. Held once.
 */
import { SourceError } from '../errors.ts'
import { Arriving } from './arriving.ts'
import { fileOfPieces, PIECE, pieceLength } from './pieces.ts'
import { Sha256 } from './sha.ts'
import { missingFile, type ModelFile } from './source.ts'
import { ask, changed, retried, shown, type Answer } from './url-request.ts'

export interface UrlFile {
  readonly url: string
  readonly fetch: typeof fetch
  readonly headers: Readonly<Record<string, string>>
  /** SHA-256 in lower-case hexadecimal. */
  readonly digest: string | undefined
}

/** Bytes asked for first: all of a small file, the header of a large one. */
const FIRST = 2 ** 20

/** @throws SourceError `SOURCE_FILE_…` */
export async function openUrl(file: UrlFile): Promise<ModelFile> {
  if (file.digest !== undefined) return openWhole(file)
  const first = await retried(() => openFirst(file))
  return first ?? openWhole(file)
}

/** Undefined if the answer to a range is of no use: 416 for an empty file; a range that a page is not shown, or of what was compressed. */
async function openFirst(file: UrlFile): Promise<ModelFile | undefined> {
  const answer = await askFile(file, [0, FIRST])
  if (answer.status === 200) return received(file, answer)
  const total = answer.range?.total
  if (answer.status !== 206 || !answer.isAsIs || answer.range?.start !== 0 || total === undefined) {
    await answer.end()
    return undefined
  }
  const bytes = await answer.read(Math.min(FIRST, total))
  const { validator } = answer
  // A browser answers a range out of its cache, where the server itself has none: what it then sends is the whole file, kept as such.
  let whole: ModelFile | undefined
  const keep = async (answer: Answer): Promise<ModelFile> => {
    if (whole) await answer.end()
    whole ??= arriving(file, answer)
    return whole
  }
  const readPiece = async (index: number): Promise<Uint8Array> => {
    const [start, length] = [index * PIECE, pieceLength(total, index)]
    if (whole) return whole.read(start, length)
    const piece = await ask(file, [start, length])
    const { status, isAsIs, range } = piece
    if (piece.validator === validator && isAsIs) {
      if (status === 206 && range?.start === start && range.total === total) return piece.read(length)
      if (status === 200 && piece.length === total) return (await keep(piece)).read(start, length)
    }
    await piece.end()
    throw changed(file.url, status)
  }
  const pieces = fileOfPieces(shown(file.url), total, index => retried(() => readPiece(index)), bytes)
  const close = async () => {
    await pieces.close?.()
    await whole?.close?.()
  }
  return { ...pieces, close }
}

/**
 * The same file, whose bytes are here, once they have this SHA-256. For addresses that are not of HTTP.
 *
 * @throws SourceError `SOURCE_FILE_HASH`
 */
export async function checked(url: string, digest: string, file: ModelFile): Promise<ModelFile> {
  const hash = new Sha256()
  for (let at = 0; at < file.size; at += PIECE) hash.update(await file.read(at, Math.min(PIECE, file.size - at)))
  const found = hash.hex()
  if (found === digest) return file
  await file.close?.()
  throw wrongHash(url, digest, found)
}

function openWhole(file: UrlFile): Promise<ModelFile> {
  return retried(async () => received(file, await askFile(file)))
}

/** The whole file, out of its answer: read while it arrives, if its length is known and no hash has to be checked first. */
function received(file: UrlFile, answer: Answer): ModelFile | Promise<ModelFile> {
  const isStreamed = answer.length !== undefined && file.digest === undefined
  return isStreamed ? arriving(file, answer) : keepWhole(file, answer)
}

function arriving({ url }: UrlFile, answer: Answer): ModelFile {
  return new Arriving(shown(url), answer.length ?? 0, answer.stream())
}

/** Receives a file into pieces: one whose length is not known, or that is hashed before it is used. */
async function keepWhole({ url, digest }: UrlFile, answer: Answer): Promise<ModelFile> {
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
  const found = hash?.hex()
  if (found !== digest) throw wrongHash(url, digest ?? '', found ?? '')
  return fileOfPieces(shown(url), size, index => Promise.resolve(pieces[index] ?? new Uint8Array()))
}

/** Many servers answer what they do not have with a page of their application, and status 200. */
async function askFile(file: UrlFile, part?: readonly [start: number, length: number]): Promise<Answer> {
  const answer = await ask(file, part)
  if (!answer.isHtml) return answer
  await answer.end()
  throw missingFile(shown(file.url), 'a page of HTML')
}

function wrongHash(url: string, digest: string, found: string): SourceError {
  return new SourceError({
    code: 'SOURCE_FILE_HASH',
    subject: shown(url),
    expected: `bytes with the SHA-256 ${digest}`,
    found,
    nextStep: 'It is another file, or was changed on the way, and is not used.',
  })
}
