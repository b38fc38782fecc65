/** `--resume OUT.jsonl`: a file of results that an earlier run left, cut after its last whole line and opened to be added to. */
import { fstatSync, ftruncateSync, openSync, readSync } from 'node:fs'
import { SourceError } from '../../errors.ts'

export interface Resumed {
  readonly descriptor: number
  /** Whole lines in it: results that need not be computed again. */
  readonly lines: number
}

export function openResumed(path: string): Resumed {
  const descriptor = openSync(path, 'a+')
  if (!fstatSync(descriptor).isFile()) throw wrongFile(path, 'a file', 'something else')
  const block = Buffer.alloc(1 << 16)
  let lines = 0
  let whole = 0
  for (let at = 0, read; (read = readSync(descriptor, block, 0, block.length, at)) > 0; at += read) {
    for (let end = -1; (end = block.subarray(0, read).indexOf(0x0a, end + 1)) >= 0;) {
      lines++
      whole = at + end + 1
    }
  }
  ftruncateSync(descriptor, whole)
  return { descriptor, lines }
}

export function wrongFile(path: string, expected: string, found: string): SourceError {
  const nextStep = 'Name the file that a run over the same input with the same options began.'
  return new SourceError({ code: 'SOURCE_RESUME', subject: path, expected, found, nextStep })
}
