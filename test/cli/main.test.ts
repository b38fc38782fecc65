/** The command line as users have it: a process. */
import { spawn } from 'node:child_process'
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'
import { run } from './run.ts'

const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }

describe('bert-ner', () => {
  test('--version prints the version of the package', async () => {
    expect(await run('--version')).toEqual({ status: 0, stdout: `${version}\n`, stderr: '' })
  })

  test('--help prints the commands', async () => {
    const { status, stdout, stderr } = await run('--help')
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(stdout).toContain('Usage: bert-ner')
  })

  test('a wrong option is one line, its next step, and exit status 2', async () => {
    const { status, stdout, stderr } = await run('--no-such-option')
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toBe("bert-ner: unknown option '--no-such-option'. Run 'bert-ner --help' for what it takes.\n")
  })

  test('help of a command, and of one that is not there', async () => {
    expect((await run('help', 'inspect')).stdout).toContain('Usage: bert-ner inspect')
    const { status, stdout, stderr } = await run('help', 'inspct')
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toBe("bert-ner: unknown command 'inspct'. Run 'bert-ner --help' for what it takes.\n")
  })

  const canFill = existsSync('/dev/full')
  ;(canFill ? test : test.skip)(`a full disk is one line${canFill ? '' : ' (not run: no /dev/full)'}`, async () => {
    const full = openSync('/dev/full', 'w')
    const child = spawn(process.execPath, ['dist/cli.js', 'inspect', 'weights'], { stdio: ['ignore', full, 'pipe'] })
    let stderr = ''
    child.stderr?.on('data', chunk => (stderr += String(chunk)))
    const status = await new Promise(resolve => child.on('close', resolve))
    closeSync(full)
    expect(status).toBe(1)
    expect(stderr).toMatch(/^bert-ner: standard output: the disk is full\. [^\n]+\n$/)
  })

  test('a reader that closed the pipe is no failure', async () => {
    const child = spawn(process.execPath, ['dist/cli.js', '--help'], { stdio: ['ignore', 'pipe', 'pipe'] })
    child.stdout.destroy()
    let stderr = ''
    child.stderr.on('data', chunk => (stderr += String(chunk)))
    const status = await new Promise(resolve => child.on('close', resolve))
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  })
})
