/** The embedding's three tables, read from the default model's own file. Rows are given in float32, dequantised if stored in int8. */
import { openCheckpoint } from 'bert-ner'
import { defaultModel } from 'bert-ner/weights'

export interface Tables {
  word(id: number): Float32Array
  tokenType(id: number): Float32Array
  position(id: number): Float32Array
}

let reading: Promise<Tables> | undefined

export function tablesOf(): Promise<Tables> {
  return (reading ??= read())
}

type Row = (id: number) => Float32Array

async function read(): Promise<Tables> {
  const file = await openCheckpoint(defaultModel())
  try {
    const table = async (name: string): Promise<Row> => {
      const key = `bert.embeddings.${name}_embeddings.weight`
      const { data, shape } = await file.read(key)
      const scale = file.tensors.has(`${key}_scale`) ? (await file.read(`${key}_scale`)).data : undefined
      const width = shape[1]!
      return id =>
        Float32Array.from({ length: width }, (_, i) => Number(data[id * width + i]) * Number(scale ? scale[id] : 1))
    }
    return { word: await table('word'), tokenType: await table('token_type'), position: await table('position') }
  } finally {
    await file.close()
  }
}
