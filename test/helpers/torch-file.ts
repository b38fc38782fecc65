/** Writes what torch.save writes for a dict of float tensors: a zip file of stored entries, without checksums. */
import type { SafeTensor } from '../../dist/index.js'
import { zip } from './torch-zip.js'

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
