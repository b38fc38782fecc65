/**
 * The directory of a zip file whose entries are stored as they are (PKWARE APPNOTE 6.3, §4.3), as torch.save writes it:
 *
 *     { local header, name, extra, data, descriptor } …   central directory   [zip64 end record, its locator]   end record
 *
 * Compressed entries are never unpacked, so nothing can grow while it is read. All places are checked before an entry is touched:
 * inside of the file, before the directory, one behind the other. Readers that look at different headers must see one file.
 */
import type { ModelFile } from '../source/source.ts'
import { decodeUtf8, quote } from '../values.ts'
import { badZip } from './errors.ts'

export interface ZipEntry {
  /** The first byte of its data, from the start of the file. */
  readonly start: number
  readonly size: number
  /** CRC-32 of the data. 0: not computed, as torch.save does if it is told so. */
  readonly crc: number
  /** 0: stored as it is. An entry of another method cannot be read, but its name can say what the file is. */
  readonly method: number
}

const LOCAL = 0x04034b50
const CENTRAL = 0x02014b50
const END = 0x06054b50
const END64 = 0x06064b50
const LOCATOR64 = 0x07064b50

const END_BYTES = 22
const END64_BYTES = 56
const LOCATOR_BYTES = 20
const LOCAL_BYTES = 30
const CENTRAL_BYTES = 46

const MOST_COMMENT = 0xffff
/** Bytes of a directory, at most: BERT-large has 400 entries in 30 kB. */
const MOST_DIRECTORY = 1 << 24
const MOST_ENTRIES = 100_000

/**
 * The entries by name.
 *
 * @throws ConvertError `CONVERT_ZIP` for any file that is not such a zip file
 */
export async function readZip(file: ModelFile, subject: string): Promise<Map<string, ZipEntry>> {
  const { start, size, count } = await findDirectory(file, subject)
  const bytes = await file.read(start, size)
  const entries = new Map<string, ZipEntry>()
  const spans: Span[] = []
  for (const central of centralEntries(bytes, count, subject)) {
    if (entries.has(central.name)) throw badZip(subject, 'each name once', `${quote(central.name)} again`)
    const dataStart = await checkLocal(file, central, start, subject)
    entries.set(central.name, { start: dataStart, size: central.size, crc: central.crc, method: central.method })
    spans.push({ name: central.name, start: central.offset, end: dataStart + central.packed })
  }
  checkOverlap(spans, subject)
  return entries
}

interface Directory {
  readonly start: number
  readonly size: number
  readonly count: number
}

async function findDirectory(file: ModelFile, subject: string): Promise<Directory> {
  const tailBytes = Math.min(file.size, END_BYTES + MOST_COMMENT)
  const tailStart = file.size - tailBytes
  const tail = viewOf(await file.read(tailStart, tailBytes))
  const at = endRecordIn(tail)
  if (at === undefined) throw badZip(subject, 'a zip file with its directory at the end', 'none: the file broke off')
  const short = {
    count: tail.getUint16(at + 10, true),
    size: tail.getUint32(at + 12, true),
    start: tail.getUint32(at + 16, true),
  }
  const disks = tail.getUint16(at + 4, true) + tail.getUint16(at + 6, true)
  const isSplit = disks !== 0 && disks !== 2 * 0xffff
  if (isSplit || tail.getUint16(at + 8, true) !== short.count) throw badZip(subject, 'one file', 'a part of several')
  const end = tailStart + at
  const long = await readEnd64(file, end, subject)
  const directory = long ? { ...long, ...agreed(short, long, subject) } : short
  const directoryEnd = long?.at ?? end
  if (directory.size > MOST_DIRECTORY || directory.count > MOST_ENTRIES) {
    const found = `${directory.count} in ${directory.size} bytes`
    throw badZip(subject, `at most ${MOST_ENTRIES} entries in ${MOST_DIRECTORY} bytes`, found)
  }
  if (directory.start + directory.size !== directoryEnd) {
    const found = `it at ${directory.start}, of ${directory.size} bytes`
    throw badZip(subject, `a directory that ends at ${directoryEnd}`, found)
  }
  return directory
}

/** The place of the end record: the last one whose comment ends with the file. */
function endRecordIn(tail: DataView): number | undefined {
  for (let at = tail.byteLength - END_BYTES; at >= 0; at--) {
    if (tail.getUint32(at, true) !== END) continue
    if (at + END_BYTES + tail.getUint16(at + 20, true) === tail.byteLength) return at
  }
  return undefined
}

async function readEnd64(
  file: ModelFile,
  end: number,
  subject: string,
): Promise<(Directory & { readonly at: number }) | undefined> {
  if (end < LOCATOR_BYTES + END64_BYTES) return undefined
  const locator = viewOf(await file.read(end - LOCATOR_BYTES, LOCATOR_BYTES))
  if (locator.getUint32(0, true) !== LOCATOR64) return undefined
  const at = long(locator, 8, subject)
  if (at !== end - LOCATOR_BYTES - END64_BYTES)
    throw badZip(subject, 'a zip64 record before its locator', `it at ${at}`)
  const record = viewOf(await file.read(at, END64_BYTES))
  const isRecord = record.getUint32(0, true) === END64 && long(record, 4, subject) === END64_BYTES - 12
  if (!isRecord) throw badZip(subject, 'a zip64 record', 'something else')
  const [count, size, start] = [long(record, 32, subject), long(record, 40, subject), long(record, 48, subject)]
  if (long(record, 24, subject) !== count) throw badZip(subject, 'one file', 'a part of several')
  return { at, start, size, count }
}

/** Each value of the short record is the long one's, or says that it does not fit. */
function agreed(short: Directory, { start, size, count }: Directory, subject: string): Directory {
  const isSame =
    [count, 0xffff].includes(short.count) &&
    [size, NO_FIT].includes(short.size) &&
    [start, NO_FIT].includes(short.start)
  if (isSame) return { start, size, count }
  throw badZip(subject, 'one directory', 'two end records that differ')
}

/** The value of a 32-bit field for what does not fit into it. */
const NO_FIT = 0xffffffff

interface Central {
  readonly name: string
  readonly nameBytes: Uint8Array
  readonly size: number
  /** Bytes in the file. */
  readonly packed: number
  readonly crc: number
  readonly method: number
  readonly offset: number
}

function* centralEntries(bytes: Uint8Array, count: number, subject: string): Generator<Central> {
  const view = viewOf(bytes)
  let at = 0
  for (let i = 0; i < count; i++) {
    if (at + CENTRAL_BYTES > bytes.length || view.getUint32(at, true) !== CENTRAL) {
      throw badZip(subject, `${count} entries in the directory`, `${i}`)
    }
    const short = (field: number) => view.getUint16(at + field, true)
    const long32 = (field: number) => view.getUint32(at + field, true)
    const [nameLength, extraLength, commentLength] = [short(28), short(30), short(32)]
    const nameAt = at + CENTRAL_BYTES
    const next = nameAt + nameLength + extraLength + commentLength
    if (next > bytes.length) throw badZip(subject, `${count} whole entries in the directory`, `${i}`)
    const nameBytes = bytes.subarray(nameAt, nameAt + nameLength)
    const name = decodeUtf8(nameBytes, found => badZip(subject, 'names in UTF-8', found), true)
    const of = `${subject}: ${quote(name)}`
    const method = short(10)
    if (short(8) & 1) throw badZip(of, 'plain data', 'encrypted data')
    const extra = viewOf(bytes.subarray(nameAt + nameLength, nameAt + nameLength + extraLength))
    const [size, packed, offset] = longFields(extra, [long32(24), long32(20), long32(42)], of)
    if (method === 0 && packed !== size) throw badZip(of, 'as many bytes stored as there are', `${packed} for ${size}`)
    if (short(34) !== 0) throw badZip(of, 'one file', 'a part of several')
    yield { name, nameBytes, size, packed, crc: long32(16), method, offset }
    at = next
  }
  if (at !== bytes.length) throw badZip(subject, `${count} entries in the directory`, 'more behind them')
}

type Three = [size: number, packed: number, offset: number]

/** Values that do not fit into 32 bits stand in the extra field 1, in this order, each only if it is needed. */
function longFields(extra: DataView, short: Three, subject: string): Three {
  if (!short.includes(NO_FIT)) return short
  for (let at = 0; at + 4 <= extra.byteLength;) {
    const [id, length] = [extra.getUint16(at, true), extra.getUint16(at + 2, true)]
    const end = at + 4 + length
    if (id === 1 && end <= extra.byteLength) {
      let field = at + 4
      const next = (value: number): number => {
        if (value !== NO_FIT) return value
        if (field + 8 > end) throw badZip(subject, 'its size and place in its zip64 field', 'a field that is too short')
        field += 8
        return long(extra, field - 8, subject)
      }
      return [next(short[0]), next(short[1]), next(short[2])]
    }
    at = end
  }
  throw badZip(subject, 'its size and place in a zip64 field', 'no such field')
}

/** Compares an entry's local header with the directory. Returns where its data begins. */
async function checkLocal(file: ModelFile, entry: Central, directory: number, subject: string): Promise<number> {
  const { name, nameBytes, offset, packed } = entry
  const of = `${subject}: ${quote(name)}`
  const headBytes = LOCAL_BYTES + nameBytes.length
  if (offset + headBytes > directory) throw badZip(of, `a place before the directory, at ${directory}`, `${offset}`)
  const head = await file.read(offset, headBytes)
  const view = viewOf(head)
  const isSame =
    view.getUint32(0, true) === LOCAL &&
    view.getUint16(26, true) === nameBytes.length &&
    nameBytes.every((byte, i) => head[LOCAL_BYTES + i] === byte) &&
    view.getUint16(8, true) === entry.method
  if (!isSame) throw badZip(of, `its header at ${offset}`, 'something else')
  const start = offset + headBytes + view.getUint16(28, true)
  if (start + packed > directory)
    throw badZip(of, `its data before the directory, at ${directory}`, `${start} + ${packed}`)
  return start
}

interface Span {
  readonly name: string
  readonly start: number
  readonly end: number
}

/** Entries that share bytes make a small file look large. */
function checkOverlap(spans: readonly Span[], subject: string): void {
  let end = 0
  let before = ''
  for (const span of [...spans].sort((a, b) => a.start - b.start || a.end - b.end)) {
    const of = `${subject}: ${quote(span.name)}`
    if (span.start < end) throw badZip(of, `a place behind ${quote(before)}, which ends at ${end}`, `${span.start}`)
    ;({ end, name: before } = span)
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** A 64-bit number that fits into a double. */
function long(view: DataView, at: number, subject: string): number {
  const value = view.getBigUint64(at, true)
  if (value <= BigInt(Number.MAX_SAFE_INTEGER)) return Number(value)
  throw badZip(subject, 'sizes and places below 2^53', `${value}`)
}
