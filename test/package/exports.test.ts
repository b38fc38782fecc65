/** What package.json exports: all of it, in one table. Each subpath is there, has types, and gives these names and no others. */
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'

type Target = string | { readonly [condition: string]: Target }

const root = new URL('../../', import.meta.url)
const { exports } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as {
  exports: Record<string, Target>
}

/** Subpath → what it is: the functions that it must give, or the kind of file. */
const TABLE: Record<string, readonly string[] | 'wasm' | 'files'> = {
  '.': ['pipeline', 'createRedactor', 'sourceFromUrl', 'BertForTokenClassification', 'Tokenizer'],
  './redact': ['createRedactor', 'redact'],
  './patterns': ['findPatterns'],
  './weights': ['defaultModel'],
  './worker': ['pipeline', 'serve'],
  './inline': ['pipeline', 'createRedactor', 'sourceFromUrl', 'Tokenizer'],
  './inline.iife.js': 'files',
  './serve': ['createHandler'],
  './tfjs': [],
  './weights/*': 'files',
  './package.json': 'files',
  './simd.wasm': 'wasm',
  './simd-shared.wasm': 'wasm',
  './simd-relaxed.wasm': 'wasm',
  './simd-relaxed-shared.wasm': 'wasm',
}

/** Every file that a target names, with the conditions on the way to it. */
function filesOf(target: Target, conditions: readonly string[] = []): (readonly [string, readonly string[]])[] {
  if (typeof target === 'string') return [[target, conditions]]
  return Object.entries(target).flatMap(([name, inner]) => filesOf(inner, [...conditions, name]))
}

test('the table holds all of it', () => {
  expect(Object.keys(exports).sort()).toEqual(Object.keys(TABLE).sort())
})

describe.each(Object.entries(TABLE))('%s', (subpath, what) => {
  const files = filesOf(exports[subpath] ?? '')

  test('names files that are there', () => {
    const missing = files.filter(([file]) => !existsSync(new URL(file.replace('*', 'config.json'), root)))
    expect(missing).toEqual([])
  })

  test('has types, for Node and elsewhere', () => {
    const typed = files.filter(([, conditions]) => conditions.includes('types')).map(([file]) => file)
    if (what === 'files') return
    expect(typed.length).toBeGreaterThan(0)
    for (const file of typed) expect(file).toMatch(/\.d\.ts$/)
  })

  test('can be loaded', async () => {
    for (const [file, conditions] of files) {
      const url = new URL(file, root)
      if (conditions.includes('types') || what === 'files') continue
      if (what === 'wasm') {
        expect(Array.from(readFileSync(url).subarray(0, 4))).toEqual([0, 97, 115, 109])
      } else {
        const module = (await import(url.href)) as Record<string, unknown>
        expect(what.filter(name => typeof module[name] !== 'function')).toEqual([])
      }
    }
  })
})
