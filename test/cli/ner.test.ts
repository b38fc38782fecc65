/** `bert-ner TEXT` as users have it: a process. */
import { spawn, spawnSync, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { tinyModel } from '../helpers/tiny-model.ts'
import { run, runWith } from './run.ts'

const TEXT = "Angela Merkel met Tim Cook at Apple's office in Berlin."
// Some start the program several times, and a busy machine takes a second for each.
jest.setTimeout(60_000)

const folder = mkdtempSync(join(tmpdir(), 'bert-ner-cli-'))
const tiny = join(folder, 'tiny')

beforeAll(() => {
  mkdirSync(tiny)
  for (const [name, bytes] of Object.entries(tinyModel())) writeFileSync(join(tiny, name), bytes)
})
afterAll(() => {
  rmSync(folder, { recursive: true })
})

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

/** Standard output of a run that has to succeed in silence. */
async function output(args: string[], input?: string | Uint8Array, env: NodeJS.ProcessEnv = {}): Promise<string> {
  const { status, stdout, stderr } = await runWith({ ...(input === undefined ? {} : { input }), env }, ...args)
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  return stdout
}

const parse = (text: string): unknown => JSON.parse(text)

describe('formats, with the model of the package', () => {
  const entities = [
    { entity_group: 'PER', word: 'angela merkel', start: 0, end: 13 },
    { entity_group: 'PER', word: 'tim cook', start: 18, end: 26 },
    { entity_group: 'ORG', word: 'apple', start: 30, end: 35 },
    { entity_group: 'LOC', word: 'berlin', start: 48, end: 54 },
  ].map(entity => expect.objectContaining(entity) as object)

  test('pretty: brackets where there is no terminal, and a legend', async () => {
    expect(await output([TEXT])).toBe(
      "[Angela Merkel PER] met [Tim Cook PER] at [Apple ORG]'s office in [Berlin LOC].\n\nPER 2  LOC 1  ORG 1\n",
    )
  })

  test('pretty: colours where they are wanted, and NO_COLOR comes first', async () => {
    const coloured = await output(['Berlin'], undefined, { FORCE_COLOR: '1' })
    const mark = (text: string) => `\u001b[30;48;5;157m ${text} \u001b[1mLOC \u001b[0m`
    expect(coloured).toBe(`${mark('Berlin')}\n\n${mark('1')}\n`)
    expect(await output(['Berlin'], undefined, { FORCE_COLOR: '1', NO_COLOR: '1' })).toBe('[Berlin LOC]\n\nLOC 1\n')
  })

  test('json: what the pipeline returns', async () => {
    expect(parse(await output(['--format', 'json', TEXT]))).toEqual(entities)
  })

  test('jsonl: the text beside it, on one line', async () => {
    const line = await output(['--format', 'jsonl', TEXT])
    expect(parse(line)).toEqual({ text: TEXT, entities })
    expect(line.indexOf('\n')).toBe(line.length - 1)
  })

  test('conll: a word and its tag on each line, an empty line after the text', async () => {
    expect(await output(['--format', 'conll', 'Angela Merkel likes New York.'])).toBe(
      'Angela B-PER\nMerkel I-PER\nlikes O\nNew B-LOC\nYork I-LOC\n. O\n\n',
    )
  })

  test('html: a page', async () => {
    const html = await output(['--format', 'html', `${TEXT} <script>`])
    expect(html).toMatch(/^<!doctype html>\n<meta charset="utf-8">/)
    expect(html.match(/<mark/g)).toHaveLength(4)
    expect(html).toContain('&lt;script&gt;')
  })

  test('redacted', async () => {
    expect(await output(['--format', 'redacted', TEXT])).toBe("[PER_1] met [PER_2] at [ORG_1]'s office in [LOC_1].\n")
  })

  test('aggregation, threshold and stride reach the pipeline', async () => {
    const tokens = parse(await output(['--aggregation', 'none', '--format', 'json', TEXT])) as object[]
    expect(tokens[0]).toMatchObject({ entity: 'B-PER', index: 1 })
    expect(parse(await output(['--threshold', '1', '--format', 'json', TEXT]))).toEqual([])
    expect(parse(await output(['--stride', '4', '--format', 'json', TEXT]))).toEqual(entities)
  })
})

describe('input', () => {
  const json = (...args: string[]) => ['--model', tiny, '--format', 'jsonl', '--aggregation', 'none', ...args]
  const texts = (stdout: string) =>
    stdout
      .split('\n')
      .slice(0, -1)
      .map(line => (parse(line) as { text: string }).text)

  test('several arguments are one text', async () => {
    expect(texts(await output(json('My', 'name', 'is')))).toEqual(['My name is'])
  })

  test('what comes after -- is a text, whatever it begins with', async () => {
    for (const words of [['-5 degrees'], ['help'], ['eval', 'it'], ['--lines']]) {
      expect(texts(await output(json('--', ...words)))).toEqual([words.join(' ')])
    }
  })

  test('- is standard input', async () => {
    expect(texts(await output(json('-'), 'a b'))).toEqual(['a b'])
  })

  test('standard input is one text, or as many as it has lines', async () => {
    expect(texts(await output(json(), 'a b\nc\n'))).toEqual(['a b\nc\n'])
    expect(texts(await output(json('--lines'), '\ufeffa b\n\nc\r\nd'))).toEqual(['a b', '', 'c', 'd'])
    expect(texts(await output(json('--lines'), ''))).toEqual([])
    expect(texts(await output(json(), ''))).toEqual([''])
  })

  test('files, whole and by line, each result with its file', async () => {
    const [one, two] = [file('one.txt', 'a\nb\n'), file('two.txt', 'c')]
    const whole = await output(json('-f', one, two))
    expect(whole.split('\n').slice(0, -1).map(parse)).toMatchObject([
      { file: one, text: 'a\nb\n' },
      { file: two, text: 'c' },
    ])
    expect(texts(await output(json('--lines', '-f', one, '-f', two, '-'), 'x'))).toEqual(['a', 'b', 'c', 'x'])
    const pretty = await output(['--model', tiny, '-f', one, two, '--threshold', '1'])
    expect(pretty).toBe(`==> ${one} <==\na\nb\n==> ${two} <==\nc\n\nno entities\n`)
  })

  test('json: one list for one text, a list of lists for many', async () => {
    expect(parse(await output(['--model', tiny, '--format', 'json', '--threshold', '1', 'a']))).toEqual([])
    expect(parse(await output(['--model', tiny, '--format', 'json', '--threshold', '1', '--lines'], 'a\nb'))).toEqual([
      [],
      [],
    ])
    expect(parse(await output(['--model', tiny, '--format', 'json', '--lines'], ''))).toEqual([])
  })

  test('--jsonl over its own output: every byte but the field stays', async () => {
    const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`
    const lines = [
      '{"n":12345678901234567890,"x":1e400,"f":1.0,"t":"Berlin","entities":[]}',
      `{ "t" : "a" , "deep":${deep}, "entities":{"entities":1} ,"n":-0.0}`,
      '{"a":1,"a":2,"t":"a","entities":null,"\\u0065ntities":[1,{}]}',
    ]
    const stdout = await output(['--model', tiny, '--jsonl', 't', '--threshold', '1'], lines.join('\n'))
    expect(stdout.split('\n')).toEqual([
      '{"n":12345678901234567890,"x":1e400,"f":1.0,"t":"Berlin","entities":[]}',
      `{ "t" : "a" , "deep":${deep}, "entities":[] ,"n":-0.0}`,
      '{"a":1,"a":2,"t":"a","entities":[],"\\u0065ntities":[]}',
      '',
    ])
  })

  test('--jsonl adds to each object and leaves the rest of it to the letter', async () => {
    const input = '{"id": 12345678901234567890, "2":1,"1":2, "t":"a"  }\n\n{"t":"","entities":7}\n'
    const stdout = await output(['--model', tiny, '--jsonl', 't', '--threshold', '1'], input)
    expect(stdout).toBe('{"id": 12345678901234567890, "2":1,"1":2, "t":"a","entities":[]}\n{"t":"","entities":[]}\n')
  })

  test.each([
    ['[1]\n', 'line 1: expected one JSON object, found a list'],
    ['{"t":"a"}\n{"t":3}\n', 'line 2: expected a text in field "t", found a number'],
    ['{"u":"a"}', 'line 1: expected a text in field "t", found no such field'],
    ['{"t":', 'line 1: expected one JSON object, found something that is no JSON'],
  ])('--jsonl t: %j is a failure of one line, after the results before it', async (input, message) => {
    const { status, stdout, stderr } = await runWith({ input }, '--model', tiny, '--jsonl', 't')
    expect({ status, lines: stdout.split('\n').length - 1 }).toEqual({
      status: 1,
      lines: input.split('\n').length > 2 ? 1 : 0,
    })
    expect(stderr).toContain(`bert-ner: standard input, ${message}`)
    expect(stderr.indexOf('\n')).toBe(stderr.length - 1)
  })

  test('conll keeps its columns whatever is in the text', async () => {
    const stdout = await output(['--model', tiny, '--format', 'conll'], 'a\u0000b \u0085 c\u00a0d\u2028e')
    for (const line of stdout.trimEnd().split('\n')) expect(line).toMatch(/^\S+ (O|[BI]-(PER|LOC))$/)
  })
})

describe('failures are one line that says what to do', () => {
  test.each([
    [['-f', 'no-such-file.txt'], 'no-such-file.txt: no such file or folder. Check the path.'],
    [['-f', '.'], '.: expected a file with text, found a folder.'],
    [['--model', 'no-such-folder', 'a'], 'a name of the hub with its owner, owner/name; there is no such folder'],
    [['--model', 'src', 'a'], 'config.json: expected a file of this name in the model'],
    [
      ['--model', tiny, '--stride', '600', 'a'],
      'stride: expected less than the 510 tokens of a window, found 600. Make it smaller.',
    ],
    [['--backend', 'naive', '--dtype', 'q8', 'a'], 'int8 arithmetic needs'],
  ])('%j', async (args, message) => {
    const { status, stdout, stderr } = await run(...args)
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
    expect(stderr).toContain(message)
    expect(stderr).toMatch(/^bert-ner: .*\n$/)
  })

  test.each([
    [['--format', 'xml', 'a'], 'pretty, json, jsonl, conll, html, redacted'],
    [['--aggregation', 'last', 'a'], 'none, simple, first, average, max'],
    [['--threshold', '2', 'a'], 'Expected a number from 0 to 1.'],
    [['--stride', '-1', 'a'], 'Expected a whole number, 0 or more.'],
    [['--lines', '--jsonl', 't'], 'cannot be used with'],
    [['--jsonl', 't', '--format', 'html'], "leave out '--format'"],
    [['-f', 'package.json', '--', 'a'], 'exclude each other'],
    [['-5 degrees in Oslo'], 'A text that begins with - comes after --'],
  ])('%j is wrong usage: exit status 2', async (args, message) => {
    const { status, stdout, stderr } = await run(...args)
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toContain(message)
    expect(stderr).toMatch(/^bert-ner: .*\.\n$/)
  })

  test('UTF-16 gets the advice that fits it', async () => {
    const { stderr } = await runWith({ input: Buffer.from('\ufeffBerlin\n', 'utf16le') }, '--model', tiny, '--lines')
    expect(stderr).toContain('standard input, line 1: expected text in UTF-8')
    expect(stderr).toContain('iconv -f utf-16 -t utf-8')
  })

  test.each(['--lines', '--jsonl=t', '--format=json'])('a text without end is refused in time: %s', async flag => {
    const child = spawn(process.execPath, ['--max-old-space-size=64', 'dist/cli.js', '--model', tiny, flag])
    let stderr = ''
    child.stderr.on('data', chunk => (stderr += String(chunk)))
    child.stdin.on('error', () => undefined)
    const ended = new Promise(resolve => child.on('close', resolve))
    const zeros = Buffer.alloc(65536)
    const more = () => {
      while (child.exitCode === null && child.stdin.writable && child.stdin.write(zeros));
    }
    child.stdin.on('drain', more)
    more()
    expect(await ended).toBe(1)
    expect(stderr).toMatch(
      /^bert-ner: standard input.*: expected a text of at most .* million characters.*--lines.*\n$/,
    )
  })

  const full = '/dev/full'
  const onLinux = existsSync(full) ? test : test.skip
  onLinux('a full disk, and a folder for standard input', () => {
    const start = (stdin: string, stdout: string) =>
      spawnSync(process.execPath, ['dist/cli.js', '--model', tiny, '--lines'], {
        stdio: [openSync(stdin, 'r'), openSync(stdout, 'w'), 'pipe'],
        encoding: 'utf8',
      })
    const text = file('text.txt', 'a\n')
    expect(start(text, full)).toMatchObject({
      status: 1,
      stderr: 'bert-ner: standard output: the disk is full. Make room and run it again.\n',
    })
    const { status, stderr } = start(folder, '/dev/null')
    expect(status).toBe(1)
    expect(stderr).toMatch(/^bert-ner: standard input: expected a file with text, found a folder\. .*\n$/)
  })

  test('input that is no UTF-8 is named with its line, after the lines before it', async () => {
    const input = Buffer.from('a\nb\n\xff\nc', 'latin1')
    const whole = await runWith({ input }, '--model', tiny)
    expect(whole.stderr).toBe(
      'bert-ner: standard input, line 3: expected text in UTF-8, found a byte that is no part of it. ' +
        'Convert it first, e.g. iconv -f latin1 -t utf-8.\n',
    )
    const lines = await runWith({ input }, '--model', tiny, '--lines', '--format', 'redacted', '--threshold', '1')
    expect(lines).toMatchObject({ status: 1, stdout: 'a\nb\n', stderr: whole.stderr })
  })
})

describe('as a filter', () => {
  const start = (...args: string[]): ChildProcessWithoutNullStreams =>
    spawn(process.execPath, ['dist/cli.js', '--model', tiny, '--threads', '1', ...args])
  const closed = (child: ChildProcessWithoutNullStreams) =>
    new Promise<{ status: number | null; signal: string | null }>(resolve =>
      child.on('close', (status, signal) => {
        resolve({ status, signal })
      }),
    )
  const firstOutput = (child: ChildProcessWithoutNullStreams) =>
    new Promise<string>(resolve => child.stdout.once('data', chunk => { resolve(String(chunk)) })) // prettier-ignore

  test('a line is answered before the next one comes', async () => {
    const child = start('--lines', '--format', 'redacted', '--threshold', '1')
    const ended = closed(child)
    for (const line of ['a\n', 'b c\n']) {
      const answer = firstOutput(child)
      child.stdin.write(line)
      expect(await answer).toBe(line)
    }
    child.stdin.end()
    expect(await ended).toEqual({ status: 0, signal: null })
  })

  describe('progress, where standard error is a terminal', () => {
    // As on a terminal: cli-progress asks no more of it than this.
    const startOnTerminal = (...args: string[]) => {
      const terminal = ['--import', 'data:text/javascript,process.stderr.isTTY=true;process.stderr.columns=80']
      const child = spawn(process.execPath, [...terminal, 'dist/cli.js', '--model', tiny, '--threads', '1', ...args], {
        env: { ...process.env, TERM: 'xterm' },
      })
      let seen = ''
      child.stderr.on('data', chunk => (seen += String(chunk)))
      child.stdin.on('error', () => undefined)
      const until = (pattern: RegExp) =>
        new Promise<void>(resolve => child.stderr.on('data', () => { if (pattern.test(seen)) resolve() })) // prettier-ignore
      return { child, ended: closed(child), until, shown: () => seen }
    }
    /** The cursor is back, the line is empty. */
    const isGone = (seen: string) =>
      seen.lastIndexOf('\u001b[?25h') > seen.lastIndexOf('\u001b[?25l') && seen.endsWith('\u001b[2K')

    test.each([
      [['-f', '-'], /0 texts \| 0\.0 texts\/s \| \d s/],
      [['--lines', '-f', file('500.txt', 'a b c\n'.repeat(500)), '-'], /500 texts \| \d+ texts\/s \| \d s/],
    ])('%j: drawn while work goes on, gone at its end', async (args, bar) => {
      const { child, ended, until, shown } = startOnTerminal(...args)
      child.stdout.resume()
      await until(bar)
      child.stdin.end('a')
      expect(await ended).toEqual({ status: 0, signal: null })
      expect(isGone(shown())).toBe(true)
    })

    test('gone too where a closed pipe ends the work', async () => {
      const { child, ended, until, shown } = startOnTerminal('--lines', '--format', 'jsonl')
      endlessly(child)
      await until(/texts\/s/)
      child.stdout.destroy()
      expect(await ended).toEqual({ status: 0, signal: null })
      expect(isGone(shown())).toBe(true)
    })
  })

  test('a reader that closed the pipe ends it in silence', async () => {
    const child = start('--lines', '--format', 'jsonl')
    const ended = closed(child)
    let stderr = ''
    child.stderr.on('data', chunk => (stderr += String(chunk)))
    child.stdin.on('error', () => undefined)
    endlessly(child)
    await firstOutput(child)
    child.stdout.destroy()
    expect({ ...(await ended), stderr }).toEqual({ status: 0, signal: null, stderr: '' })
  })

  test('an interrupt ends it by that signal, with whole lines behind it', async () => {
    const child = start('--lines', '--format', 'jsonl')
    const ended = closed(child)
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', chunk => (stdout += String(chunk)))
    child.stderr.on('data', chunk => (stderr += String(chunk)))
    child.stdin.on('error', () => undefined)
    endlessly(child)
    await firstOutput(child)
    child.kill('SIGINT')
    expect(await ended).toEqual({ status: null, signal: 'SIGINT' })
    expect(stderr).toBe('')
    expect(stdout.endsWith('\n')).toBe(true)
    for (const line of stdout.split('\n').slice(0, -1)) expect(parse(line)).toHaveProperty('entities')
  })

  test('json that is interrupted, or fails, is whole, and the exit status says so', async () => {
    const child = start('--lines', '--format', 'json')
    const ended = closed(child)
    let stdout = ''
    child.stdout.on('data', chunk => (stdout += String(chunk)))
    child.stdin.on('error', () => undefined)
    endlessly(child)
    await firstOutput(child)
    child.kill('SIGINT')
    expect(await ended).toEqual({ status: null, signal: 'SIGINT' })
    expect(parse(stdout)).toBeInstanceOf(Array)
    const failed = await runWith(
      { input: Buffer.from('a\nb\n\xff\n', 'latin1') },
      '--model',
      tiny,
      '--lines',
      '--format',
      'json',
    )
    expect(failed.status).toBe(1)
    expect(parse(failed.stdout)).toHaveLength(2)
    const none = await runWith(
      { input: Buffer.from('\xff\n', 'latin1') },
      '--model',
      tiny,
      '--lines',
      '--format',
      'json',
    )
    expect({ status: none.status, list: parse(none.stdout) }).toEqual({ status: 1, list: [] })
  })

  test('an interrupt while nothing comes in ends it at once', async () => {
    const child = start('--lines', '--format', 'redacted')
    const ended = closed(child)
    const answer = firstOutput(child)
    child.stdin.write('a\n')
    await answer
    child.kill('SIGINT')
    expect(await ended).toEqual({ status: null, signal: 'SIGINT' })
  })

  /** Writes lines as long as they are taken. */
  function endlessly(child: ChildProcessWithoutNullStreams): void {
    const lines = 'My name is Wolfgang\n'.repeat(500)
    const more = () => {
      while (child.stdin.writable && child.stdin.write(lines));
    }
    child.stdin.on('drain', more)
    more()
  }

  test('100 MB of lines go through a heap of 64 MB', async () => {
    // Most lines are blank, for the sake of time: what could pile up are lines, texts and results, and each has them.
    const blank = ' '.repeat(999)
    const block = `${`${blank}\n`.repeat(99)}My name is Wolfgang.\n`
    const blocks = Math.ceil(100e6 / block.length)
    const child = spawn(
      process.execPath,
      ['--max-old-space-size=64', 'dist/cli.js', '--model', tiny, '--threads', '1', '--lines', '--format', 'jsonl'],
      { stdio: ['pipe', 'pipe', 'inherit'] },
    )
    const ended = new Promise<number | null>(resolve => child.on('close', resolve))
    let peak = 0
    let lines = 0
    child.stdout.on('data', (chunk: Buffer) => {
      for (const byte of chunk) if (byte === 0x0a) lines++
    })
    const look = setInterval(() => (peak = Math.max(peak, residentMegabytes(child.pid))), 200)
    for (let i = 0; i < blocks; i++) {
      if (!child.stdin.write(block)) await new Promise(resolve => child.stdin.once('drain', resolve))
    }
    child.stdin.end()
    expect(await ended).toBe(0)
    clearInterval(look)
    expect(lines).toBe(blocks * 100)
    expect(peak).toBeLessThan(350)
  }, 180_000)
})

/** 0 where the system does not say. */
function residentMegabytes(pid: number | undefined): number {
  try {
    const [, kilobytes = '0'] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
    return Number(kilobytes) / 1024
  } catch {
    return 0
  }
}
