/** The figures of a run: as lines on the terminal, and kept in results.json, which the table in docs/runtimes.md is made from. */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import { join } from 'node:path'

const FILE = join(import.meta.dirname, '../results.json')
const PAGE = join(import.meta.dirname, '../../../docs/runtimes.md')
const [BEGIN, END] = ['<!-- measured -->\n', '<!-- end of measured -->']

const milliseconds = value => `${value < 20 ? value.toFixed(1) : Math.round(value).toLocaleString('en')}`
const COLUMNS = [
  ['threads', 'threads', String],
  ['cold', 'cold, ms', milliseconds],
  ['short', '17 tokens, ms', milliseconds],
  ['long', '128 tokens, ms', milliseconds],
  ['script', 'JS, kB', value => (value / 1000).toFixed(1)],
  ['memory', 'memory, MB', value => String(Math.round(value / 1e6))],
]

/** One line for each row. */
export function table(rows) {
  return rows
    .map(row => {
      const figures = COLUMNS.filter(([key]) => row[key] !== undefined).map(
        ([key, title, show]) => `${title} ${show(row[key])}`,
      )
      return `    ${[row.where, ...figures, row.note].filter(Boolean).join('; ')}`
    })
    .join('\n')
}

/** Replaces the rows of the cases that ran, the others stay, and writes the page's table. `order`: the names of all cases. */
export function keep(rows, order) {
  const date = new Date().toISOString().slice(0, 10)
  const machine = `${os.cpus().length} × ${os.cpus()[0].model.trim()}`
  const ran = new Set(rows.map(({ name }) => name))
  const before = existsSync(FILE) ? JSON.parse(readFileSync(FILE, 'utf8')).rows : []
  const kept = rows.map(({ name, where, note, ...figures }) => {
    const found = COLUMNS.filter(([key]) => figures[key] !== undefined)
    const rounded = found.map(([key]) => [key, Number(figures[key].toPrecision(4))])
    return { name, where, ...Object.fromEntries(rounded), note, date }
  })
  const all = [...before.filter(({ name }) => !ran.has(name)), ...kept]
  all.sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name))
  writeFileSync(FILE, `${JSON.stringify({ machine, rows: all }, undefined, 2)}\n`)
  const text = readFileSync(PAGE, 'utf8')
  const [from, to] = [text.indexOf(BEGIN) + BEGIN.length, text.indexOf(END)]
  writeFileSync(PAGE, `${text.slice(0, from)}\n${measured(machine, all)}\n${text.slice(to)}`)
  const prettier = join(import.meta.dirname, '../../../node_modules/prettier/bin/prettier.cjs')
  spawnSync(process.execPath, [prettier, '--log-level', 'warn', '--write', FILE, PAGE], { stdio: 'inherit' })
}

function measured(machine, rows) {
  const dates = [...new Set(rows.map(({ date }) => date))].sort()
  const head = ['runtime', 'how', ...COLUMNS.map(([, title]) => title)]
  const line = cells => `| ${cells.join(' | ')} |`
  const body = rows
    .filter(row => COLUMNS.some(([key]) => row[key] !== undefined))
    .map(row =>
      line([
        row.name,
        [row.where, row.note].filter(Boolean).join(', '),
        ...COLUMNS.map(([key, , show]) => (row[key] === undefined ? '' : show(row[key]))),
      ]),
    )
  const notes = rows
    .filter(row => !COLUMNS.some(([key]) => row[key] !== undefined))
    .map(({ name, where, note }) => `- ${[name, where, note].filter(Boolean).join(': ')}`)
  const rule = line([':--', ':--', ...COLUMNS.map(() => '--:')])
  const when = dates.length > 1 ? `${dates[0]} … ${dates.at(-1)}` : dates[0]
  return [
    `Measured on ${when}, on ${machine}.`,
    '',
    line(head),
    rule,
    ...body,
    '',
    'Run, without figures of this kind:',
    '',
    ...notes,
    '',
  ].join('\n')
}
