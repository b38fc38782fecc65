/** Wraps a source and reports how far its files have been read, or have arrived if they are on their way. */
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
      const reach = (bytes: number) => {
        if (bytes <= loaded) return
        loaded = Math.min(total, bytes)
        report({ status: 'progress', file: name, loaded, total })
        if (loaded === total) report({ status: 'done', file: name, loaded, total })
      }
      try {
        report({ status: 'initiate', file: name, loaded, total })
        file.arriving?.(reach)
      } catch (error) {
        await file.close?.() // Nobody else holds it yet.
        throw error
      }
      return {
        size: total,
        async read(offset, length, allocate) {
          const bytes = await file.read(offset, length, allocate)
          if (!file.arriving && loaded < total) reach(loaded + bytes.byteLength)
          return bytes
        },
        close: () => file.close?.() ?? Promise.resolve(),
      }
    },
  }
}
