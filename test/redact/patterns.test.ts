/** What has a form: what each pattern takes, what it refuses on purpose, and how long it takes. */
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { findPatterns, PATTERNS, type PatternName } from '../../dist/patterns.js'
import { isSlow } from '../helpers/slow.ts'

/** Surfaces of one pattern in a text. */
function found(text: string, ...patterns: PatternName[]): string[] {
  return findPatterns(text, patterns).map(({ start, end }) => text.slice(start, end))
}

const TAKES: Record<PatternName, [text: string, ...found: string[]][]> = {
  EMAIL: [
    ['write to ada@example.com.', 'ada@example.com'],
    ['<ada.b+tag@mail.example.co.uk>, mailto:x_y@a-b.org', 'ada.b+tag@mail.example.co.uk', 'x_y@a-b.org'],
    ["**o'brien@example.org** 'q@example.org'", "o'brien@example.org", 'q@example.org'],
    ['пример@пример.рф 用户@例子.公司 a@b.xn--p1ai', 'пример@пример.рф', '用户@例子.公司', 'a@b.xn--p1ai'],
    ['a@b.co,c@d.co;e@f.co', 'a@b.co', 'c@d.co', 'e@f.co'],
    [`${'a'.repeat(64)}@b.co`, `${'a'.repeat(64)}@b.co`],
  ],
  URL: [
    ['see https://example.com/a?b=c#d.', 'https://example.com/a?b=c#d'],
    ['(http://example.com/a_(b)) [x](https://y.z)', 'http://example.com/a_(b)', 'https://y.z'],
    ['postgres://user:pw@host:5432/db HTTP://X.Y', 'postgres://user:pw@host:5432/db', 'HTTP://X.Y'],
    ['www.example.com/x, Www.Example.org!', 'www.example.com/x', 'Www.Example.org'],
    ['file:///etc/hosts http://[::1]:80/', 'file:///etc/hosts', 'http://[::1]:80/'],
    ['"https://a.b/\u00fc\u4eba" https://www.a.b', 'https://a.b/\u00fc\u4eba', 'https://www.a.b'],
  ],
  IP: [
    ['from 192.168.0.1:80 to 255.255.255.255/8.', '192.168.0.1', '255.255.255.255'],
    ['2001:db8::1, [fe80::1%eth0] ::1', '2001:db8::1', 'fe80::1', '::1'],
    [
      '1:2:3:4:5:6:7:8 ::ffff:10.0.0.1 2001:DB8:0:0:0:0:0:1.',
      '1:2:3:4:5:6:7:8',
      '::ffff:10.0.0.1',
      '2001:DB8:0:0:0:0:0:1',
    ],
    ['1::, then', '1::'],
  ],
  CARD: [
    ['4111 1111 1111 1111, 4111111111111111', '4111 1111 1111 1111', '4111111111111111'],
    ['5500-0000-0000-0004 3400 000000 00009', '5500-0000-0000-0004', '3400 000000 00009'],
    ['3000 000000 0004, 6011000000000004', '3000 000000 0004', '6011000000000004'],
    ['on 2024 4111 1111 1111 1111 99', '4111 1111 1111 1111'],
    ['4222222222222', '4222222222222'],
  ],
  IBAN: [
    ['GB82 WEST 1234 5698 7654 32.', 'GB82 WEST 1234 5698 7654 32'],
    ['DE89370400440532013000 and de89 3704 0044 0532 0130 00', 'DE89370400440532013000', 'de89 3704 0044 0532 0130 00'],
    ['NO9386011117947, MT84MALT011000012345MTLCAST001S', 'NO9386011117947', 'MT84MALT011000012345MTLCAST001S'],
  ],
  PHONE: [
    ['call +1 (212) 555-0123 or +442079460958.', '+1 (212) 555-0123', '+442079460958'],
    ['+49 (0)30/12 34 56-78, +33.1.23.45.67.89', '+49 (0)30/12 34 56-78', '+33.1.23.45.67.89'],
    ['tel:+12125550123;ext=5', '+12125550123'],
    ['+1 212 555 0123 2024 11', '+1 212 555 0123 2024'],
  ],
  SSN: [
    ['SSN 123-45-6789, 123 45 6789', '123-45-6789', '123 45 6789'],
    ['899-99-9999', '899-99-9999'],
  ],
  MAC: [
    ['00:1A:2b:3c:4d:5e, 00-1A-2B-3C-4D-5E', '00:1A:2b:3c:4d:5e', '00-1A-2B-3C-4D-5E'],
    ['001a.2b3c.4d5e', '001a.2b3c.4d5e'],
  ],
  UUID: [
    ['{550e8400-e29b-41d4-a716-446655440000}', '550e8400-e29b-41d4-a716-446655440000'],
    ['00000000-0000-0000-0000-000000000000', '00000000-0000-0000-0000-000000000000'],
  ],
  DATE: [
    ['on 2024-02-29, or 1999-12-31.', '2024-02-29', '1999-12-31'],
    ['2024-01-31T10:00:00.123Z 2024-01-31 10:00', '2024-01-31T10:00:00.123Z', '2024-01-31 10:00'],
    ['2024-01-31T23:59:60+05:30', '2024-01-31T23:59:60+05:30'],
    ['2024-01-31 25:00', '2024-01-31'],
  ],
}

const REFUSES: Record<PatternName, string[]> = {
  EMAIL: ['a@b', 'root@localhost', '"a b"@x.org"'.replace('x.org"', ''), 'a@[1.2.3.4]', '@x.org', 'a@-x.org', 'a.@x.org', 'a@b.c', 'a@1.2', `${'a'.repeat(65)}@b.co`, 'ada at x dot org'],
  URL: ['example.com', 'readme.md', 'mailto:a@b.co', '://x', 'http://', 'a:b', '/a/b', 'awww.b', 'www.'],
  IP: ['1.2.3', '1.2.3.4.5', '256.1.1.1', '01.2.3.4', 'v1.2.3.4x', 'a::b', '::', 'std::x', '12:30:45', '1::2::3', '1:2:3:4:5:6:7:8:9', '00:1A:2B:3C:4D:5E', '12345::1'],
  CARD: ['4111 1111 1111 1112', '1111 1111 1111 1117', '4111-1111 1111 1111', 'x4111111111111111', '4111111111111111x', '0000000000000000', '41 11 11 11 11 11 11 11', '0.4111111111111111'],
  IBAN: ['GB82 WEST 1234 5698 7654 33', 'GB82WEST123456987654321', 'XX82WEST12345698765432', 'GB82 WE ST1234 5698 7654 32', 'xGB82WEST12345698765432', 'Gb82WEST12345698765432'],
  PHONE: ['212 555 0123', '0044 20 7946 0958', '+0123456789', '+1234567', 'a+12125550123', '++12125550123', '+1---2125550123', '1+1'],
  SSN: ['000-12-3456', '666-12-3456', '900-12-3456', '123-00-4567', '123-45-0000', '123456789', '123-45 6789', '1123-45-6789', '123-45-67890', '1-123-45-6789'],
  MAC: ['00:1A:2B:3C:4D', '00:1A:2B:3C:4D:5E:6F', '00:1A-2B:3C:4D:5E', '001A2B3C4D5E', '0:1A:2B:3C:4D:5E:', 'G0:1A:2B:3C:4D:5E'],
  UUID: ['550e8400e29b41d4a716446655440000', '550e8400-e29b-41d4-a716-44665544000', '550e8400-e29b-41d4-a716-4466554400000', 'g50e8400-e29b-41d4-a716-446655440000'],
  DATE: ['2023-02-29', '1900-02-29', '2024-13-01', '2024-00-10', '2024-01-32', '20240131', '2024-01', '2024-W05-1', '24-01-31', '2024-1-31', '2024-01-31-07', 'x2024-01-31', '2024/01/31', '31.01.2024'],
} // prettier-ignore

describe.each(PATTERNS)('%s', name => {
  test.each(TAKES[name])('takes %j', (text, ...surfaces) => {
    expect(found(text, name)).toEqual(surfaces)
  })

  test.each(REFUSES[name])('refuses %j', text => {
    expect(found(text, name)).toEqual([])
    expect(found(`in ${text} it`, name)).toEqual([])
  })
})

test('a date is found although its year looks like a card group, and so on: all at once', () => {
  const text =
    'Mail ada@x.org (+44 20 7946 0958) on 2024-01-31 from 10.0.0.1, card 4111 1111 1111 1111, https://a@x.org/10.0.0.2'
  expect(findPatterns(text).map(({ label, start, end }) => [label, text.slice(start, end)])).toEqual([
    ['EMAIL', 'ada@x.org'],
    ['PHONE', '+44 20 7946 0958'],
    ['DATE', '2024-01-31'],
    ['IP', '10.0.0.1'],
    ['CARD', '4111 1111 1111 1111'],
    ['URL', 'https://a@x.org/10.0.0.2'],
  ])
})

test.each([
  [7, []],
  ['x', ['ZIP']],
  ['x', 'EMAIL'],
])('findPatterns(%j, %j) is refused', (text, patterns) => {
  expect(() => findPatterns(text as never, patterns as never)).toThrow(
    expect.objectContaining({ code: 'OPTION_VALUE' }),
  )
})

test('whatever the text, spans are in order, apart, and within it', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      '@',
      '.',
      ':',
      '://',
      'www.',
      '-',
      '+',
      ' ',
      '4111',
      '2024-01-31',
      'DE89',
      'a',
      '1',
      '\u{1f600}',
      '\ud83d',
      'é',
      '人',
    ),
    fc.string({ maxLength: 3, unit: 'binary' }),
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), pieces => {
      const text = pieces.join('')
      let last = 0
      for (const { start, end } of findPatterns(text)) {
        expect(start >= last && end > start && end <= text.length).toBe(true)
        last = end
      }
    }),
    { seed: 20, numRuns: 1000 },
  )
})

/** The piece that makes a scanner look farthest before it gives up, measured among some for each. */
const WORST: Record<PatternName, string> = {
  EMAIL: 'a@b.',
  URL: 'a://!',
  IP: '1.1.1.',
  CARD: '4444 ',
  IBAN: 'DE12 ',
  PHONE: '+1 ',
  SSN: '123-45-',
  MAC: 'aa:',
  UUID: 'aaaaaaaa-',
  DATE: '2024-01-01 ',
}

const MEGABYTES = isSlow ? 10 : 1

test.each(PATTERNS)(
  `%s: ${MEGABYTES} MB of the worst are read in time that grows with them`,
  name => {
    const piece = WORST[name]
    const text = piece.repeat((MEGABYTES * 1e6) / piece.length)
    const start = performance.now()
    findPatterns(text, [name])
    // A second or two for each megabyte; a scanner that starts anew at each place would take minutes for the first.
    expect(performance.now() - start).toBeLessThan(MEGABYTES * 15_000)
  },
  120_000,
)
