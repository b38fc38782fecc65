/** The figures of a run: as lines on the terminal, and kept in results.json, which docs/runtimes.md is made from. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import { join } from 'node:path'

export const file = join(import.meta.dirname, '../results.json')

const COLUMNS = [
  ['threads', value => String(value)],
  ['cold', value => `${Math.round(value)} ms`],
  ['short', value => `${value < 100 ? value.toFixed(1) : Math.round(value)} ms`],
  ['long', value => `${Math.round(value)} ms`],
  ['script', value => `${(value / 1000).toFixed(1)} kB`],
  ['memory', value => `${Math.round(value / 1e6)} MB`],
]

/** One line for each row. */
export function table(rows) {
  return rows
    .map(row => {
      const figures = COLUMNS.filter(([key]) => row[key] !== undefined).map(([key, show]) => `${key} ${show(row[key])}`)
      return `    ${[row.where, ...figures, row.note].filter(Boolean).join(', ')}`
    })
    .join('\n')
}

/** Replaces the rows of the cases that ran; the others stay. */
export function keep(rows) {
  const ran = new Set(rows.map(({ name }) => name))
  const before = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).rows : []
  const kept = rows.map(({ name, where, backend, device, dtype, note, ...figures }) => ({
    name,
    where,
    backend,
    device,
    dtype,
    note,
    ...Object.fromEntries(COLUMNS.map(([key]) => [key, figures[key] && Number(figures[key].toPrecision(4))])),
  }))
  const all = [...before.filter(({ name }) => !ran.has(name)), ...kept]
  const machine = `${os.cpus().length} × ${os.cpus()[0].model.trim()}`
  const date = new Date().toISOString().slice(0, 10)
  writeFileSync(file, `${JSON.stringify({ machine, date, rows: all }, undefined, 2)}\n`)
}
