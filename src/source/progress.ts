/** Wraps a source and reports how far its files have been read. */
import type { ModelSource } from './source.ts'

/** `initiate` when a file is opened, `progress` after each piece, `done` when the last byte has been read. */
export interface FileProgress {
  readonly status: 'initiate' | 'progress' | 'done'
  readonly file: string
  /** Bytes read. A part that is read twice counts at most once, so `loaded` never exceeds `total`. */
  readonly loaded: number
  readonly total: number
}

export function withProgress(source: ModelSource, report: (event: FileProgress) => void): ModelSource {
  return {
    async open(name) {
      const file = await source.open(name)
      const total = file.size
      let loaded = 0
      try {
        report({ status: 'initiate', file: name, loaded, total })
      } catch (error) {
        await file.close?.() // Nobody else holds it yet.
        throw error
      }
      return {
        size: total,
        async read(offset, length, allocate) {
          const bytes = await file.read(offset, length, allocate)
          if (loaded < total) {
            loaded = Math.min(total, loaded + bytes.byteLength)
            report({ status: 'progress', file: name, loaded, total })
            if (loaded === total) report({ status: 'done', file: name, loaded, total })
          }
          return bytes
        },
        close: () => file.close?.() ?? Promise.resolve(),
      }
    },
  }
}
