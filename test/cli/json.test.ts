/** JSON in pieces is JSON. */
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { jsonPieces } from '../../dist/cli/json.js'

test('reads back as what was given', () => {
  fc.assert(
    fc.property(fc.jsonValue({ stringUnit: 'binary' }), value => {
      const json = [...jsonPieces(value)].join('')
      expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify(value)))
    }),
  )
})

test('lists of scalars stay on a line; what could steer a terminal is escaped', () => {
  const value = {
    offsets: [[0, 1], []],
    none: {},
    left: undefined,
    text: 'a\u001b\u009b\u061c\u202e\n',
    '\u009b': null,
  }
  expect([...jsonPieces(value)].join('')).toBe(
    [
      '{',
      '  "offsets": [',
      '    [0,1],',
      '    []',
      '  ],',
      '  "none": {},',
      '  "text": "a\\u001b\\u009b\\u061c\\u202e\\n",',
      '  "\\u009b": null',
      '}',
    ].join('\n'),
  )
})
