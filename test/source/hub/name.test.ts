import { describe, expect, test } from '@jest/globals'
import { looksLikePath, parseHubName } from '../../../dist/source/hub/name.js'
import { shardsOf } from '../../../dist/source/hub/files.js'

test.each([
  ['dslim/bert-base-NER', 'dslim/bert-base-NER', 'main'],
  ['dslim/bert-base-NER@v1.0', 'dslim/bert-base-NER', 'v1.0'],
  ['a/b@refs/pr/3', 'a/b', 'refs/pr/3'],
  ['a/b@feature/x', 'a/b', 'feature/x'],
  [`a_1/b.c-d@${'0'.repeat(40)}`, 'a_1/b.c-d', '0'.repeat(40)],
])('%s is a name', (text, repo, revision) => {
  expect(looksLikePath(text)).toBe(false)
  expect(parseHubName(text)).toEqual({ repo, revision })
})

test('a revision beside the name, and the same twice', () => {
  expect(parseHubName('a/b', 'x')).toEqual({ repo: 'a/b', revision: 'x' })
  expect(parseHubName('a/b@x', 'x')).toEqual({ repo: 'a/b', revision: 'x' })
})

test('two revisions that differ are an error that names both', () => {
  expect(() => parseHubName('a/b@x', 'y')).toThrow(expect.objectContaining({ code: 'OPTION_REVISION' }))
  expect(() => parseHubName('a/b@x', 'y')).toThrow(/"x".*"y"/)
})

test.each(['bert-base-NER', '', '@main', 'a/b/c', 'a//b', '-a/b', 'a/b.', 'a/b--c', 'a/b.git', 'a/..b', 'a b/c', 'ä/b', 'https://huggingface.co/a/b', `a/${'b'.repeat(100)}`])(
  '%j is none, and the error says what one is',
  text => {
    expect(() => parseHubName(text)).toThrow(expect.objectContaining({ code: 'OPTION_MODEL' }))
    expect(() => parseHubName(text)).toThrow(/owner\/name/)
  },
) // prettier-ignore

test.each(['a/b@', 'a/b@../x', 'a/b@x/../../y', 'a/b@/x', 'a/b@x/', 'a/b@.x', 'a/b@x.lock', 'a/b@-x', 'a/b@x y', 'a/b@x\0', 'a/b@x\\y', 'a/b@x%2f', 'a/b@HEAD@{1}?'])(
  '%j has no revision that git would take',
  text => expect(() => parseHubName(text)).toThrow(expect.objectContaining({ code: 'OPTION_REVISION' })),
) // prettier-ignore

test.each(['./a/b', '../a/b', '/a/b', '~/a/b', '.', 'C:\\a', 'C:/a', 'a\\b', 'file:a/b', 'a/b/'])(
  '%s is a path',
  text => expect(looksLikePath(text)).toBe(true),
)

describe('the shards of an index', () => {
  const index = (map: unknown) => new TextEncoder().encode(JSON.stringify({ weight_map: map }))
  test('each once', () => {
    expect(shardsOf(index({ a: 'x-1.safetensors', b: 'x-2.safetensors', c: 'x-1.safetensors' }))).toEqual([
      'x-1.safetensors',
      'x-2.safetensors',
    ])
  })
  test.each([{ a: '../x.safetensors' }, { a: 'x.bin' }, { a: '/x.safetensors' }, { a: 1 }, {}, null, { a: '.safetensors' }])(
    'refuses %j',
    map => expect(() => shardsOf(index(map))).toThrow(expect.objectContaining({ code: 'SOURCE_HUB_FILES' })),
  ) // prettier-ignore
})
