import { describe, expect, test } from '@jest/globals'
import type { Entity } from '../../dist/ner/entity.js'
import { redact } from '../../dist/redact/redact.js'
import { render } from '../../dist/redact/render.js'

const entity = (entity_group: string, start: number, end: number): Entity => ({
  entity_group,
  score: 1,
  word: '',
  start,
  end,
})

/** `find(text, ['PER', 'Ada'])`: every occurrence. */
function find(text: string, ...names: [label: string, surface: string][]): Entity[] {
  return names.flatMap(([label, surface]) => {
    const found: Entity[] = []
    for (let at = text.indexOf(surface); at >= 0; at = text.indexOf(surface, at + 1)) {
      found.push(entity(label, at, at + surface.length))
    }
    return found
  })
}

describe('redact', () => {
  const text = 'Ada met Bo in Rome. Bo left, Ada stayed.'
  const entities = find(text, ['LOC', 'Rome'], ['PER', 'Ada'], ['PER', 'Bo'])

  test('label: the same surface has the same number, each label counts by itself', () => {
    expect(redact(text, entities)).toBe('[PER_1] met [PER_2] in [LOC_1]. [PER_2] left, [PER_1] stayed.')
  })

  test('mask: a block for each character, spaces stay', () => {
    expect(redact('In New York 😀!', [entity('LOC', 3, 11), entity('X', 12, 14)], { style: 'mask' })).toBe(
      'In ███ ████ █!',
    )
  })

  test('a function gets the entity, its surface and its number', () => {
    const style = ({ score }: Entity, surface: string, number: number) => `<${surface} ${number} ${score}>`
    expect(redact('Ada, Bo', find('Ada, Bo', ['PER', 'Ada'], ['PER', 'Bo']), { style })).toBe('<Ada 1 1>, <Bo 2 1>')
  })

  test('names in other spellings are one, and numbers of the text are not given out', () => {
    expect(redact('New York, New\nYork', [entity('LOC', 0, 8), entity('LOC', 10, 18)])).toBe('[LOC_1], [LOC_1]')
    expect(redact('[PER_1] and Ada', [entity('PER', 12, 15)])).toBe('[PER_1] and [PER_2]')
  })

  test.each([
    ['Rene\u0301!', 4],
    ['नेहरू!', 4],
    ['Ada\ufe0f!', 3],
  ])('marks behind the last letter go with it: %j', (name, end) => {
    expect(redact(name, [entity('PER', 0, end)])).toBe('[PER_1]!')
    expect(redact(name, [entity('PER', 0, end)], { style: 'mask' })).toMatch(/^█+!$/)
    expect(render(name, [entity('PER', 0, end)])).toContain(`${name.slice(0, -1)}<span`)
    expect(redact(`${name}x`, [entity('A', 0, 1), entity('B', 1, end)])).toBe('[A_1][B_1]!x')
  })

  test('overlapping entities leave nothing of either', () => {
    expect(redact('abcdefg', [entity('B', 2, 6), entity('A', 1, 3), entity('C', 1, 2)])).toBe('a[A_1]g')
  })

  test('entities of tokens, code point offsets, nothing at all', () => {
    expect(redact('😀Ada', [{ entity: 'B-PER', index: 1, word: 'Ada', score: 1, start: 1, end: 4 }], { offsetUnit: 'codepoint' })).toBe('😀[B-PER_1]') // prettier-ignore
    expect(redact('', [])).toBe('')
  })

  test('entities of another text, and styles that do not exist, are refused', () => {
    for (const [start, end] of [
      [0, 9],
      [-1, 2],
      [2, 1],
      [0, NaN],
    ] as const) {
      expect(() => redact('short', [entity('A', start, end)])).toThrow(
        expect.objectContaining({ code: 'OPTION_ENTITIES' }),
      )
    }
    expect(() => redact('short', [], { style: 'stars' as 'mask' })).toThrow(
      expect.objectContaining({ code: 'OPTION_VALUE' }),
    )
  })

  test.each([
    [[[]], 'OPTION_ENTITIES'], // what a list of texts gives
    [[null], 'OPTION_ENTITIES'],
    [[{ start: 0, end: 1 }], 'OPTION_ENTITIES'],
    [[{ entity_group: 'A', start: 0, end: 1.5 }], 'OPTION_ENTITIES'],
    [null, 'OPTION_VALUE'],
    ['A', 'OPTION_VALUE'],
  ])('%j is no list of entities: %s', (entities, code) => {
    for (const show of [redact, render]) {
      expect(() => show('short', entities as never)).toThrow(expect.objectContaining({ code }))
    }
  })

  test.each([
    [null, 'OPTION_VALUE'],
    [{ mask: true }, 'OPTION_UNKNOWN'],
    [{ offsetUnit: 'bytes' }, 'OPTION_VALUE'],
  ])('options %j are refused: %s', (options, code) => {
    expect(() => redact('short', [], options as never)).toThrow(expect.objectContaining({ code }))
    expect(() => render('short', [], 'html', options as never)).toThrow(expect.objectContaining({ code }))
  })
})

describe('render', () => {
  test('html: everything from outside is escaped', () => {
    const html = render(`<b>&"Ada"'</b>`, [entity('<i>', 5, 8)], 'html')
    expect(html).toContain('&lt;b&gt;&amp;&quot;<mark')
    expect(html).toContain('<mark class="entity" data-entity="&lt;i&gt;"')
    expect(html).toContain('>Ada<span')
    expect(html).toContain('>&lt;i&gt;</span></mark>&quot;&#39;&lt;/b&gt;')
  })

  test('html without its tags is the text with its labels', () => {
    const html = render('Ada in Rome', find('Ada in Rome', ['PER', 'Ada'], ['LOC', 'Rome']))
    expect(html.replace(/<[^>]*>/g, '')).toBe('AdaPER in RomeLOC')
    expect(html).toMatch(/^<div class="entities"[^>]*>/)
  })

  test('ansi: marked by colours, each type with its own, reset after each', () => {
    const ansi = render('Ada in Rome', find('Ada in Rome', ['PER', 'Ada'], ['LOC', 'Rome']), 'ansi')
    expect(ansi).toBe(
      '\u001b[30;48;5;153m Ada \u001b[1mPER \u001b[0m in \u001b[30;48;5;157m Rome \u001b[1mLOC \u001b[0m',
    )
  })

  test('ansi: control characters of the text are shown, not obeyed', () => {
    expect(render('a\u001b[2Jb\tc\nd\u0000\u007f\u009b', [], 'ansi')).toBe('a␛[2Jb\tc\nd␀␡\\u009b')
  })

  test('formats that do not exist are refused', () => {
    expect(() => render('', [], 'pdf' as 'html')).toThrow(expect.objectContaining({ code: 'OPTION_VALUE' }))
  })
})
