/** SHA-256 of a model's weights, file after file in the order of their names: of one file, what `sha256sum` prints. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'

export async function weightsHash(folder: string): Promise<string> {
  const hash = createHash('sha256')
  const names = (await readdir(folder)).filter(name => name.endsWith('.safetensors')).sort()
  for (const name of names) {
    for await (const chunk of createReadStream(join(folder, name))) hash.update(chunk as Buffer)
  }
  return hash.digest('hex')
}
