/** Writes what torch.save writes for a dict of float tensors: a zip file of stored entries, without checksums. */
import type { SafeTensor } from '../../dist/index.js'

const text = (value: string) => {
  const length = Buffer.alloc(4)
  length.writeUInt32LE(Buffer.byteLength(value))
  return `X${length.toString('latin1')}${Buffer.from(value).toString('latin1')}`
}
const number = (value: number) => {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32LE(value)
  return `J${bytes.toString('latin1')}`
}
const TYPES: Readonly<Record<string, string>> = { F32: 'FloatStorage', F16: 'HalfStorage', BF16: 'BFloat16Storage' }

export function torchFile(tensors: Iterable<readonly [string, SafeTensor]>): Uint8Array {
  const entries: [string, Uint8Array][] = []
  let pickle = '\x80\x02ccollections\nOrderedDict\n)R('
  for (const [name, { dtype, shape, data }] of tensors) {
    const key = String(entries.length)
    const strides = shape.map((_, d) => shape.slice(d + 1).reduce((a, b) => a * b, 1))
    const storage = `(${text('storage')}ctorch\n${TYPES[dtype]}\n${text(key)}${text('cpu')}${number(data.length)}tQ`
    const place = `${number(0)}(${shape.map(number).join('')}t(${strides.map(number).join('')}t`
    pickle += `${text(name)}ctorch._utils\n_rebuild_tensor_v2\n(${storage}${place}\x89ccollections\nOrderedDict\n)RtR`
    entries.push([`data/${key}`, new Uint8Array(data.buffer, data.byteOffset, data.byteLength)])
  }
  return zip({ 'data.pkl': `${pickle}u.`, ...Object.fromEntries(entries) })
}

/** A zip file of one folder. Texts are latin-1. */
export function zip(entries: Readonly<Record<string, Uint8Array | string>>): Uint8Array {
  const parts: Buffer[] = []
  const central: Buffer[] = []
  let at = 0
  for (const [key, content] of Object.entries(entries)) {
    const name = Buffer.from(`a/${key}`)
    const data = typeof content === 'string' ? Buffer.from(content, 'latin1') : Buffer.from(content.buffer, content.byteOffset, content.byteLength) // prettier-ignore
    const local = Buffer.alloc(30)
    local.writeUInt32LE(0x04034b50)
    local.writeUInt16LE(name.length, 26)
    const entry = Buffer.alloc(46)
    entry.writeUInt32LE(0x02014b50)
    for (const field of [20, 24]) entry.writeUInt32LE(data.length, field)
    entry.writeUInt16LE(name.length, 28)
    entry.writeUInt32LE(at, 42)
    parts.push(local, name, data)
    central.push(entry, name)
    at += 30 + name.length + data.length
  }
  const end = Buffer.alloc(22)
  const directory = Buffer.concat(central)
  end.writeUInt32LE(0x06054b50)
  for (const field of [8, 10]) end.writeUInt16LE(Object.keys(entries).length, field)
  end.writeUInt32LE(directory.length, 12)
  end.writeUInt32LE(at, 16)
  return Uint8Array.from(Buffer.concat([...parts, directory, end]))
}
