/** A session: names out of texts, with one numbering for all of them. */
import { createHmac } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import { createRedactor } from '../../dist/redact.js'
import { dictionary, fixed } from './dictionary.ts'

const PEOPLE = dictionary({
  'Ada Lovelace': 'PER',
  Ada: 'PER',
  Bob: 'PER',
  Rome: 'LOC',
  'New York': 'LOC',
  'New\nYork': 'LOC',
})

describe('numbers', () => {
  test('live as long as the session', async () => {
    const r = createRedactor(PEOPLE)
    expect((await r.redact('Ada met Bob')).text).toBe('[PER_1] met [PER_2]')
    expect((await r.redact('Bob met Ada in Rome')).text).toBe('[PER_2] met [PER_1] in [LOC_1]')
    r.clear()
    expect((await r.redact('Bob')).text).toBe('[PER_1]')
  })

  test('the same through stream, in the order of the texts', async () => {
    const r = createRedactor(PEOPLE)
    const texts: string[] = []
    for await (const { text } of r.stream(['Ada', 'Bob', 'Ada and Bob'])) texts.push(text)
    expect(texts).toEqual(['[PER_1]', '[PER_2]', '[PER_1] and [PER_2]'])
  })

  test('many texts at once: no number is given out twice', async () => {
    const names = Array.from(
      { length: 50 },
      (_, i) => `Person${'abcdefghij'[i % 10]}${'klmno'[i % 5]}${'pqrst'[i % 3]}`,
    )
    const r = createRedactor(dictionary(Object.fromEntries(names.map(name => [name, 'PER']))))
    const texts = await Promise.all(names.map(async name => (await r.redact(name)).text))
    const pairs = new Set(names.map((name, i) => `${name} ${texts[i]}`))
    expect(pairs.size).toBe(new Set(names).size)
    expect(new Set(texts).size).toBe(new Set(names).size)
  })

  test('labels count by themselves; odd labels are written so that they can be read back', async () => {
    const r = createRedactor(dictionary({ Ada: 'geo-loc', Bob: 'given name', Rome: '人名' }))
    const { text } = await r.redact('Ada Bob Rome')
    expect(text).toBe('[geo-loc_1] [given_name_1] [人名_1]')
    expect(r.restore('(GEO LOC 1) [Given Name 1] 【人名1】')).toBe('Ada Bob Rome')
  })
})

describe('one name in several spellings', () => {
  test.each([
    ['white space and line breaks', 'New York', 'New\nYork', {}],
    ['no-break spaces', 'New York', 'New\u00a0York', {}],
    ['normal form', 'Jos\u00e9', 'Jose\u0301', {}],
    ['width', 'Ada', 'Ａｄａ', {}],
    ['soft hyphens', 'Lovelace', 'Love\u00adlace', {}],
    ['case, by option', 'Ada', 'ADA', { ignoreCase: true }],
    ['case, ß', 'Strauß', 'STRAUSS', { ignoreCase: true }],
  ])('%s', async (_, first, second, options) => {
    const r = createRedactor(dictionary({ [first]: 'X', [second]: 'X' }), options)
    expect((await r.redact(`${first}, ${second}.`)).text).toBe('[X_1], [X_1].')
    expect(r.restore('[X_1]')).toBe(first)
  })

  test('other names are others: case without the option, parts of a word, other types', async () => {
    const r = createRedactor(dictionary({ Ada: 'PER', ADA: 'PER', John: 'PER', Johnson: 'PER', Rome: 'LOC' }))
    expect((await r.redact('Ada ADA John Johnson')).text).toBe('[PER_1] [PER_2] [PER_3] [PER_4]')
    const both = createRedactor(fixed(['PER', 0, 3], ['ORG', 4, 7]))
    expect((await both.redact('Ada Ada')).text).toBe('[PER_1] [ORG_1]')
  })

  test.each([
    ["Ada's", "[X_1]'s"],
    ['Ada\u2019s', '[X_1]\u2019s'],
    ["Jones'", "[X_1]'"],
    ["ADA'S", "[X_1]'S"],
    ["O'Brien", '[X_1]'],
    [' Ada\n', ' [X_1]\n'],
  ])('a possessive and the spaces around it stay outside: %j', async (text, redacted) => {
    const r = createRedactor(fixed(['X', 0, text.length]))
    expect((await r.redact(text)).text).toBe(redacted)
    expect(r.restore(redacted)).toBe(text)
  })
})

describe('names that come again', () => {
  const once = (): ReturnType<typeof dictionary> => {
    let calls = 0
    const inner = dictionary({ 'Ada Lovelace': 'PER' })
    return Object.assign((text: string) => (calls++ === 0 ? inner(text, {}) : Promise.resolve([])), {
      stream: inner.stream.bind(inner),
    })
  }

  test('are replaced wherever they stand as words of their own', async () => {
    const r = createRedactor(once())
    await r.redact('Ada Lovelace')
    const { text, entities } = await r.redact('Ada\nLovelace wrote; Ada Lovelaces did not, nor xAda Lovelace.')
    expect(text).toBe('[PER_1] wrote; Ada Lovelaces did not, nor xAda Lovelace.')
    expect(entities).toEqual([
      { entity_group: 'PER', score: 1, source: 'repeat', start: 0, end: 12, replacement: '[PER_1]' },
    ])
  })

  test('before the place where the model found it, too', async () => {
    const r = createRedactor(fixed(['PER', 9, 12]))
    expect((await r.redact('Ada? No, Ada!')).text).toBe('[PER_1]? No, [PER_1]!')
  })

  test('not with repeats: false, and not short or lower-case ones', async () => {
    const off = createRedactor(once(), { repeats: false })
    await off.redact('Ada Lovelace')
    expect((await off.redact('Ada Lovelace')).text).toBe('Ada Lovelace')
    const r = createRedactor(fixed(['PER', 0, 2], ['ORG', 3, 6]))
    expect((await r.redact('Al the, Al the')).text).toBe('[PER_1] [ORG_1], Al the')
  })

  test('in a session that was imported', async () => {
    const first = createRedactor(PEOPLE)
    await first.redact('Ada')
    const r = createRedactor(null)
    r.import(JSON.parse(JSON.stringify(first.export())))
    expect((await r.redact('Ada and Bob')).text).toBe('[PER_1] and Bob')
  })
})

describe('placeholders in the text', () => {
  test('are never given out again', async () => {
    const r = createRedactor(PEOPLE)
    expect((await r.redact('[PER_1] and Ada')).text).toBe('[PER_1] and [PER_2]')
    expect((await r.redact('Bob')).text).toBe('[PER_3]')
    expect(r.restore('[PER_1] and [PER_2], [PER_3]')).toBe('[PER_1] and Ada, Bob')
  })

  test.each(['(per 1)', 'PER_1', '【PER-1】', '[**PER_1**]', '[PERS_1]', '\\[PER\\_1\\]'])(
    'in every form that restore reads: %s',
    async form => {
      const r = createRedactor(PEOPLE)
      const text = `${form} and Ada`
      const redacted = await r.redact(text)
      expect(redacted.text).toBe(`${form} and [PER_2]`)
      expect(r.restore(redacted.text)).toBe(text)
    },
  )

  test.each(['label', 'surrogate', 'mask', 'hash'] as const)('redacting twice changes nothing: %s', async style => {
    // The second time the model finds what stands in the places of names.
    const greedy = dictionary({
      'Ada Lovelace': 'PER',
      Rome: 'LOC',
      PER_1: 'PER',
      LOC_1: 'ORG',
      PER: 'ORG',
      '█': 'PER',
    })
    const key = style === 'hash' ? { key: 'k'.repeat(16) } : {}
    const r = createRedactor(greedy, { style, ...key })
    const once = await r.redact('Ada Lovelace went to Rome, Ada Lovelace left Rome.')
    expect(once.text).not.toMatch(/Ada|Rome/)
    expect((await r.redact(once.text)).text).toBe(once.text)
    if (style !== 'surrogate') {
      const other = createRedactor(greedy, { style, ...key })
      expect((await other.redact(once.text)).text).toBe(once.text)
    }
  })
})

test('the model sees names in the place of placeholders, so that it finds what it found before', async () => {
  // It finds the word before a name, if it does not know the name.
  const find = (text: string) => {
    const at = text.indexOf('Ada')
    const [start, end] = at < 0 ? [0, 4] : [at, at + 3]
    return [{ entity_group: 'PER', score: 1, word: '', start, end }]
  }
  const seen: string[] = []
  const ner = Object.assign(
    (text: string) => {
      seen.push(text)
      return Promise.resolve(find(text))
    },
    {
      async *stream(texts: AsyncIterable<string>) {
        for await (const text of texts) yield find(text)
      },
    },
  )
  const r = createRedactor(ner)
  const { text } = await r.redact('Then Ada left, with 3.')
  expect(text).toBe('Then [PER_1] left, with 3.')
  const more = `${text} And **(per 1)**'s dog.`
  expect((await r.redact(more)).text).toBe(more)
  expect(seen[1]).toBe("Then Ada left, with 3. And **Ada**'s dog.")
  for await (const again of r.stream([text])) expect(again.text).toBe(text)
  // What overlaps a placeholder: the rest goes.
  const wide = createRedactor(dictionary({ 'Ada Lovelace': 'PER', Ada: 'PER' }))
  await wide.redact('Ada')
  expect((await wide.redact('x [PER_1] Lovelace y')).text).toBe('x [PER_1] [PER_2] y')
})

test('a name does not go on behind a blank line', async () => {
  const text = 'Bob Smith\n\nHi Bob\nByron'
  const r = createRedactor(fixed(['PER', 0, text.length]))
  const redacted = await r.redact(text)
  expect(redacted.text).toBe('[PER_1]\n\n[PER_2]')
  expect(r.restore(redacted.text)).toBe(text)
})

describe('every character of a name goes', () => {
  test.each([
    ['a combining accent', 'Jose\u0301', 4],
    ['a vowel sign', 'नेहरू', 4],
    ['a variation selector', 'Ada\ufe0f', 3],
    ['a joiner', 'नेहर्\u200d', 4],
    ['a joined picture', 'Ada \u{1f469}\u200d\u{1f52c}', 6],
    ['a skin tone', 'Ada \u{1f44d}\u{1f3fd}', 6],
    ['the other half of a pair', 'Ada \u{1f44d}', 5],
  ])('%s', async (_, name, end) => {
    const text = `${name} spoke`
    const r = createRedactor(fixed(['PER', 0, end]))
    const redacted = await r.redact(text)
    expect(redacted.text).toBe('[PER_1] spoke')
    expect(redacted.entities[0]?.end).toBe(name.length)
    expect(r.restore(redacted.text)).toBe(text)
  })

  test('but not those of the next name', async () => {
    const r = createRedactor(fixed(['A', 0, 1], ['B', 1, 3]))
    expect((await r.redact('e\u0301x')).text).toBe('[A_1][B_1]')
  })
})

describe('only, except, threshold', () => {
  const ner = dictionary({ Ada: 'PER', Rome: 'LOC' })
  test.each([
    [{ only: ['PER'] }, '[PER_1] Rome a@b.org'],
    [{ only: ['loc', 'EMAIL'], patterns: ['EMAIL'] }, 'Ada [LOC_1] [EMAIL_1]'],
    [{ except: ['PER'], patterns: ['EMAIL'] }, 'Ada [LOC_1] [EMAIL_1]'],
    [{ except: ['EMAIL'], patterns: ['EMAIL'] }, '[PER_1] [LOC_1] a@b.org'],
  ] as const)('%j', async (options, text) => {
    expect((await createRedactor(ner, options).redact('Ada Rome a@b.org')).text).toBe(text)
  })

  test('the pipeline is called for whole words in our offsets, whatever its defaults', async () => {
    let seen: object = {}
    const spy = Object.assign(
      (_: string, options: object) => {
        seen = options
        return Promise.resolve([])
      },
      { stream: ner.stream.bind(ner) },
    )
    const { signal } = new AbortController()
    await createRedactor(spy, { threshold: 0.5 }).redact('x', { signal })
    expect(seen).toMatchObject({ aggregation_strategy: 'first', offsetUnit: 'utf16', threshold: 0.5, signal })
  })
})

describe('styles', () => {
  const ner = dictionary({
    'Ada Lovelace': 'PER',
    'BOB BYRON': 'PER',
    Ada: 'PER',
    Rome: 'LOC',
    Acme: 'ORG',
    Oscars: 'MISC',
  })

  test('mask: nothing is kept, and restore says so', async () => {
    const r = createRedactor(ner, { style: 'mask' })
    expect(await r.redact('Ada Lovelace in Rome')).toMatchObject({ text: '███ ████████ in ████', mapping: {} })
    expect(r.export().names).toEqual([])
    for (const call of [() => r.restore('x'), () => r.restoreStream()]) {
      expect(call).toThrow(expect.objectContaining({ code: 'REDACT_ONE_WAY' }))
    }
  })

  test('hash: HMAC-SHA-256 of the name in one spelling, as node:crypto has it', async () => {
    const key = '0123456789abcdef'
    const hmac = (name: string) => createHmac('sha256', key).update(name).digest('hex').slice(0, 12)
    for (const secret of [key, new TextEncoder().encode(key)]) {
      const r = createRedactor(dictionary({ 'Ada\nLovelace': 'PER', Rome: 'LOC' }), { style: 'hash', key: secret })
      const { text, mapping } = await r.redact('Ada\nLovelace, Rome')
      expect(text).toBe(`[PER_${hmac('Ada Lovelace')}], [LOC_${hmac('Rome')}]`)
      expect(mapping).toEqual({})
      expect(r.export().names).toEqual([])
      expect(() => r.restore(text)).toThrow(expect.objectContaining({ code: 'REDACT_ONE_WAY' }))
    }
  })

  test.each([[undefined], ['short'], [new Uint8Array(15)], [7 as never]])('hash with the key %p is refused', key => {
    const options = { style: 'hash' as const, ...(key === undefined ? {} : { key }) }
    expect(() => createRedactor(ner, options)).toThrow(
      expect.objectContaining({ code: 'OPTION_VALUE', subject: 'key' }),
    )
  })

  test('a key is never shown', () => {
    const secrets = [{ key: 'my secret, long enough' }, { style: 'hash' as const, key: 'my secret' }]
    for (const options of secrets) {
      try {
        createRedactor(ner, options)
        throw new Error('not refused')
      } catch (error) {
        expect((error as { code?: string }).code).toBe('OPTION_VALUE')
        expect((error as Error).message).not.toContain('secret,')
        expect((error as Error).message).not.toContain('my secret')
      }
    }
  })

  test('surrogate: another name of the same shape, the same throughout, and back', async () => {
    const r = createRedactor(ner, { style: 'surrogate' })
    const text = 'Ada Lovelace and BOB BYRON of Acme met Ada in Rome at the Oscars. Ada Lovelace left.'
    const redacted = await r.redact(text)
    const [ada, bob, acme, single, rome] = redacted.entities.map(({ replacement }) => replacement)
    expect(ada).toMatch(/^[A-Z][a-z]+ [A-Z][a-z]+$/)
    expect(bob).toMatch(/^[A-Z]+ [A-Z]+$/)
    for (const one of [acme, single, rome]) expect(one).toMatch(/^[A-Z][a-z]+$/)
    expect(redacted.text.split(ada ?? '')).toHaveLength(3)
    expect(redacted.text).not.toMatch(/Ada|BOB|Acme|Rome|Oscars/)
    expect(r.restore(redacted.text)).toBe(text)
  })

  test('surrogate: none that the text has already', async () => {
    const names = Array.from(
      { length: 300 },
      (_, i) => `N${i.toString(36).replaceAll(/\d/g, d => 'klmnopqrst'[+d] ?? '')}x Zz`,
    )
    const make = () =>
      createRedactor(dictionary(Object.fromEntries(names.map(name => [name, 'PER']))), { style: 'surrogate' })
    const first = await make().redact(names[0] ?? '')
    const r = make()
    const text = `${first.text} is not ${names.join(', ')}`
    const redacted = await r.redact(text)
    expect(new Set(redacted.entities.map(({ replacement }) => replacement)).size).toBe(new Set(names).size)
    expect(r.restore(redacted.text)).toBe(text)
  })

  test('a function: called once for each name, restored to the letter', async () => {
    const calls: unknown[] = []
    const style = ({ entity_group }: { entity_group: string }, name: string, number: number) => {
      calls.push([entity_group, name, number])
      return `<${entity_group} no. ${number}>`
    }
    const r = createRedactor(ner, { style })
    const { text, mapping } = await r.redact('Ada, Rome, Ada')
    expect(text).toBe('<PER no. 1>, <LOC no. 1>, <PER no. 1>')
    expect(mapping).toEqual({ '<PER no. 1>': 'Ada', '<LOC no. 1>': 'Rome' })
    expect(calls).toEqual([
      ['PER', 'Ada', 1],
      ['LOC', 'Rome', 1],
    ])
    expect(r.restore(text)).toBe('Ada, Rome, Ada')
    const same = createRedactor(ner, { style: () => 'someone' })
    expect(same.restore((await same.redact('Ada met Rome')).text)).toBe('someone met someone')
    const none = createRedactor(ner, { style: (() => undefined) as never })
    await expect(none.redact('Ada')).rejects.toMatchObject({ code: 'REDACT_STYLE' })
  })
})

describe('finders and patterns', () => {
  test('go before the model, and nothing of what it found is left', async () => {
    const r = createRedactor(fixed(['PER', 0, 11]), { patterns: ['EMAIL'] })
    expect((await r.redact('Ada <ada@b.org> Lovelace')).text).toBe('[PER_1] <[EMAIL_1]> Lovelace')
    const cut = createRedactor(fixed(['PER', 4, 20]), { finders: [() => [{ label: 'ID', start: 8, end: 12 }]] })
    expect((await cut.redact('the Ada 1234 Lovelace')).text).toBe('the [PER_1] [ID_1] [PER_2]e')
  })

  test('a finder may be slow, and finds without a model', async () => {
    const finder = (text: string) =>
      Promise.resolve([{ label: 'DOC', start: text.indexOf('#'), end: text.indexOf('#') + 3 }])
    const r = createRedactor(null, { finders: [finder] })
    expect(await r.redact('see #42')).toEqual({
      text: 'see [DOC_1]',
      entities: [{ entity_group: 'DOC', score: 1, source: 'finder', start: 4, end: 7, replacement: '[DOC_1]' }],
      mapping: { '[DOC_1]': '#42' },
    })
  })

  test.each([
    ['no list', 7],
    ['no span', [null]],
    ['outside of the text', [{ label: 'A', start: 0, end: 9 }]],
    ['empty', [{ label: 'A', start: 1, end: 1 }]],
    ['no label', [{ start: 0, end: 1 }]],
  ])('a finder that gives %s is refused', async (_, spans) => {
    const r = createRedactor(null, { finders: [() => spans as never] })
    await expect(r.redact('text')).rejects.toMatchObject({ code: 'OPTION_FINDER' })
  })
})

describe('export, import', () => {
  test('plain JSON goes on where another session stopped', async () => {
    const first = createRedactor(PEOPLE)
    await first.redact('[PER_2] Ada in Rome')
    const mapping: unknown = JSON.parse(JSON.stringify(first.export()))
    expect(mapping).toEqual({
      format: 'bert-ner mapping',
      version: 1,
      names: [
        { label: 'PER', number: 1, name: 'Ada', replacement: '[PER_1]' },
        { label: 'LOC', number: 1, name: 'Rome', replacement: '[LOC_1]' },
      ],
      reserved: ['PER_2'],
    })
    const second = createRedactor(PEOPLE)
    second.import(mapping)
    expect((await second.redact('Bob, Ada')).text).toBe('[PER_3], [PER_1]')
    expect(second.restore('[LOC_1] [PER_2] [PER_3]')).toBe('Rome [PER_2] Bob')
  })

  test('surrogates come back as well', async () => {
    const first = createRedactor(PEOPLE, { style: 'surrogate' })
    const { text } = await first.redact('Ada Lovelace')
    const second = createRedactor(null, { style: 'surrogate' })
    second.import(first.export())
    expect(second.restore(`${text}!`)).toBe('Ada Lovelace!')
  })

  test('a mapping that says otherwise is refused whole', async () => {
    const one = createRedactor(PEOPLE)
    await one.redact('Ada')
    const other = createRedactor(PEOPLE)
    await other.redact('Bob')
    expect(() => one.import(other.export())).toThrow(expect.objectContaining({ code: 'REDACT_MAPPING_CONFLICT' }))
    expect(one.restore('[PER_1]')).toBe('Ada')
    one.import(one.export())
  })

  const name = { label: 'PER', number: 1, name: 'Secret', replacement: '[PER_1]' }
  const whole = { format: 'bert-ner mapping', version: 1, names: [name], reserved: [] }
  test.each([
    [null],
    ['{}'],
    [{}],
    [{ ...whole, format: 'other' }],
    [{ ...whole, version: 2 }],
    [{ ...whole, names: {} }],
    [{ ...whole, names: [null] }],
    [{ ...whole, names: [{ ...name, number: 0 }] }],
    [{ ...whole, names: [{ ...name, number: '1' }] }],
    [{ ...whole, names: [{ ...name, name: '' }] }],
    [{ ...whole, names: [{ ...name, replacement: 3 }] }],
    [{ ...whole, reserved: [1] }],
  ])('%j is no mapping, and no name is shown', value => {
    const r = createRedactor(null)
    expect(() => r.import(value)).toThrow(expect.objectContaining({ code: 'REDACT_MAPPING' }))
    expect(() => r.import(value)).not.toThrow(/Secret/)
    expect(r.export().names).toEqual([])
  })
})

test.each([
  [{ only: ['PER'], except: ['LOC'] }, 'OPTION_VALUE'],
  [{ style: 'stars' }, 'OPTION_VALUE'],
  [{ patterns: ['ZIP'] }, 'OPTION_VALUE'],
  [{ finders: ['x'] }, 'OPTION_VALUE'],
  [{ threshold: 2 }, 'OPTION_VALUE'],
  [{ masks: true }, 'OPTION_UNKNOWN'],
  [null, 'OPTION_VALUE'],
])('options %j are refused: %s', (options, code) => {
  expect(() => createRedactor(null, options as never)).toThrow(expect.objectContaining({ code }))
})

test('entities that are not of the text, and labels of any length', async () => {
  for (const entity of [
    ['PER', 0, 9],
    ['PER', -1, 2],
    ['PER', 2, 1],
  ] as const) {
    await expect(createRedactor(fixed([...entity])).redact('text')).rejects.toMatchObject({ code: 'OPTION_ENTITIES' })
  }
  const r = createRedactor(fixed(['LABEL '.repeat(50), 0, 3]))
  const { text } = await r.redact('Ada left')
  expect(text.length).toBeLessThan(64)
  expect(r.restore(text)).toBe('Ada left')
})

test('what is no pipeline, and what is no text', async () => {
  expect(() => createRedactor({} as never)).toThrow(expect.objectContaining({ code: 'OPTION_VALUE' }))
  await expect(createRedactor(null).redact(7 as never)).rejects.toMatchObject({ code: 'OPTION_VALUE' })
})
