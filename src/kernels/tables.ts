/** Embedding tables for the backends that compute in float32. They stay in the type of their file, decoded row by row. */
import type { EmbeddingTables, EmbeddingWeights, PackedBatch, StoredTensor } from './kernels.ts'
import { decodeRow } from './stored.ts'

/** A table in the type of its file. Only the rows that a batch asks for are decoded. */
export interface StoredTable extends EmbeddingWeights {
  readonly tensor: StoredTensor // [rows, width]
}

/** Copies the table, so the caller may drop the file. */
export function storedTable(table: StoredTensor): StoredTable {
  const [rows = 0, width = 0] = table.shape
  return { rows, width, tensor: { ...table, data: table.data.slice() } as StoredTensor }
}

/** word[id] + tokenType[type] + position[i] → [T, C]. In PyTorch's order, since sums are rounded to float32 one by one. */
export function embed({ ids, typeIds, positions }: PackedBatch, tables: EmbeddingTables, C: number): Float32Array {
  const { word, tokenType, position } = tables as Record<keyof EmbeddingTables, StoredTable>
  const sum = new Float32Array(ids.length * C) // [T, C]
  const add = (table: StoredTable, indices: Int32Array) => {
    for (const [t, index] of indices.entries()) {
      const row = decodeRow(table.tensor, index, C)
      for (let c = 0; c < C; c++) sum[t * C + c]! += row[c]!
    }
  }
  add(word, ids)
  add(tokenType, typeIds)
  add(position, positions)
  return sum
}
