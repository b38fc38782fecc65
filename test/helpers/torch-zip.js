/** A zip file of one folder, of stored entries without checksums, as torch.save writes it. Plain JavaScript: the fuzzer imports it. */
export function zip(entries) {
  const parts = []
  const central = []
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
